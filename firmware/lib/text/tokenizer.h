/* Text, a byte at a time, to tokens of the model's vocabulary.
 *
 * A word is made of letters, marks and digits of any script and of '; capitals count as small
 * letters, and all else separates words. In scripts without spaces each letter is a word. Letters
 * and their accents must be composed (NFC). A character is one of Unicode, in UTF-8; what is not
 * UTF-8 separates words, and is an unknown character. */
#ifndef TOKENIZER_H
#define TOKENIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "letters.h"

#define TOKENIZER_MOST_BYTES 64 /* of a word; a longer one is unknown */

/* Zeroed it is at the begin of a text. */
typedef struct {
  char text[TOKENIZER_MOST_BYTES]; /* what has come of a token */
  uint8_t length;                  /* one more than there is room for where it is too long */
  bool is_whole;                   /* what has come is a word by itself */
  letters_utf8_t utf8;             /* of words */
} tokenizer_t;

/* The next token of a text, `text` moved behind what showed its end. False where the text has no
 * more; its end ends a token too. */
bool tokenizer_next(tokenizer_t *tokenizer, const char **text, uint16_t *token);

#endif
