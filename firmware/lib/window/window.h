/* The samples that the network is fed next, quantized: the buffer is its input. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "model_size.h"
#include "sample.h"

typedef struct {
  int8_t input[MODEL_FEED * MODEL_CHANNELS]; /* [MODEL_FEED][MODEL_CHANNELS] */
  uint16_t filled;                           /* samples */
  uint16_t seen;                             /* samples, up to MODEL_WINDOW */
} window_t;

void window_reset(window_t *window);

/* Adds one sample, int32 [MODEL_CHANNELS] in thousandths, scaled by `scales` and `shift`.
 * True when the network is to be fed: every MODEL_HOP samples, and so that one feed ends with the
 * first window. `input` holds until the next call. */
bool window_push(window_t *window, const model_scale_t *scales, uint8_t shift,
                 const int32_t *value);

#endif
