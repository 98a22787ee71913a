#include "forecast.h"

#include "model.h"

static int32_t saturated(int64_t value) {
  if (value < INT32_MIN) return INT32_MIN;
  if (value > INT32_MAX) return INT32_MAX;
  return (int32_t)value;
}

static int32_t ahead(const model_horizon_t *horizon, int8_t output, int32_t last) {
  const int64_t scaled = (int64_t)output * horizon->change.multiplier + horizon->change.offset;
  return saturated(last + (scaled >> MODEL.forecast->shift));
}

bool forecast_push(window_t *window, const int32_t *row, int32_t *forecast) {
  if (!window_push(window, MODEL.scales, MODEL.shift, row)) return false;
  int8_t output[MODEL_CLASSES];
  MODEL.invoke(window->input, output);
  if (window->seen < MODEL_WINDOW) return false;
  for (int i = 0; i < MODEL_CLASSES; i++) {
    const model_horizon_t *horizon = &MODEL.forecast->horizons[i];
    forecast[i] = ahead(horizon, output[i], row[horizon->channel]);
  }
  return true;
}
