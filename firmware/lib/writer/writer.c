#include "writer.h"

#include <stddef.h>

#include "model.h"
#include "tokenizer.h"
#include "vocabulary.h"

void writer_begin(writer_t *writer, uint32_t temperature_e4, uint32_t seed) {
  sampler_begin(&writer->sampler, MODEL.text->logit_step, temperature_e4, seed);
  MODEL.reset();
}

static void read_token(writer_t *writer, uint16_t token) {
  MODEL.invoke(vocabulary_row(token), writer->logits);
}

bool writer_read(writer_t *writer, const char *text, void (*after_each)(void)) {
  tokenizer_t tokenizer = {0};
  uint16_t token;
  while (tokenizer_next(&tokenizer, &text, &token)) {
    if (token == VOCABULARY_UNKNOWN) return false;
    read_token(writer, token);
    if (after_each != NULL) after_each();
  }
  return true;
}

/* One of the tokens from `first` on. */
static uint16_t draw(writer_t *writer, uint16_t first) {
  const uint16_t count = (uint16_t)(MODEL.text->size - first);
  const int8_t *logits = writer->logits + first;
  return (uint16_t)(first + sampler_draw(&writer->sampler, logits, count, writer->weights));
}

uint16_t writer_write(writer_t *writer) {
  const uint16_t token = draw(writer, VOCABULARY_FIRST);
  read_token(writer, token);
  return token;
}

/* Padding takes the place of the unknown token, so that all that may be drawn is in a row. */
uint16_t writer_draw_or_end(writer_t *writer) {
  int8_t *logits = writer->logits;
  logits[VOCABULARY_UNKNOWN] = logits[VOCABULARY_PADDING];
  const uint16_t token = draw(writer, VOCABULARY_UNKNOWN);
  return token == VOCABULARY_UNKNOWN ? VOCABULARY_PADDING : token;
}
