#include "translator.h"

#include <stddef.h>
#include <string.h>

#include "model.h"
#include "scale.h"
#include "tokenizer.h"
#include "vocabulary.h"

void translator_begin(translator_t *translator, uint32_t temperature_e4, uint32_t seed) {
  writer_begin(&translator->writer, temperature_e4, seed);
  translator->newest = VOCABULARY_PADDING;
  translator->read = translator->unknown = 0;
  MODEL.encoder->reset();
}

static int8_t *context(translator_t *translator) { return translator->input + MODEL_ROW; }

static void read_token(translator_t *translator, uint16_t token) {
  const model_encoder_t *encoder = MODEL.encoder;
  encoder->invoke(encoder->embedding + (size_t)token * encoder->channels, context(translator));
  translator->read++;
  if (token == VOCABULARY_UNKNOWN) translator->unknown++;
}

/* From what the encoder says to what MODEL is given. */
static void scale_context(translator_t *translator) {
  int8_t *value = context(translator);
  for (int i = 0; i < MODEL_CONTEXT; i++) {
    value[i] = scale_sample(value[i], &MODEL.encoder->context, MODEL.encoder->shift);
  }
}

bool translator_read(translator_t *translator, const char *text, void (*after_each)(void)) {
  tokenizer_t tokenizer = {0};
  uint16_t token;
  while (tokenizer_next(&tokenizer, &text, &token)) {
    read_token(translator, token);
    if (after_each != NULL) after_each();
  }
  if (translator->read > 0) scale_context(translator);
  return translator->read > 0;
}

void translator_see(translator_t *translator, const window_t *window, void (*after_each)(void)) {
  const model_encoder_t *encoder = MODEL.encoder;
  for (size_t at = 0; at < WINDOW_SAMPLES; at += encoder->feed) {
    encoder->invoke(window->input + at * WINDOW_CHANNELS, context(translator));
    if (after_each != NULL) after_each();
  }
  translator->read = window->seen;
  scale_context(translator);
}

uint16_t translator_write(translator_t *translator) {
  memcpy(translator->input, vocabulary_row(translator->newest), MODEL_ROW);
  MODEL.invoke(translator->input, translator->writer.logits);
  translator->newest = writer_draw_or_end(&translator->writer);
  return translator->newest;
}
