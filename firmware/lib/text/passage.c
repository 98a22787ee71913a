#include "passage.h"

#include <stdbool.h>
#include <string.h>

#include "model.h"
#include "vocabulary.h"

static void add(passage_t *passage, uint16_t token) {
  if (passage->count < MODEL_TOKENS || MODEL.text->cuts_before) {
    passage->tokens[passage->count % MODEL_TOKENS] = token;
  }
  passage->count++;
  if (token == VOCABULARY_UNKNOWN) passage->unknown++;
}

void passage_add(passage_t *passage, const char *text) {
  uint16_t token;
  while (tokenizer_next(&passage->tokenizer, &text, &token)) add(passage, token);
}

void passage_embed(const passage_t *passage, int8_t *input) {
  const bool is_cut = passage->count > MODEL_TOKENS;
  const uint32_t kept = is_cut ? MODEL_TOKENS : passage->count;
  const uint32_t first = is_cut && MODEL.text->cuts_before ? passage->count - kept : 0;
  const uint32_t begin = MODEL.text->pads_before ? MODEL_TOKENS - kept : 0;
  for (uint32_t place = 0; place < MODEL_TOKENS; place++) {
    const bool is_text = place >= begin && place - begin < kept;
    const uint16_t token = is_text ? passage->tokens[(first + place - begin) % MODEL_TOKENS]
                                   : (uint16_t)VOCABULARY_PADDING;
    memcpy(input + place * MODEL_CHANNELS, vocabulary_row(token), MODEL_CHANNELS);
  }
}
