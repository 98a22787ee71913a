/* Commands by which a host finds out what this board computes, how long it takes, and what lies in
 * its flash. */
#include <string.h>

#include "app_state.h"
#include "board.h"
#include "crc.h"
#include "model.h"
#include "profile.h"
#include "selftest.h"

#define HEX_PIECE_BYTES 64u
#define IMAGE_PIECE_BYTES 64u
#define IMAGE_BREATH_BYTES 4096u /* a few ms of work */

void app_answer_load(app_t *app, const command_t *command) {
  if (command->number > APP_INPUT_BYTES ||
      command->byte_count > APP_INPUT_BYTES - command->number) {
    app_say(app, "err out-of-range");
    return;
  }
  memcpy(app->test_input + command->number, command->bytes, command->byte_count);
  app_say(app, "ok");
}

/* The network's state is no longer that of the samples. */
static void forget_state(app_t *app) { recognizer_reset(&app->recognizer); }

/* In pieces: the outputs of a model that writes may be longer than a line. */
void app_answer_invoke(app_t *app, const command_t *command) {
  (void)command;
  int8_t output[MODEL_CLASSES];
  model_run(app->test_input, output);
  forget_state(app);
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

void app_answer_bench(app_t *app, const command_t *command) {
  int8_t output[MODEL_CLASSES];
  uint32_t ticks = 0;
  for (uint32_t run = 0; run < command->number; run++) {
    app_breathe();
    const uint32_t start = board.ticks();
    MODEL.invoke(app->test_input, output);
    ticks += board.ticks() - start;
  }
  forget_state(app);
  line_start(&app->line, "ok");
  line_field_number(&app->line, " runs=", command->number);
  line_field_number(&app->line, " ticks=", ticks);
  app_send(app);
}

static void send_layer(app_t *app, int32_t layer) {
  line_start(&app->line, "layer ");
  line_number(&app->line, (uint32_t)layer);
  line_field_number(&app->line, " ticks=", profile_ticks(layer));
  app_send(app);
}

void app_answer_profile(app_t *app, const command_t *command) {
  (void)command;
  int8_t output[MODEL_CLASSES];
  if (PROFILE_LAYERS == 0) {
    app_say(app, "err no-profile");
    return;
  }
  profile_begin();
  for (uint32_t run = 0; run < PROFILE_RUNS; run++) {
    app_breathe();
    profile_start_run();
    MODEL.invoke(app->test_input, output);
  }
  forget_state(app);
  for (int32_t layer = 0; layer < PROFILE_LAYERS; layer++) send_layer(app, layer);
  line_start(&app->line, "ok");
  line_field_number(&app->line, " layers=", PROFILE_LAYERS);
  line_field_number(&app->line, " runs=", PROFILE_RUNS);
  app_send(app);
}

void app_answer_selftest(app_t *app, const command_t *command) {
  (void)command;
  const uint16_t crc = selftest_crc(app->test_input, app_breathe);
  forget_state(app);
  const bool right = crc == MODEL.selftest_crc;
  line_start(&app->line, right ? "ok crc=" : "err selftest crc=");
  line_hex16(&app->line, crc);
  if (!right) {
    line_text(&app->line, " expected=");
    line_hex16(&app->line, MODEL.selftest_crc);
  }
  app_send(app);
}

static void write_number(app_t *app, const char *before, int64_t number) {
  const uint64_t magnitude = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;
  line_start(&app->line, before);
  if (number < 0) line_text(&app->line, "-");
  line_number(&app->line, magnitude);
  app_write(app, app->line.text, app->line.length);
}

static void write_scale(app_t *app, const char *before, const model_scale_t *scale) {
  write_number(app, before, scale->multiplier);
  write_number(app, ":", scale->offset);
}

static void write_encoder(app_t *app, const model_encoder_t *encoder) {
  write_number(app, " context_shift=", encoder->shift);
  write_scale(app, " context=", &encoder->context);
}

static void write_forecast(app_t *app, const model_forecast_t *forecast) {
  write_number(app, " horizon_shift=", forecast->shift);
  for (int i = 0; i < MODEL.classes; i++) {
    write_number(app, i == 0 ? " horizons=" : ",", forecast->horizons[i].channel);
    write_scale(app, ":", &forecast->horizons[i].change);
  }
}

static void write_mixture(app_t *app, const model_mixture_t *mixture) {
  write_number(app, " mixtures=", mixture->count);
  write_number(app, " logit_step=", mixture->logit_step);
  write_number(app, " mean_shift=", mixture->shift);
  for (int i = 0; i < 2 * mixture->count; i++) {
    write_scale(app, i == 0 ? " means=" : ",", &mixture->means[i]);
  }
  write_scale(app, " deviation=", &mixture->deviation);
  write_number(app, " least_deviation=", mixture->least_deviation);
  write_scale(app, " correlation=", &mixture->correlation);
}

/* What is done before and after the network, by which a board decides; in pieces, for it may be
 * longer than a line. */
void app_answer_constants(app_t *app, const command_t *command) {
  (void)command;
  const model_policy_t *policy = &MODEL.policy;
  write_number(app, "ok smoothing_windows=", policy->smoothing_windows);
  write_number(app, " background=", policy->background);
  write_number(app, " release_sum=", policy->release_sum);
  write_number(app, " refractory_us=", policy->refractory_us);
  for (int c = 0; policy->fire_sums != NULL && c < MODEL.classes; c++) {
    write_number(app, c == 0 ? " fire_sums=" : ",", policy->fire_sums[c]);
  }
  write_number(app, " shift=", MODEL.shift);
  for (int c = 0; MODEL.scales != NULL && c < WINDOW_CHANNELS; c++) {
    write_scale(app, c == 0 ? " scales=" : ",", &MODEL.scales[c]);
  }
  if (MODEL_ENCODED) write_encoder(app, MODEL.encoder);
  if (MODEL_TASK == MODEL_FORECAST) write_forecast(app, MODEL.forecast);
  if (MODEL_TASK == MODEL_SKETCH) write_mixture(app, MODEL.mixture);
  line_start(&app->line, "");
  app_send(app);
}

/* Over what lies in the flash, so that an upload that went wrong is seen. */
void app_answer_image(app_t *app, const command_t *command) {
  uint8_t piece[IMAGE_PIECE_BYTES];
  uint32_t crc = 0;
  for (uint32_t at = 0; at < command->number; at += IMAGE_PIECE_BYTES) {
    const uint32_t left = command->number - at;
    const uint32_t count = left < IMAGE_PIECE_BYTES ? left : IMAGE_PIECE_BYTES;
    if (!board.read_image(at, piece, count)) {
      app_say(app, "err out-of-range");
      return;
    }
    crc = crc32(crc, piece, count);
    if (at % IMAGE_BREATH_BYTES == 0) app_breathe();
  }
  line_start(&app->line, "ok");
  line_field_number(&app->line, " bytes=", command->number);
  line_text(&app->line, " crc=");
  line_hex32(&app->line, crc);
  app_send(app);
}
