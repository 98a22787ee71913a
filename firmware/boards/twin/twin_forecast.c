#include <string.h>

#include "forecast.h"
#include "model.h"
#include "model_size.h"
#include "twin.h"

uint32_t twin_forecast(const int32_t *rows, uint32_t count, int32_t *forecasts) {
  static window_t window;
  int32_t forecast[MODEL_CLASSES];
  uint32_t found = 0;
  window_reset(&window);
  MODEL.reset();
  for (uint32_t i = 0; i < count; i++) {
    if (!forecast_push(&window, rows + (size_t)i * MODEL_CHANNELS, forecast)) continue;
    memcpy(forecasts + (size_t)found++ * MODEL_CLASSES, forecast, sizeof forecast);
  }
  return found;
}
