#include "app_state.h"
#include "forecast.h"
#include "model.h"

void app_observe(app_t *app, uint64_t t_us, const int32_t *row) {
  if (MODEL_TASK != MODEL_FORECAST) return;
  int32_t forecast[MODEL_CLASSES];
  if (!forecast_push(&app->recognizer.window, row, forecast)) return;
  line_start(&app->line, "forecast ");
  line_number(&app->line, t_us);
  for (int i = 0; i < MODEL_CLASSES; i++) {
    line_text(&app->line, " ");
    line_thousandths(&app->line, forecast[i]);
  }
  app_send(app);
}
