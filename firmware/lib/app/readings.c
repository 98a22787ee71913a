#include "readings.h"

#include "board.h"
#include "model.h"

#define US_A_MS 1000u
#define SEARCH_EVERY_US 1000000u
#define HOST_PERIODS 2u   /* without a row from the host, and its own readings count again */
#define PERIOD_SHARE 100u /* one in so many a period may be off, and be the model's */

/* The model's, where it forecasts from readings; else 0. */
static uint32_t own_period_ms(void) {
  return MODEL_TASK == MODEL_FORECAST ? MODEL.forecast->period_ms : 0;
}

/* What the host, or another period, gives the model next is no row after these. */
static void forget_rows(app_t *app) {
  if (app->readings.are_rows) recognizer_reset(&app->recognizer);
  app->readings.are_rows = false;
}

void readings_begin(app_t *app) {
  const bool are_wanted = own_period_ms() > 0;
  app->readings.searching = are_wanted && !readings_every(app, 0);
  app->readings.search_us = board.now_us() + SEARCH_EVERY_US;
}

bool readings_every(app_t *app, uint32_t period_ms) {
  if (!board.find_environment()) return false;
  if (period_ms == 0) period_ms = own_period_ms();
  if (period_ms == app->readings.period_ms) return true;
  forget_rows(app);
  app->readings = (readings_t){.period_ms = period_ms, .start_us = board.now_us()};
  return true;
}

/* Periods that went by while the board was at something else are left out, and show in seq. */
static void measure_when_due(readings_t *readings) {
  const uint64_t period_us = (uint64_t)readings->period_ms * US_A_MS;
  const uint64_t since_us = board.now_us() - readings->start_us;
  if (since_us < readings->next_seq * period_us) return;
  readings->seq = (uint32_t)(since_us / period_us);
  readings->next_seq = readings->seq + 1;
  readings->measuring = true;
  board.measure();
}

static void tell_no_reading(app_t *app) {
  if (app->readings.failing) return;
  app->readings.failing = true;
  line_start(&app->line, "warn no-reading seq=");
  line_number(&app->line, app->readings.seq);
  app_send(app);
}

static void tell_ended(app_t *app) {
  line_start(&app->line, "warn environment-ended readings=");
  line_number(&app->line, app->readings.seq);
  app_send(app);
  forget_rows(app);
  app->readings = (readings_t){0};
}

static bool is_own_period(uint32_t period_ms) {
  const uint32_t own_ms = own_period_ms();
  const uint32_t off_ms = period_ms > own_ms ? period_ms - own_ms : own_ms - period_ms;
  return own_ms > 0 && off_ms <= own_ms / PERIOD_SHARE;
}

void readings_give_way(app_t *app) {
  forget_rows(app);
  app->observed_us = board.now_us();
}

static bool host_observes(const app_t *app) {
  const uint64_t period_us = (uint64_t)app->readings.period_ms * US_A_MS;
  return app->observed_us != 0 && board.now_us() - app->observed_us < HOST_PERIODS * period_us;
}

/* Rows of a window are a period apart. After a missing row the window is empty again. */
static void give_row(app_t *app, const reading_t *reading) {
  readings_t *readings = &app->readings;
  if (!is_own_period(readings->period_ms) || host_observes(app)) return;
  if (!readings->are_rows || reading->seq != readings->row_seq + 1) {
    recognizer_reset(&app->recognizer);
  }
  int32_t row[MODEL_CHANNELS];
  for (int c = 0; c < MODEL_CHANNELS; c++) row[c] = reading->value[MODEL.forecast->readings[c]];
  readings->are_rows = true;
  readings->row_seq = reading->seq;
  app_observe(app, reading->t_us, row);
}

static void take_reading(app_t *app, reading_t *reading) {
  reading->seq = app->readings.seq;
  app->readings.failing = false;
  line_reading(&app->line, reading);
  app_write(app, app->line.text, app->line.length);
  give_row(app, reading);
}

void readings_poll(app_t *app) {
  readings_t *readings = &app->readings;
  if (readings->searching && board.now_us() >= readings->search_us) readings_begin(app);
  if (readings->period_ms == 0) return;
  if (!readings->measuring) measure_when_due(readings);
  if (!readings->measuring) return;
  reading_t reading;
  const reading_status_t status = board.read_environment(&reading);
  readings->measuring = status == READING_NONE;
  if (status == READING_READY) take_reading(app, &reading);
  if (status == READING_FAILED) tell_no_reading(app);
  if (status == READING_ENDED) tell_ended(app);
}
