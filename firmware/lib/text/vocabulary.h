/* Finds words and characters among those that the model has learnt. */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#define VOCABULARY_PADDING 0 /* tokens that stand for no text */
#define VOCABULARY_UNKNOWN 1
#define VOCABULARY_FIRST 2 /* the first that does */

/* The token of a text of `length` bytes, VOCABULARY_UNKNOWN where there is none. Needs a model of
 * text. */
uint16_t vocabulary_find(const char *text, size_t length);

/* What the network is given for a token: int8 [MODEL_ROW]. Needs a model of text. */
const int8_t *vocabulary_row(uint16_t token);

/* What is written between two tokens: a space, or nothing. Needs a model of text. */
const char *vocabulary_between(void);

#endif
