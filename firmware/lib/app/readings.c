#include "readings.h"

#include <string.h>

#include "board.h"

#define US_A_MS 1000u

bool readings_every(app_t *app, uint32_t period_ms) {
  if (strcmp(board.environment, "none") == 0) return false;
  if (period_ms == app->readings.period_ms) return true;
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
  app->readings = (readings_t){0};
}

static void take_reading(app_t *app, reading_t *reading) {
  reading->seq = app->readings.seq;
  app->readings.failing = false;
  line_reading(&app->line, reading);
  app_write(app, app->line.text, app->line.length);
}

void readings_poll(app_t *app) {
  readings_t *readings = &app->readings;
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
