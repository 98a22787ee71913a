#include "tokenizer.h"

#include <stddef.h>

#include "model.h"
#include "vocabulary.h"

/* Of UTF-8: a byte that goes on with a character. */
static bool goes_on(char byte) { return ((uint8_t)byte & 0xC0) == 0x80; }

static void append(tokenizer_t *tokenizer, char byte) {
  if (tokenizer->length < TOKENIZER_MOST_BYTES) tokenizer->text[tokenizer->length] = byte;
  if (tokenizer->length <= TOKENIZER_MOST_BYTES) tokenizer->length++;
}

static bool end_token(tokenizer_t *tokenizer, uint16_t *token) {
  const uint8_t length = tokenizer->length;
  tokenizer->length = 0;
  tokenizer->is_whole = false;
  if (length == 0) return false;
  const bool fits = length <= TOKENIZER_MOST_BYTES;
  *token = fits ? vocabulary_find(tokenizer->text, length) : VOCABULARY_UNKNOWN;
  return true;
}

static bool push_character(tokenizer_t *tokenizer, char byte, uint16_t *token) {
  const bool ended = !goes_on(byte) && end_token(tokenizer, token);
  append(tokenizer, byte);
  return ended;
}

static bool push_letter(tokenizer_t *tokenizer, uint32_t letter, uint16_t *token) {
  const letters_kind_t kind = letters_kind(letter);
  const bool is_more = kind == LETTERS_PART && !tokenizer->is_whole;
  const bool ended = !is_more && end_token(tokenizer, token);
  if (kind == LETTERS_SEPARATOR) return ended;
  char bytes[4];
  const uint8_t length = letters_write(letter, bytes);
  for (uint8_t place = 0; place < length; place++) append(tokenizer, bytes[place]);
  tokenizer->is_whole = kind == LETTERS_ALONE;
  return ended;
}

/* Takes a byte; true where it showed that the token before it has ended. */
static bool push(tokenizer_t *tokenizer, char byte, uint16_t *token) {
  if (MODEL.text->words == NULL) return push_character(tokenizer, byte, token);
  bool broken;
  const bool is_read = letters_read(&tokenizer->utf8, byte, &broken);
  const bool ended = broken && end_token(tokenizer, token);
  if (!is_read) return ended;
  return push_letter(tokenizer, letters_small(tokenizer->utf8.code), token) || ended;
}

bool tokenizer_next(tokenizer_t *tokenizer, const char **text, uint16_t *token) {
  while (**text != '\0') {
    if (push(tokenizer, *(*text)++, token)) return true;
  }
  tokenizer->utf8 = (letters_utf8_t){0};
  return end_token(tokenizer, token);
}
