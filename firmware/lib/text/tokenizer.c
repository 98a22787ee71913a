#include "tokenizer.h"

#include "model.h"
#include "vocabulary.h"

static char to_small(char byte) { return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte; }

static bool is_of_word(char small) {
  return (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || small == '\'';
}

/* Of UTF-8: a byte that goes on with a character. */
static bool goes_on(char byte) { return ((uint8_t)byte & 0xC0) == 0x80; }

static void append(tokenizer_t *tokenizer, char byte) {
  if (tokenizer->length < TOKENIZER_MOST_BYTES) tokenizer->text[tokenizer->length] = byte;
  if (tokenizer->length <= TOKENIZER_MOST_BYTES) tokenizer->length++;
}

bool tokenizer_end(tokenizer_t *tokenizer, uint16_t *token) {
  const uint8_t length = tokenizer->length;
  tokenizer->length = 0;
  if (length == 0) return false;
  const bool fits = length <= TOKENIZER_MOST_BYTES;
  *token = fits ? vocabulary_find(tokenizer->text, length) : VOCABULARY_UNKNOWN;
  return true;
}

bool tokenizer_push(tokenizer_t *tokenizer, char byte, uint16_t *token) {
  if (MODEL.text->of_characters) {
    const bool ended = !goes_on(byte) && tokenizer_end(tokenizer, token);
    append(tokenizer, byte);
    return ended;
  }
  const char small = to_small(byte);
  if (!is_of_word(small)) return tokenizer_end(tokenizer, token);
  append(tokenizer, small);
  return false;
}
