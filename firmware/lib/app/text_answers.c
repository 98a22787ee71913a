#include <string.h>

#include "app_state.h"
#include "escape.h"
#include "model.h"

#define WRITTEN_A_LINE 64u /* characters of a line, so that they are seen as they come */

static int likeliest(const int8_t *output) {
  int best = 0;
  for (int c = 1; c < MODEL_CLASSES; c++) {
    if (output[c] > output[best]) best = c;
  }
  return best;
}

void app_answer_text(app_t *app, const command_t *command) {
  int8_t output[MODEL_CLASSES];
  if (command->kind == COMMAND_TEXT) memset(&app->passage, 0, sizeof app->passage);
  passage_add(&app->passage, command->text);
  passage_embed(&app->passage, app->test_input);
  model_run(app->test_input, output);
  const int best = likeliest(output);
  line_start(&app->line, "ok ");
  line_text(&app->line, MODEL.labels[best]);
  line_text(&app->line, " ");
  const uint16_t score = (uint16_t)(output[best] + 128);
  line_thousandths(&app->line, decision_score_thousandths(&MODEL.policy, score));
  line_text(&app->line, " ");
  line_hex(&app->line, output, sizeof output);
  line_field_number(&app->line, " tokens=", app->passage.count);
  line_field_number(&app->line, " unknown=", app->passage.unknown);
  app_send(app);
}

void app_answer_generate(app_t *app, const command_t *command) {
  writer_begin(&app->writer, command->heat, command->seed);
  if (!writer_read(&app->writer, command->text, app_breathe)) {
    app_say(app, "err unknown-character");
    return;
  }
  app->to_write = command->number;
  app->written = 0;
  line_start(&app->text_line, "text ");
}

static void send_written(app_t *app) {
  line_end(&app->text_line);
  app_write(app, app->text_line.text, app->text_line.length);
  line_start(&app->text_line, "text ");
}

void app_write_on(app_t *app) {
  const char *character = MODEL.text->tokens[writer_write(&app->writer)];
  escape_write(&app->text_line, character);
  app->written++;
  app->to_write--;
  const bool is_last = app->to_write == 0;
  if (is_last || *character == '\n' || app->text_line.length >= WRITTEN_A_LINE) send_written(app);
  if (!is_last) return;
  line_start(&app->line, "ok");
  line_field_number(&app->line, " characters=", app->written);
  app_send(app);
}
