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
  bool has_ended = false;
  while (!has_ended) {
    has_ended = *text == '\0';
    const bool has_token =
        has_ended ? tokenizer_end(&tokenizer, &token) : tokenizer_push(&tokenizer, *text++, &token);
    if (!has_token) continue;
    if (token == VOCABULARY_UNKNOWN) return false;
    read_token(writer, token);
    if (after_each != NULL) after_each();
  }
  return true;
}

uint16_t writer_write(writer_t *writer) {
  const uint16_t count = (uint16_t)(MODEL.text->size - VOCABULARY_FIRST);
  const uint16_t drawn =
      sampler_draw(&writer->sampler, writer->logits + VOCABULARY_FIRST, count, writer->weights);
  const uint16_t token = (uint16_t)(drawn + VOCABULARY_FIRST);
  read_token(writer, token);
  return token;
}
