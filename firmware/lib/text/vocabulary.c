#include "vocabulary.h"

#include <string.h>

#include "model.h"
#include "model_size.h"

/* As strcmp, of a text that ends after `length` bytes. */
static int compare(const char *text, size_t length, const char *other) {
  const int order = strncmp(text, other, length);
  if (order != 0) return order;
  return other[length] == '\0' ? 0 : -1;
}

uint16_t vocabulary_find(const char *text, size_t length) {
  const model_text_t *known = MODEL.text;
  uint16_t first = 0, end = (uint16_t)(known->size - VOCABULARY_FIRST);
  while (first < end) {
    const uint16_t middle = (uint16_t)((first + end) / 2);
    const uint16_t token = known->sorted[middle];
    const int order = compare(text, length, known->tokens[token]);
    if (order == 0) return token;
    if (order < 0) {
      end = middle;
    } else {
      first = (uint16_t)(middle + 1);
    }
  }
  return VOCABULARY_UNKNOWN;
}

const int8_t *vocabulary_row(uint16_t token) {
  return MODEL.text->embedding + (size_t)token * MODEL_ROW;
}

const char *vocabulary_between(void) { return MODEL.text->words != NULL ? " " : ""; }
