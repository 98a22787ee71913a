#include "app.h"

#include "app_state.h"
#include "board.h"
#include "model.h"
#include "version.h"

/* Limits of one poll, so that neither commands nor a backlog of samples can starve the other. */
#define BYTES_A_POLL 256
#define SAMPLES_A_POLL 16
#define OVERRUN_TOLD_EVERY_US 1000000u

static app_t app;

void app_send(app_t *state) {
  line_end(&state->line);
  board.write(state->line.text, state->line.length);
}

static void send_banner(void) {
  line_start(&app.line, "hello board=");
  line_text(&app.line, board.name);
  line_text(&app.line, " firmware=" FIRMWARE_VERSION " contract=");
  line_text(&app.line, MODEL.contract_hash);
  app_send(&app);
}

static void send_warning(const char *text) {
  line_start(&app.line, "warn ");
  line_text(&app.line, text);
  app_send(&app);
}

void app_begin(void) {
  app = (app_t){.classifying = MODEL.classes > 0};
  recognizer_reset(&app.recognizer);
  const bool has_sensor = board.begin();
  send_banner();
  if (board.restart_fault() != NULL) {
    line_start(&app.line, "warn fault ");
    line_text(&app.line, board.restart_fault());
    app_send(&app);
  }
  if (!has_sensor) send_warning("no-sensor");
}

static bool read_commands(void) {
  command_t command;
  for (int i = 0; i < BYTES_A_POLL; i++) {
    const int byte = board.read_byte();
    if (byte < 0) return i > 0;
    if (command_reader_push(&app.reader, (uint8_t)byte, &command)) app_answer(&app, &command);
  }
  return true;
}

static void send_scores(const sample_t *sample, const recognition_t *result) {
  line_start(&app.line, "score ");
  line_number(&app.line, sample->t_us);
  line_text(&app.line, " ");
  line_hex(&app.line, result->scores, sizeof result->scores);
  app_send(&app);
}

static void send_event(const sample_t *sample, const decision_event_t *event) {
  line_start(&app.line, "event ");
  line_number(&app.line, sample->t_us);
  line_text(&app.line, " ");
  line_text(&app.line, MODEL.labels[event->class_index]);
  line_text(&app.line, " ");
  line_thousandths(&app.line, decision_score_thousandths(&MODEL.policy, event->sum));
  app_send(&app);
}

static void take_sample(const sample_t *sample) {
  app.samples++;
  app.stopped = false;
  rate_push(&app.rate, sample);
  if (app.streaming) {
    line_sample(&app.line, sample);
    board.write(app.line.text, app.line.length);
  }
  if (!app.classifying && !app.scoring) return;
  const recognition_t result = recognizer_push(&app.recognizer, sample->value, sample->t_us);
  if (app.scoring && result.has_scores) send_scores(sample, &result);
  if (app.classifying && result.has_event) send_event(sample, &result.event);
}

static void tell_sensor_stopped(void) {
  if (app.stopped) return;
  app.stopped = true;
  line_start(&app.line, "warn sensor-stopped samples=");
  line_number(&app.line, app.samples);
  app_send(&app);
}

static bool read_samples(void) {
  sample_t sample;
  for (int i = 0; i < SAMPLES_A_POLL; i++) {
    const sample_status_t status = board.read_sample(&sample);
    if (status == SAMPLE_STOPPED) tell_sensor_stopped();
    if (status != SAMPLE_READY) return i > 0;
    take_sample(&sample);
  }
  return true;
}

static void tell_overruns(void) {
  const uint32_t overruns = board.overruns();
  if (overruns == app.overruns) return;
  const uint64_t now_us = board.now_us();
  if (app.overruns != 0 && now_us - app.overrun_told_us < OVERRUN_TOLD_EVERY_US) return;
  line_start(&app.line, "warn overrun lost=");
  line_number(&app.line, overruns - app.overruns);
  app_send(&app);
  app.overruns = overruns;
  app.overrun_told_us = now_us;
}

void app_poll(void) {
  board.feed_watchdog();
  const bool had_bytes = read_commands();
  const bool had_samples = read_samples();
  tell_overruns();
  if (!had_bytes && !had_samples) board.idle();
}
