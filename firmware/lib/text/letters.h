/* Code points of Unicode, as the words of the model's vocabulary are made of them. */
#ifndef LETTERS_H
#define LETTERS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { LETTERS_SEPARATOR, LETTERS_PART, LETTERS_ALONE } letters_kind_t;

/* What a small letter is to a word: between words, a part of one, or one by itself. Needs a model
 * of words. */
letters_kind_t letters_kind(uint32_t code);

/* The small letter, as far as the vocabulary has it. Needs a model of words. */
uint32_t letters_small(uint32_t code);

/* A code point from UTF-8, a byte at a time; zeroed it is between two. */
typedef struct {
  uint32_t code;
  uint8_t left; /* bytes that are yet to come */
} letters_utf8_t;

/* Takes a byte; true where it ended a code point. `broken` is whether one ended before it that is
 * not UTF-8. */
bool letters_read(letters_utf8_t *utf8, char byte, bool *broken);

/* Writes UTF-8, up to 4 bytes, and returns how many. */
uint8_t letters_write(uint32_t code, char *bytes);

#endif
