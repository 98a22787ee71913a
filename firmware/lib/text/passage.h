/* The tokens of one text, as many as the model takes of it, and the network's input for them. */
#ifndef PASSAGE_H
#define PASSAGE_H

#include <stdint.h>

#include "model_size.h"
#include "tokenizer.h"

/* Zeroed it has no text. */
typedef struct {
  tokenizer_t tokenizer;
  uint16_t tokens[MODEL_TOKENS]; /* where a text is cut before its end: a ring */
  uint32_t count;                /* tokens of the text, those that were cut too */
  uint32_t unknown;              /* of them */
} passage_t;

/* Goes on with the text; its last token ends here. Needs a model of text. */
void passage_add(passage_t *passage, const char *text);

/* What stands for the text: int8 [MODEL_TOKENS][MODEL_CHANNELS], padded where it is short. */
void passage_embed(const passage_t *passage, int8_t *input);

#endif
