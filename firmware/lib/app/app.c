#include "app.h"

#include <string.h>

#include "app_state.h"
#include "board.h"
#include "model.h"
#include "readings.h"
#include "ring.h"
#include "version.h"

/* Limits of one poll, so that neither commands nor a backlog of samples can starve the other. */
#define BYTES_A_POLL 256
#define SAMPLES_A_POLL 16
#define TOLD_EVERY_US 1000000u /* of what may befall every sample */
/* Twice as far as any sensor of this kind measures. */
#define MOST_MILLI_G 32000
#define MOST_MILLI_DPS 4000000
#define ROTATION 3 /* the first channel of it */

/* Apart from the rest, so that the map of an image says what they take. */
static ring_t ring; /* between the sensor and the rest */
static history_t history;
static app_t app;

void app_write(app_t *state, const char *text, size_t length) {
  const bool was_sent = board.write(text, length);
  if (!was_sent && length > 0 && text[length - 1] == '\n') state->dropped++;
}

void app_send(app_t *state) {
  line_end(&state->line);
  app_write(state, state->line.text, state->line.length);
}

void app_say(app_t *state, const char *text) {
  line_start(&state->line, text);
  app_send(state);
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

void app_tell_rate_off(app_t *state) {
  line_start(&state->line, "warn rate-off measured_hz=");
  line_thousandths(&state->line, state->model_lock.sensor_millihz);
  line_text(&state->line, " wanted_hz=");
  line_thousandths(&state->line, state->model_lock.wanted_millihz);
  app_send(state);
}

uint32_t app_stream_millihz(void) {
  if (app.injected_millihz != 0) return app.injected_millihz;
  return board.stream_millihz != 0 ? board.stream_millihz : board.sensor_millihz;
}

/* The window of other models holds something else. */
static void forget_samples(void) {
  if (MODEL_SAMPLED) recognizer_reset(&app.recognizer);
}

/* The rate of the stream has just been settled: what was measured of it before says nothing. */
static void begin_model_lock(void) {
  const bool off = app.stream_lock.state == RATE_OFF;
  const uint32_t rate_millihz = off ? app.stream_lock.sensor_millihz : app_stream_millihz();
  rate_lock_begin(&app.model_lock, rate_millihz, MODEL.rate_millihz);
  forget_samples();
  if (app.model_lock.state == RATE_OFF) app_tell_rate_off(&app);
}

static void begin_rates(void) {
  app.sensor_millihz = board.sensor_millihz;
  const bool injecting = app.injected_millihz != 0;
  rate_lock_begin(&app.stream_lock, injecting ? app.injected_millihz : board.sensor_millihz,
                  injecting ? 0 : board.stream_millihz);
  begin_model_lock();
}

void app_inject(app_t *state, uint32_t rate_millihz) {
  state->injected_millihz = rate_millihz;
  state->injected = 0;
  memset(state->history, 0, sizeof *state->history);
  begin_rates();
}

void app_begin(void) {
  memset(&app, 0, sizeof app);
  memset(&ring, 0, sizeof ring);
  memset(&history, 0, sizeof history);
  app.history = &history;
  app_begin_text();
  app_begin_drawing();
  app.classifying = MODEL.classes > 0 && MODEL_TASK == MODEL_GESTURE;
  const bool has_sensor = board.begin();
  app_begin_enrolment(&app);
  send_banner();
  if (board.restart_fault() != NULL) {
    line_start(&app.line, "warn fault ");
    line_text(&app.line, board.restart_fault());
    app_send(&app);
  }
  if (!has_sensor) send_warning("no-sensor");
  recognizer_reset(&app.recognizer);
  begin_rates();
  readings_begin(&app);
}

/* One at a time: each may take as long as an inference. */
static bool read_command(void) {
  command_t command;
  for (int i = 0; i < BYTES_A_POLL; i++) {
    const int byte = board.read_byte();
    if (byte < 0) return i > 0;
    if (!command_reader_push(&app.reader, (uint8_t)byte, &command)) continue;
    app_answer(&app, &command);
    return true;
  }
  return true;
}

static void send_scores(const sample_t *sample, const recognition_t *result) {
  line_start(&app.line, "score ");
  line_number(&app.line, sample->t_us);
  line_text(&app.line, " ");
  line_hex(&app.line, result->scores, MODEL_CLASSES);
  app_send(&app);
}

static void send_event(const sample_t *sample, const recognition_t *result) {
  line_start(&app.line, "event ");
  line_number(&app.line, sample->t_us);
  line_text(&app.line, " ");
  line_text(&app.line, app_label(&app, result->event.class_index));
  line_text(&app.line, " ");
  line_thousandths(&app.line, decision_score_thousandths(result->policy, result->event.sum));
  app_send(&app);
}

static void tell_hole(const sample_t *sample) {
  const uint64_t now_us = board.now_us();
  if (app.hole_told && now_us - app.hole_told_us < TOLD_EVERY_US) return;
  line_start(&app.line, "warn hole seq=");
  line_number(&app.line, sample->seq);
  app_send(&app);
  app.hole_told = true;
  app.hole_told_us = now_us;
}

static void recognise(const sample_t *sample) {
  const recognition_t result = recognizer_push(&app.recognizer, sample->value, sample->t_us);
  if (result.is_after_hole) tell_hole(sample);
  if (app.scoring && result.has_scores) send_scores(sample, &result);
  if (app.classifying && result.has_event) send_event(sample, &result);
  app_learn(&app, &result);
}

static bool is_listening(void) {
  return MODEL_TASK == MODEL_CAPTION || app.classifying || app.scoring || app_is_learning(&app);
}

/* Samples of two rates must not share a window, and none is classified at a wrong one. */
static void hold_rate(const sample_t *sample) {
  if (rate_lock_push(&app.model_lock, sample)) {
    forget_samples();
    if (app.model_lock.state == RATE_OFF) app_tell_rate_off(&app);
  }
  const bool right = app.model_lock.state != RATE_OFF;
  sample_t paced;
  while (rate_lock_pop(&app.model_lock, &paced)) {
    if (right && is_listening()) recognise(&paced);
  }
}

static void tell_overruns(uint32_t seq) {
  const uint64_t now_us = board.now_us();
  if (app.overruns_told != 0 && now_us - app.overrun_told_us < TOLD_EVERY_US) return;
  line_start(&app.line, "warn overrun lost=");
  line_number(&app.line, app.overruns - app.overruns_told);
  line_text(&app.line, " seq=");
  line_number(&app.line, seq);
  app_send(&app);
  app.overruns_told = app.overruns;
  app.overrun_told_us = now_us;
}

static bool is_possible(const sample_t *reading) {
  for (int c = 0; c < SAMPLE_CHANNELS; c++) {
    const int32_t most = c < ROTATION ? MOST_MILLI_G : MOST_MILLI_DPS;
    if (reading->value[c] > most || reading->value[c] < -most) return false;
  }
  return true;
}

/* It is passed on as it came: the host refuses it too, and a lost one would be a gap. */
static void tell_bad_sample(const sample_t *reading) {
  const uint64_t now_us = board.now_us();
  if (app.bad_told && now_us - app.bad_told_us < TOLD_EVERY_US) return;
  line_start(&app.line, "warn bad-sample seq=");
  line_number(&app.line, reading->seq);
  app_send(&app);
  app.bad_told = true;
  app.bad_told_us = now_us;
}

/* What is asked for afterwards is a stretch without holes, as a window is. */
static void keep(const sample_t *sample) {
  const bool has_last = history.count > 0;
  if (has_last && !recognizer_may_join(app.kept_t_us, sample->t_us))
    memset(&history, 0, sizeof history);
  app.kept_t_us = sample->t_us;
  history_push(&history, sample);
}

static void take_sample(const sample_t *sample) {
  keep(sample);
  if (app.streaming) {
    line_sample(&app.line, "", sample);
    app_write(&app, app.line.text, app.line.length);
  }
  hold_rate(sample);
}

void app_take(app_t *state, const sample_t *reading) {
  if (!is_possible(reading)) tell_bad_sample(reading);
  if (rate_lock_push(&state->stream_lock, reading)) begin_model_lock();
  const bool is_sensors = state->injected_millihz == 0;
  const bool is_past = is_sensors && (int32_t)(reading->seq - state->overrun_seq) >= 0;
  sample_t sample;
  while (rate_lock_pop(&state->stream_lock, &sample)) {
    if (state->overruns != state->overruns_told && is_past) tell_overruns(sample.seq);
    take_sample(&sample);
  }
}

static void take_reading(const sample_t *reading) {
  app.samples++;
  app.stopped = false;
  if (app.injected_millihz == 0) app_take(&app, reading);
}

static void tell_sensor_stopped(void) {
  if (app.stopped) return;
  app.stopped = true;
  line_start(&app.line, "warn sensor-stopped samples=");
  line_number(&app.line, app.samples);
  app_send(&app);
}

static void read_sensor(void) {
  sample_t sample;
  while (!ring_is_full(&ring)) {
    app.sensor = board.read_sample(&sample);
    const bool is_new = board.sensor_millihz != app.sensor_millihz; /* found just now */
    if (is_new && app.injected_millihz == 0) begin_rates();
    if (app.sensor != SAMPLE_READY) return;
    const uint32_t overruns = board.overruns();
    if (overruns != app.overruns) app.overrun_seq = sample.seq;
    app.overruns = overruns;
    ring_push(&ring, &sample);
  }
}

void app_breathe(void) {
  board.feed_watchdog();
  read_sensor();
}

static bool take_samples(void) {
  sample_t sample;
  for (int i = 0; i < SAMPLES_A_POLL; i++) {
    if (!ring_pop(&ring, &sample)) {
      if (app.sensor == SAMPLE_STOPPED) tell_sensor_stopped();
      return i > 0;
    }
    take_reading(&sample);
    read_sensor();
  }
  return true;
}

/* A token or a move at a time, so that samples are taken between them. */
static bool do_commands(void) {
  if (app_is_writing()) {
    app_write_on(&app);
  } else if (app_is_drawing()) {
    app_draw_on(&app);
  } else {
    return read_command();
  }
  return true;
}

void app_poll(void) {
  app_breathe();
  const bool had_bytes = do_commands();
  const bool had_samples = take_samples();
  readings_poll(&app);
  if (!had_bytes && !had_samples) board.idle();
}
