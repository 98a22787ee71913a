/* Two networks that translate: the encoder reads a text, and MODEL writes another.
 *
 * What the encoder says after the last token of the text, the context, is a part of each input of
 * MODEL, behind what stands for the token before; before the first that is padding. MODEL writes
 * until it draws padding, which ends a text. */
#ifndef TRANSLATOR_H
#define TRANSLATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "model_size.h"
#include "writer.h"

typedef struct {
  writer_t writer;
  int8_t input[MODEL_CHANNELS]; /* of MODEL */
  uint16_t newest;              /* the token that was written last */
  uint32_t read, unknown; /* tokens of the text that was read; of them, not in the vocabulary */
} translator_t;

/* Forgets what was read and written. temperature_e4: temperature in ten-thousandths. Needs a model
 * that translates. */
void translator_begin(translator_t *translator, uint32_t temperature_e4, uint32_t seed);

/* Reads a whole text; false where it has no token. `after_each` token is called, where it is not
 * NULL. */
bool translator_read(translator_t *translator, const char *text, void (*after_each)(void));

/* Draws the next token, never one that is unknown; VOCABULARY_PADDING where the text is over. Needs
 * to have read a text before. */
uint16_t translator_write(translator_t *translator);

#endif
