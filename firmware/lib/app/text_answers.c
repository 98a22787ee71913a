#include <string.h>

#include "app_state.h"
#include "escape.h"
#include "model.h"
#include "passage.h"
#include "writer.h"

#define WRITTEN_A_LINE 64u /* characters of a line, so that they are seen as they come */

static passage_t passage; /* of text and more */

static struct {
  writer_t writer;
  uint32_t left;    /* characters to write */
  uint32_t written; /* characters so far */
  line_t line;      /* of them, begun: others may be sent before it is full */
} generation;

void app_begin_text(void) {
  if (MODEL_TASK == MODEL_SENTIMENT) memset(&passage, 0, sizeof passage);
  if (MODEL_TASK == MODEL_GENERATION) memset(&generation, 0, sizeof generation);
}

/* In place. */
static bool take_escapes_out(app_t *app, const command_t *command) {
  if (escape_read(command->text)) return true;
  app_say(app, "err bad-argument");
  return false;
}

void app_answer_text(app_t *app, const command_t *command) {
  int8_t output[MODEL_CLASSES];
  if (MODEL_TASK != MODEL_SENTIMENT || !take_escapes_out(app, command)) return;
  if (command->kind == COMMAND_TEXT) memset(&passage, 0, sizeof passage);
  passage_add(&passage, command->text);
  passage_embed(&passage, app->test_input);
  model_run(app->test_input, output);
  const uint16_t best = sampler_largest(output, MODEL_CLASSES);
  line_start(&app->line, "ok ");
  line_text(&app->line, MODEL.labels[best]);
  line_text(&app->line, " ");
  const uint16_t score = (uint16_t)(output[best] + 128);
  line_thousandths(&app->line, decision_score_thousandths(&MODEL.policy, score));
  line_text(&app->line, " ");
  line_hex(&app->line, output, sizeof output);
  line_field_number(&app->line, " tokens=", passage.count);
  line_field_number(&app->line, " unknown=", passage.unknown);
  app_send(app);
}

void app_answer_generate(app_t *app, const command_t *command) {
  if (MODEL_TASK != MODEL_GENERATION || !take_escapes_out(app, command)) return;
  writer_begin(&generation.writer, command->temperature_e4, command->seed);
  if (!writer_read(&generation.writer, command->text, app_breathe)) {
    app_say(app, "err unknown-character");
    return;
  }
  generation.left = command->number;
  generation.written = 0;
  line_start(&generation.line, "text ");
}

static void send_written(app_t *app) {
  line_end(&generation.line);
  app_write(app, generation.line.text, generation.line.length);
  line_start(&generation.line, "text ");
}

bool app_is_writing(void) { return MODEL_TASK == MODEL_GENERATION && generation.left > 0; }

void app_write_on(app_t *app) {
  if (MODEL_TASK != MODEL_GENERATION) return;
  const char *character = MODEL.text->tokens[writer_write(&generation.writer)];
  escape_write(&generation.line, character);
  generation.written++;
  generation.left--;
  const bool is_last = generation.left == 0;
  if (is_last || *character == '\n' || generation.line.length >= WRITTEN_A_LINE) send_written(app);
  if (!is_last) return;
  line_start(&app->line, "ok");
  line_field_number(&app->line, " characters=", generation.written);
  app_send(app);
}
