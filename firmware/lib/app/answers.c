#include <string.h>

#include "app_state.h"
#include "board.h"
#include "crc.h"
#include "model.h"
#include "profile.h"
#include "readings.h"
#include "selftest.h"
#include "version.h"

#define PULL_LINES 16u /* of one answer */
#define HEX_PIECE_BYTES 64u
#define IMAGE_PIECE_BYTES 64u
#define IMAGE_BREATH_BYTES 4096u /* a few ms of work */

static void answer(app_t *app, const char *text) {
  line_start(&app->line, text);
  app_send(app);
}

static void field_text(line_t *line, const char *name, const char *value) {
  line_text(line, name);
  line_text(line, value);
}

static void field_number(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_number(line, value);
}

static void field_thousandths(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_thousandths(line, value);
}

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
  field_text(line, " board=", board.name);
  field_text(line, " imu=", board.imu);
  field_text(line, " environment=", board.environment);
  field_text(line, " revision=", board.revision);
  field_text(line, " firmware=", FIRMWARE_VERSION);
  field_text(line, " contract=", MODEL.contract_hash);
  field_text(line, " task=", task_name());
  app_write(app, line->text, line->length);
  line_start(line, "");
  field_thousandths(line, " rate_hz=", MODEL.rate_mhz);
  field_thousandths(line, " stream_hz=", app_stream_mhz());
  field_thousandths(line, " measured_hz=", app->model_lock.rate.rate_mhz);
  field_thousandths(line, " nominal_hz=", board.sensor_mhz);
  field_thousandths(line, " sensor_hz=", app->stream_lock.rate.rate_mhz);
  field_text(line, " pace=", rate_state_name(app->model_lock.state));
  field_number(line, " window=", MODEL.window);
  field_number(line, " hop=", MODEL.hop);
  field_number(line, " channels=", MODEL.channels);
  field_number(line, " classes=", MODEL.classes);
  field_number(line, " tick_hz=", board.tick_hz);
  field_number(line, " overruns=", board.overruns());
  field_number(line, " dropped=", app->dropped);
  field_number(line, " stack_unused=", board.stack_unused());
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

static void answer_load(app_t *app, const command_t *command) {
  if (command->number > APP_INPUT_BYTES ||
      command->byte_count > APP_INPUT_BYTES - command->number) {
    answer(app, "err out-of-range");
    return;
  }
  memcpy(app->test_input + command->number, command->bytes, command->byte_count);
  answer(app, "ok");
}

/* The network's state is no longer that of the samples. */
static void forget_samples(app_t *app) { recognizer_reset(&app->recognizer); }

/* In pieces: the outputs of a model that writes may be longer than a line. */
static void answer_invoke(app_t *app) {
  int8_t output[MODEL_CLASSES];
  model_run(app->test_input, output);
  forget_samples(app);
  app_write(app, "ok ", 3);
  for (size_t at = 0; at < sizeof output; at += HEX_PIECE_BYTES) {
    const size_t left = sizeof output - at;
    line_start(&app->line, "");
    line_hex(&app->line, output + at, left < HEX_PIECE_BYTES ? left : HEX_PIECE_BYTES);
    app_write(app, app->line.text, app->line.length);
  }
  line_start(&app->line, "");
  app_send(app);
}

static void answer_bench(app_t *app, const command_t *command) {
  int8_t output[MODEL_CLASSES];
  uint32_t ticks = 0;
  for (uint32_t run = 0; run < command->number; run++) {
    app_breathe();
    const uint32_t start = board.ticks();
    MODEL.invoke(app->test_input, output);
    ticks += board.ticks() - start;
  }
  forget_samples(app);
  line_start(&app->line, "ok");
  field_number(&app->line, " runs=", command->number);
  field_number(&app->line, " ticks=", ticks);
  app_send(app);
}

static void send_layer(app_t *app, int32_t layer) {
  line_start(&app->line, "layer ");
  line_number(&app->line, (uint32_t)layer);
  field_number(&app->line, " ticks=", profile_ticks(layer));
  app_send(app);
}

static void answer_profile(app_t *app) {
  int8_t output[MODEL_CLASSES];
  if (PROFILE_LAYERS == 0) {
    answer(app, "err no-profile");
    return;
  }
  profile_begin();
  for (uint32_t run = 0; run < PROFILE_RUNS; run++) {
    app_breathe();
    profile_start_run();
    MODEL.invoke(app->test_input, output);
  }
  forget_samples(app);
  for (int32_t layer = 0; layer < PROFILE_LAYERS; layer++) send_layer(app, layer);
  line_start(&app->line, "ok");
  field_number(&app->line, " layers=", PROFILE_LAYERS);
  field_number(&app->line, " runs=", PROFILE_RUNS);
  app_send(app);
}

static void answer_selftest(app_t *app) {
  const uint16_t crc = selftest_crc(app->test_input, app_breathe);
  forget_samples(app);
  const bool right = crc == MODEL.selftest_crc;
  line_start(&app->line, right ? "ok crc=" : "err selftest crc=");
  line_hex16(&app->line, crc);
  if (!right) {
    line_text(&app->line, " expected=");
    line_hex16(&app->line, MODEL.selftest_crc);
  }
  app_send(app);
}

/* Over what lies in the flash, so that an upload that went wrong is seen. */
static void answer_image(app_t *app, const command_t *command) {
  uint8_t piece[IMAGE_PIECE_BYTES];
  uint32_t crc = 0;
  for (uint32_t at = 0; at < command->number; at += IMAGE_PIECE_BYTES) {
    const uint32_t left = command->number - at;
    const uint32_t count = left < IMAGE_PIECE_BYTES ? left : IMAGE_PIECE_BYTES;
    if (!board.read_image(at, piece, count)) {
      answer(app, "err out-of-range");
      return;
    }
    crc = crc32(crc, piece, count);
    if (at % IMAGE_BREATH_BYTES == 0) app_breathe();
  }
  line_start(&app->line, "ok");
  field_number(&app->line, " bytes=", command->number);
  line_text(&app->line, " crc=");
  line_hex32(&app->line, crc);
  app_send(app);
}

static void answer_switch(app_t *app, const command_t *command) {
  const bool was_recognising = app->classifying || app->scoring;
  if (command->kind == COMMAND_STREAM) app->streaming = command->on;
  if (command->kind == COMMAND_CLASSIFY) app->classifying = command->on;
  if (command->kind == COMMAND_SCORES) app->scoring = command->on;
  /* Samples from before a pause must not share a window with those after it. */
  if (!was_recognising) recognizer_reset(&app->recognizer);
  answer(app, "ok");
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
  field_number(&app->line, " lines=", lines);
  app_send(app);
}

static void answer_inject(app_t *app, const command_t *command) {
  app_inject(app, command->number);
  answer(app, "ok");
}

static uint64_t little_endian(const uint8_t *bytes, int count) {
  uint64_t value = 0;
  for (int i = count - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

static void answer_sample(app_t *app, const command_t *command) {
  if (app->injected_mhz == 0) {
    answer(app, "err not-injecting");
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
  answer(app, "ok");
}

static void answer_observe(app_t *app, const command_t *command) {
  if (command->value_count != MODEL_CHANNELS) {
    answer(app, "err bad-argument");
    return;
  }
  readings_give_way(app);
  app_observe(app, board.now_us(), command->values);
  line_start(&app->line, "ok");
  field_number(&app->line, " rows=", app->recognizer.window.seen);
  app_send(app);
}

static void answer_environment(app_t *app, const command_t *command) {
  if (!readings_every(app, command->number)) {
    answer(app, "err no-sensor");
    return;
  }
  line_start(&app->line, "ok");
  field_number(&app->line, " period_ms=", app->readings.period_ms);
  app_send(app);
}

static void answer_reboot(app_t *app) {
  answer(app, "ok");
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
      answer_load(app, command);
      break;
    case COMMAND_INVOKE:
      answer_invoke(app);
      break;
    case COMMAND_BENCH:
      answer_bench(app, command);
      break;
    case COMMAND_PROFILE:
      answer_profile(app);
      break;
    case COMMAND_SELFTEST:
      answer_selftest(app);
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
    case COMMAND_IMAGE:
      answer_image(app, command);
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
      answer(app, "err unknown-command");
      break;
    case COMMAND_BAD_ARGUMENT:
      answer(app, "err bad-argument");
      break;
    case COMMAND_OUT_OF_RANGE:
      answer(app, "err out-of-range");
      break;
    case COMMAND_LINE_TOO_LONG:
      answer(app, "err line-too-long");
      break;
  }
}

void app_answer(app_t *app, const command_t *command) {
  if (MODEL.classes == 0 && needs_model(command)) {
    answer(app, "err no-model");
  } else if (!suits_task(command)) {
    answer(app, "err wrong-task");
  } else {
    carry_out(app, command);
  }
}
