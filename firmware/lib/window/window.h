/* The samples that a network is fed next, quantized: the buffer is its input. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "model_size.h"
#include "sample.h"

typedef struct {
  int8_t input[WINDOW_FEED * WINDOW_CHANNELS]; /* [WINDOW_FEED][WINDOW_CHANNELS] */
  uint16_t filled;                             /* samples */
  uint16_t seen;                               /* samples, up to WINDOW_SAMPLES */
} window_t;

void window_reset(window_t *window);

/* Adds one sample, int32 [WINDOW_CHANNELS] in thousandths, scaled by `scales` and `shift`.
 * True when the network is to be fed: every WINDOW_HOP samples, and so that one feed ends with the
 * first window. `input` holds until the next call. */
bool window_push(window_t *window, const model_scale_t *scales, uint8_t shift,
                 const int32_t *value);

/* Fills a window of which not all samples were seen, as if the first one had been there before.
 * Needs one. */
void window_complete(window_t *window);

#endif
