#include <string.h>

#include "model_size.h"
#include "passage.h"
#include "translator.h"
#include "twin.h"
#include "twin_state.h"
#include "vocabulary.h"
#include "writer.h"

uint32_t twin_tokenise(const char *text, uint16_t *tokens) {
  tokenizer_t tokenizer = {0};
  uint32_t count = 0;
  while (tokenizer_next(&tokenizer, &text, &tokens[count])) count++;
  return count;
}

const char *twin_token(uint16_t token) { return MODEL.text->tokens[token]; }

const char *twin_between(void) { return vocabulary_between(); }

uint32_t twin_row(void) { return MODEL_ROW; }

void twin_embed(const uint16_t *tokens, uint32_t count, int8_t *embedded) {
  for (uint32_t i = 0; i < count; i++) {
    memcpy(embedded + (size_t)i * MODEL_ROW, vocabulary_row(tokens[i]), MODEL_ROW);
  }
}

void twin_judge(const char *text, int8_t *output) {
  static int8_t input[MODEL_TOKENS * MODEL_CHANNELS];
  passage_t passage = {0};
  passage_add(&passage, text);
  passage_embed(&passage, input);
  twin_invoke(input, output);
}

bool twin_generate(const char *prompt, uint32_t count, uint32_t temperature_e4, uint32_t seed,
                   uint16_t *tokens) {
  writer_t writer;
  writer_begin(&writer, temperature_e4, seed);
  if (!writer_read(&writer, prompt, NULL)) return false;
  for (uint32_t i = 0; i < count; i++) tokens[i] = writer_write(&writer);
  return true;
}

/* The only difference between a text and samples. */
static bool read(translator_t *translator, const char *text) {
  window_t *window = &twin_recognizer.window;
  if (MODEL_TASK != MODEL_CAPTION) return translator_read(translator, text, NULL);
  if (window->seen == 0) return false;
  window_complete(window);
  translator_see(translator, window, NULL);
  return true;
}

bool twin_read(const char *text, int8_t *context) {
  translator_t translator;
  translator_begin(&translator, 0, 0);
  if (!read(&translator, text)) return false;
  memcpy(context, translator.input + MODEL_ROW, MODEL_CONTEXT);
  return true;
}

bool twin_translate(const char *text, uint32_t temperature_e4, uint32_t seed, uint16_t *tokens,
                    uint32_t *count) {
  translator_t translator;
  translator_begin(&translator, temperature_e4, seed);
  if (!read(&translator, text)) return false;
  for (*count = 0; *count < MODEL_WINDOW; ++*count) {
    tokens[*count] = translator_write(&translator);
    if (tokens[*count] == VOCABULARY_PADDING) return true;
  }
  return true;
}

void twin_show(const int8_t *window) {
  memcpy(twin_recognizer.window.input, window, sizeof twin_recognizer.window.input);
  twin_recognizer.window.filled = WINDOW_FEED;
  twin_recognizer.window.seen = WINDOW_SAMPLES;
}
