/* A network that writes: it reads characters one by one, and draws what comes next. */
#ifndef WRITER_H
#define WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "model_size.h"
#include "sampler.h"

typedef struct {
  sampler_t sampler;
  int8_t logits[MODEL_CLASSES]; /* of what comes after all that was read, a token each */
  uint32_t weights[MODEL_CLASSES];
} writer_t;

/* Forgets what was read. temperature_e4: temperature in ten-thousandths. Needs a model that
 * writes. */
void writer_begin(writer_t *writer, uint32_t temperature_e4, uint32_t seed);

/* Reads a text; false where a character of it is unknown. `after_each` character is called, where
 * it is not NULL. */
bool writer_read(writer_t *writer, const char *text, void (*after_each)(void));

/* Draws the next character, never padding or what is unknown, and reads it. Needs to have read one
 * before. */
uint16_t writer_write(writer_t *writer);

/* Draws a token by the logits, never one that is unknown; padding where the text ends. */
uint16_t writer_draw_or_end(writer_t *writer);

#endif
