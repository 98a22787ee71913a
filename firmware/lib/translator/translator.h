/* Two networks: the encoder reads a text or samples, and MODEL writes a translation or a caption.
 *
 * What the encoder says after the last token or sample, the context, is a part of each input of
 * MODEL, behind what stands for the token before; before the first that is padding. MODEL writes
 * until it draws padding, which ends a text. */
#ifndef TRANSLATOR_H
#define TRANSLATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "window.h"
#include "writer.h"

typedef struct {
  writer_t writer;
  int8_t input[MODEL_CHANNELS]; /* of MODEL */
  uint16_t newest;              /* the token that was written last */
  uint32_t read;                /* tokens of the text, or samples */
  uint32_t unknown;             /* tokens of the text that are not in the vocabulary */
} translator_t;

/* Forgets what was read and written. temperature_e4: temperature in ten-thousandths. Needs a model
 * with an encoder. */
void translator_begin(translator_t *translator, uint32_t temperature_e4, uint32_t seed);

/* Reads a whole text; false where it has no token. `after_each` token is called, where it is not
 * NULL. */
bool translator_read(translator_t *translator, const char *text, void (*after_each)(void));

/* Reads the samples of a whole window. `after_each` feed is called, where it is not NULL. */
void translator_see(translator_t *translator, const window_t *window, void (*after_each)(void));

/* Draws the next token, never one that is unknown; VOCABULARY_PADDING where the text is over. Needs
 * to have read before. */
uint16_t translator_write(translator_t *translator);

#endif
