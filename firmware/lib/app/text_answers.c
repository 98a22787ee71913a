#include <string.h>

#include "app_state.h"
#include "escape.h"
#include "model.h"
#include "passage.h"
#include "translator.h"
#include "vocabulary.h"
#include "writer.h"

#define WRITTEN_A_LINE 64u /* characters of a line, so that they are seen as they come */
#define BEGUN "text "      /* a line of what is written */
#define WRITES (MODEL_TASK == MODEL_GENERATION || MODEL_ENCODED)

static passage_t passage; /* of text and more */

static struct {
  union {
    writer_t writer;
    translator_t translator;
  };
  uint32_t left;    /* tokens to write, at most */
  uint32_t tokens;  /* written so far */
  uint32_t written; /* their characters */
  line_t line;      /* of them, begun: others may be sent before it is full */
} writing;

void app_begin_text(void) {
  if (MODEL_TASK == MODEL_SENTIMENT) memset(&passage, 0, sizeof passage);
  if (WRITES) memset(&writing, 0, sizeof writing);
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

static void begin_writing(uint32_t most) {
  writing.left = most;
  writing.tokens = writing.written = 0;
  line_start(&writing.line, BEGUN);
}

void app_answer_generate(app_t *app, const command_t *command) {
  if (MODEL_TASK != MODEL_GENERATION || !take_escapes_out(app, command)) return;
  writer_begin(&writing.writer, command->temperature_e4, command->seed);
  if (!writer_read(&writing.writer, command->text, app_breathe)) {
    app_say(app, "err unknown-character");
    return;
  }
  begin_writing(command->number);
}

void app_answer_translate(app_t *app, const command_t *command) {
  if (MODEL_TASK != MODEL_TRANSLATION || !take_escapes_out(app, command)) return;
  translator_begin(&writing.translator, command->temperature_e4, command->seed);
  if (!translator_read(&writing.translator, command->text, app_breathe)) {
    app_say(app, "err bad-argument");
    return;
  }
  begin_writing(MODEL_WINDOW);
}

void app_answer_caption(app_t *app, const command_t *command) {
  window_t *window = &app->recognizer.window;
  if (MODEL_TASK != MODEL_CAPTION) return;
  if (window->seen == 0) {
    app_say(app, "err no-samples");
    return;
  }
  window_complete(window);
  translator_begin(&writing.translator, command->temperature_e4, command->seed);
  translator_see(&writing.translator, window, app_breathe);
  begin_writing(MODEL_WINDOW);
}

static void send_written(app_t *app) {
  if (writing.line.length == strlen(BEGUN)) return;
  line_end(&writing.line);
  app_write(app, writing.line.text, writing.line.length);
  line_start(&writing.line, BEGUN);
}

static void write_text(app_t *app, const char *text) {
  while (*text != '\0') {
    const bool ends_line = *text == '\n';
    escape_write(&writing.line, &text);
    writing.written++;
    if (ends_line || writing.line.length >= WRITTEN_A_LINE) send_written(app);
  }
}

static void answer_written(app_t *app) {
  send_written(app);
  line_start(&app->line, "ok");
  line_field_number(&app->line, " characters=", writing.written);
  if (MODEL_TASK == MODEL_TRANSLATION) {
    line_field_number(&app->line, " unknown=", writing.translator.unknown);
  }
  if (MODEL_TASK == MODEL_CAPTION) {
    line_field_number(&app->line, " samples=", writing.translator.read);
  }
  app_send(app);
}

static void write_token(app_t *app, uint16_t token) {
  if (writing.tokens++ > 0) write_text(app, vocabulary_between());
  write_text(app, MODEL.text->tokens[token]);
}

bool app_is_writing(void) { return WRITES && writing.left > 0; }

void app_write_on(app_t *app) {
  if (!WRITES) return;
  const uint16_t token =
      MODEL_ENCODED ? translator_write(&writing.translator) : writer_write(&writing.writer);
  const bool is_over = token == VOCABULARY_PADDING;
  writing.left = is_over ? 0 : writing.left - 1;
  if (!is_over) write_token(app, token);
  if (writing.left == 0) answer_written(app);
}
