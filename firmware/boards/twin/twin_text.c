#include <string.h>

#include "model_size.h"
#include "passage.h"
#include "twin.h"
#include "vocabulary.h"
#include "writer.h"

uint32_t twin_tokenise(const char *text, uint16_t *tokens) {
  tokenizer_t tokenizer = {0};
  uint32_t count = 0;
  for (; *text != '\0'; text++) {
    if (tokenizer_push(&tokenizer, *text, &tokens[count])) count++;
  }
  return tokenizer_end(&tokenizer, &tokens[count]) ? count + 1 : count;
}

const char *twin_token(uint16_t token) { return MODEL.text->tokens[token]; }

void twin_embed(const uint16_t *tokens, uint32_t count, int8_t *embedded) {
  for (uint32_t i = 0; i < count; i++) {
    memcpy(embedded + (size_t)i * MODEL_CHANNELS, vocabulary_row(tokens[i]), MODEL_CHANNELS);
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
