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
                                      [MODEL_FORECAST] = "forecast",
                                      [MODEL_TRANSLATION] = "translation",
                                      [MODEL_CAPTION] = "caption",
                                      [MODEL_SKETCH] = "sketch"};
  return MODEL.classes == 0 ? "none" : names[MODEL_TASK];
}

static void add_identity(line_t *line) {
  line_field_text(line, " board=", board.name);
  line_field_text(line, " imu=", board.imu);
  line_field_text(line, " environment=", board.environment);
  line_field_text(line, " revision=", board.revision);
  line_field_text(line, " firmware=", FIRMWARE_VERSION);
  line_field_text(line, " contract=", MODEL.contract_hash);
  line_field_text(line, " task=", task_name());
}

static void add_rates(line_t *line, const app_t *app) {
  line_field_thousandths(line, " rate_hz=", MODEL.rate_millihz);
  line_field_thousandths(line, " stream_hz=", app_stream_millihz());
  line_field_thousandths(line, " measured_hz=", app->model_lock.rate.rate_millihz);
  line_field_thousandths(line, " nominal_hz=", board.sensor_millihz);
  line_field_thousandths(line, " sensor_hz=", app->stream_lock.rate.rate_millihz);
  line_field_text(line, " pace=", rate_state_name(app->model_lock.state));
}

static void add_sizes(line_t *line) {
  line_field_number(line, " window=", MODEL.window);
  line_field_number(line, " hop=", MODEL.hop);
  line_field_number(line, " channels=", MODEL.channels);
  line_field_number(line, " classes=", MODEL.classes);
}

static void add_state(line_t *line, const app_t *app) {
  line_field_number(line, " tick_hz=", board.tick_hz);
  line_field_number(line, " overruns=", board.overruns());
  line_field_number(line, " dropped=", app->dropped);
  line_field_number(line, " stack_unused=", board.stack_unused());
}

/* In pieces: together they are longer than a line. */
static void answer_info(app_t *app, const command_t *command) {
  (void)command;
  line_t *line = &app->line;
  line_start(line, "ok");
  add_identity(line);
  app_write(app, line->text, line->length);
  line_start(line, "");
  add_rates(line, app);
  add_sizes(line);
  add_state(line, app);
  app_write(app, line->text, line->length);
  line_start(line, "");
  app_add_enrolment(line, app);
  app_send(app);
}

/* In pieces: the labels of a model may be longer than a line. */
static void answer_labels(app_t *app, const command_t *command) {
  (void)command;
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
  uint32_t lines = 0;
  history_reader_t reader;
  sample_t sample;
  history_reader_begin(&reader, app->history);
  while (lines < PULL_LINES && history_reader_next(&reader, &sample)) {
    if (sample.seq < command->number) continue;
    line_sample(&app->line, "past ", &sample);
    app_write(app, app->line.text, app->line.length);
    lines++;
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
  if (app->injected_millihz == 0) {
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

static void answer_reboot(app_t *app, const command_t *command) {
  (void)command;
  app_say(app, "ok");
  board.reboot();
}

static void answer_refused(app_t *app, const command_t *command) {
  static const char *const reasons[] = {[COMMAND_UNKNOWN] = "err unknown-command",
                                        [COMMAND_BAD_ARGUMENT] = "err bad-argument",
                                        [COMMAND_OUT_OF_RANGE] = "err out-of-range",
                                        [COMMAND_LINE_TOO_LONG] = "err line-too-long"};
  app_say(app, reasons[command->kind]);
}

#define WITHOUT_A_MODEL 0u
#define ANY_MODEL 0xFFu
#define OF(task) (1u << (task))

static const struct {
  void (*carry_out)(app_t *app, const command_t *command);
  uint8_t tasks; /* of which a model suits, a bit each; none where a board without one will do */
} ANSWERS[] = {
    [COMMAND_INFO] = {answer_info, WITHOUT_A_MODEL},
    [COMMAND_LABELS] = {answer_labels, WITHOUT_A_MODEL},
    [COMMAND_STREAM] = {answer_switch, WITHOUT_A_MODEL},
    [COMMAND_CLASSIFY] = {answer_switch, OF(MODEL_GESTURE)},
    [COMMAND_SCORES] = {answer_switch, OF(MODEL_GESTURE)},
    [COMMAND_LOAD] = {app_answer_load, ANY_MODEL},
    [COMMAND_INVOKE] = {app_answer_invoke, ANY_MODEL},
    [COMMAND_BENCH] = {app_answer_bench, ANY_MODEL},
    [COMMAND_PROFILE] = {app_answer_profile, ANY_MODEL},
    [COMMAND_SELFTEST] = {app_answer_selftest, ANY_MODEL},
    [COMMAND_CONSTANTS] = {app_answer_constants, ANY_MODEL},
    [COMMAND_IMAGE] = {app_answer_image, WITHOUT_A_MODEL},
    [COMMAND_REBOOT] = {answer_reboot, WITHOUT_A_MODEL},
    [COMMAND_PULL] = {answer_pull, WITHOUT_A_MODEL},
    [COMMAND_INJECT] = {answer_inject, WITHOUT_A_MODEL},
    [COMMAND_SAMPLE] = {answer_sample, WITHOUT_A_MODEL},
    [COMMAND_TEXT] = {app_answer_text, OF(MODEL_SENTIMENT)},
    [COMMAND_MORE] = {app_answer_text, OF(MODEL_SENTIMENT)},
    [COMMAND_GENERATE] = {app_answer_generate, OF(MODEL_GENERATION)},
    [COMMAND_TRANSLATE] = {app_answer_translate, OF(MODEL_TRANSLATION)},
    [COMMAND_CAPTION] = {app_answer_caption, OF(MODEL_CAPTION)},
    [COMMAND_DRAW] = {app_answer_draw, OF(MODEL_SKETCH)},
    [COMMAND_OBSERVE] = {answer_observe, OF(MODEL_FORECAST)},
    [COMMAND_ENVIRONMENT] = {answer_environment, WITHOUT_A_MODEL},
    [COMMAND_ENROL] = {app_answer_enrol, OF(MODEL_GESTURE)},
    [COMMAND_ENROL_SAVE] = {app_answer_enrol_save, OF(MODEL_GESTURE)},
    [COMMAND_ENROLMENT] = {app_answer_enrolment, OF(MODEL_GESTURE)},
    [COMMAND_PEOPLE] = {app_answer_people, OF(MODEL_GESTURE)},
    [COMMAND_PERSON] = {app_answer_person, OF(MODEL_GESTURE)},
    [COMMAND_REMOVE] = {app_answer_remove, OF(MODEL_GESTURE)},
    [COMMAND_LEARN] = {app_answer_learn, OF(MODEL_GESTURE)},
    [COMMAND_FORGET] = {app_answer_forget, OF(MODEL_GESTURE)},
    [COMMAND_UNKNOWN] = {answer_refused, WITHOUT_A_MODEL},
    [COMMAND_BAD_ARGUMENT] = {answer_refused, WITHOUT_A_MODEL},
    [COMMAND_OUT_OF_RANGE] = {answer_refused, WITHOUT_A_MODEL},
    [COMMAND_LINE_TOO_LONG] = {answer_refused, WITHOUT_A_MODEL},
};

/* Events and scores can be turned off whatever the model is. */
static bool turns_off(const command_t *command) {
  const bool is_switch = command->kind == COMMAND_CLASSIFY || command->kind == COMMAND_SCORES;
  return is_switch && !command->on;
}

void app_answer(app_t *app, const command_t *command) {
  const uint8_t tasks = ANSWERS[command->kind].tasks;
  const bool needs_model = tasks != WITHOUT_A_MODEL && !turns_off(command);
  if (needs_model && MODEL.classes == 0) {
    app_say(app, "err no-model");
  } else if (needs_model && (tasks & OF(MODEL_TASK)) == 0) {
    app_say(app, "err wrong-task");
  } else {
    ANSWERS[command->kind].carry_out(app, command);
  }
}
