#include <string.h>

#include "app_state.h"
#include "board.h"
#include "model.h"
#include "readings.h"
#include "version.h"

#define PULL_LINES 16u /* of one answer */

static const char *task_name(void) {
  static const char *const names[] = {[MODEL_GESTURE] = "gesture",
                                      [MODEL_SENTIMENT] = "sentiment",
                                      [MODEL_GENERATION] = "generation",
                                      [MODEL_FORECAST] = "forecast"};
  return MODEL.classes == 0 ? "none" : names[MODEL.task];
}

/* In two pieces: together they are longer than a line. */
static void answer_info(app_t *app) {
  line_t *line = &app->line;
  line_start(line, "ok");
  line_field_text(line, " board=", board.name);
  line_field_text(line, " imu=", board.imu);
  line_field_text(line, " environment=", board.environment);
  line_field_text(line, " revision=", board.revision);
  line_field_text(line, " firmware=", FIRMWARE_VERSION);
  line_field_text(line, " contract=", MODEL.contract_hash);
  line_field_text(line, " task=", task_name());
  app_write(app, line->text, line->length);
  line_start(line, "");
  line_field_thousandths(line, " rate_hz=", MODEL.rate_mhz);
  line_field_thousandths(line, " stream_hz=", app_stream_mhz());
  line_field_thousandths(line, " measured_hz=", app->model_lock.rate.rate_mhz);
  line_field_thousandths(line, " nominal_hz=", board.sensor_mhz);
  line_field_thousandths(line, " sensor_hz=", app->stream_lock.rate.rate_mhz);
  line_field_text(line, " pace=", rate_state_name(app->model_lock.state));
  line_field_number(line, " window=", MODEL.window);
  line_field_number(line, " hop=", MODEL.hop);
  line_field_number(line, " channels=", MODEL.channels);
  line_field_number(line, " classes=", MODEL.classes);
  line_field_number(line, " tick_hz=", board.tick_hz);
  line_field_number(line, " overruns=", board.overruns());
  line_field_number(line, " dropped=", app->dropped);
  line_field_number(line, " stack_unused=", board.stack_unused());
  app_send(app);
}

/* In pieces: the labels of a model may be longer than a line. */
static void answer_labels(app_t *app) {
  const int labels = MODEL.labels == NULL ? 0 : MODEL.classes;
  app_write(app, "ok", 2);
  for (int c = 0; c < labels; c++) {
    app_write(app, " ", 1);
    app_write(app, MODEL.labels[c], strlen(MODEL.labels[c]));
  }
  line_start(&app->line, "");
  app_send(app);
}

static void answer_switch(app_t *app, const command_t *command) {
  const bool was_recognising = app->classifying || app->scoring;
  if (command->kind == COMMAND_STREAM) app->streaming = command->on;
  if (command->kind == COMMAND_CLASSIFY) app->classifying = command->on;
  if (command->kind == COMMAND_SCORES) app->scoring = command->on;
  /* Samples from before a pause must not share a window with those after it. */
  if (!was_recognising && (app->classifying || app->scoring)) recognizer_reset(&app->recognizer);
  app_say(app, "ok");
  const bool wants_calls = command->on && command->kind != COMMAND_STREAM;
  if (wants_calls && app->model_lock.state == RATE_OFF) app_tell_rate_off(app);
}

/* A piece at a time: the host asks for the next, so that sampling and other work go on. */
static void answer_pull(app_t *app, const command_t *command) {
  uint32_t seq = command->number;
  uint32_t lines = 0;
  sample_t sample;
  while (lines < PULL_LINES && history_find(&app->history, seq, &sample)) {
    line_sample(&app->line, "past ", &sample);
    app_write(app, app->line.text, app->line.length);
    seq = sample.seq + 1;
    lines++;
    if (seq == 0) break;
  }
  line_start(&app->line, "ok");
  line_field_number(&app->line, " lines=", lines);
  app_send(app);
}

static void answer_inject(app_t *app, const command_t *command) {
  app_inject(app, command->number);
  app_say(app, "ok");
}

static uint64_t little_endian(const uint8_t *bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static void answer_sample(app_t *app, const command_t *command) {
  if (app->injected_mhz == 0) {
    app_say(app, "err not-injecting");
    return;
  }
  for (int at = 0; at < command->byte_count; at += COMMAND_SAMPLE_BYTES) {
    const uint8_t *bytes = command->bytes + at;
    sample_t sample = {.seq = app->injected++, .t_us = little_endian(bytes, 8)};
    for (int c = 0; c < SAMPLE_CHANNELS; c++) {
      sample.value[c] = (int32_t)little_endian(bytes + 8 + 4 * c, 4);
    }
    app_breathe();
    app_take(app, &sample);
  }
  app_say(app, "ok");
}

static void answer_observe(app_t *app, const command_t *command) {
  if (command->value_count != MODEL_CHANNELS) {
    app_say(app, "err bad-argument");
    return;
  }
  readings_give_way(app);
  app_observe(app, board.now_us(), command->values);
  line_start(&app->line, "ok");
  line_field_number(&app->line, " rows=", app->recognizer.window.seen);
  app_send(app);
}

static void answer_environment(app_t *app, const command_t *command) {
  if (!readings_every(app, command->number)) {
    app_say(app, "err no-sensor");
    return;
  }
  line_start(&app->line, "ok");
  line_field_number(&app->line, " period_ms=", app->readings.period_ms);
  app_send(app);
}

static void answer_reboot(app_t *app) {
  app_say(app, "ok");
  board.reboot();
}

static bool needs_model(const command_t *command) {
  switch (command->kind) {
    case COMMAND_CLASSIFY:
    case COMMAND_SCORES:
      return command->on;
    case COMMAND_LOAD:
    case COMMAND_INVOKE:
    case COMMAND_BENCH:
    case COMMAND_PROFILE:
    case COMMAND_SELFTEST:
    case COMMAND_TEXT:
    case COMMAND_MORE:
    case COMMAND_GENERATE:
    case COMMAND_OBSERVE:
      return true;
    default:
      return false;
  }
}

/* Whether the model's task, where the command needs one, is the command's. */
static bool suits_task(const command_t *command) {
  switch (command->kind) {
    case COMMAND_CLASSIFY:
    case COMMAND_SCORES:
      return !command->on || MODEL.task == MODEL_GESTURE;
    case COMMAND_TEXT:
    case COMMAND_MORE:
      return MODEL.task == MODEL_SENTIMENT;
    case COMMAND_GENERATE:
      return MODEL.task == MODEL_GENERATION;
    case COMMAND_OBSERVE:
      return MODEL.task == MODEL_FORECAST;
    default:
      return true;
  }
}

static void carry_out(app_t *app, const command_t *command) {
  switch (command->kind) {
    case COMMAND_INFO:
      answer_info(app);
      break;
    case COMMAND_LABELS:
      answer_labels(app);
      break;
    case COMMAND_STREAM:
    case COMMAND_CLASSIFY:
    case COMMAND_SCORES:
      answer_switch(app, command);
      break;
    case COMMAND_LOAD:
    case COMMAND_INVOKE:
    case COMMAND_BENCH:
    case COMMAND_PROFILE:
    case COMMAND_SELFTEST:
    case COMMAND_IMAGE:
      app_answer_proof(app, command);
      break;
    case COMMAND_PULL:
      answer_pull(app, command);
      break;
    case COMMAND_INJECT:
      answer_inject(app, command);
      break;
    case COMMAND_SAMPLE:
      answer_sample(app, command);
      break;
    case COMMAND_ENVIRONMENT:
      answer_environment(app, command);
      break;
    case COMMAND_REBOOT:
      answer_reboot(app);
      break;
    case COMMAND_TEXT:
    case COMMAND_MORE:
    case COMMAND_GENERATE:
      app_answer_text(app, command);
      break;
    case COMMAND_OBSERVE:
      answer_observe(app, command);
      break;
    case COMMAND_UNKNOWN:
      app_say(app, "err unknown-command");
      break;
    case COMMAND_BAD_ARGUMENT:
      app_say(app, "err bad-argument");
      break;
    case COMMAND_OUT_OF_RANGE:
      app_say(app, "err out-of-range");
      break;
    case COMMAND_LINE_TOO_LONG:
      app_say(app, "err line-too-long");
      break;
  }
}

void app_answer(app_t *app, const command_t *command) {
  if (MODEL.classes == 0 && needs_model(command)) {
    app_say(app, "err no-model");
  } else if (!suits_task(command)) {
    app_say(app, "err wrong-task");
  } else {
    carry_out(app, command);
  }
}
