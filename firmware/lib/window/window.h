/* The last MODEL_WINDOW samples, quantised: the buffer is the network's input. */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "model_size.h"
#include "sample.h"

typedef struct {
  int8_t input[MODEL_WINDOW * MODEL_CHANNELS]; /* [MODEL_WINDOW][MODEL_CHANNELS] */
  uint16_t filled;                             /* samples */
} window_t;

void window_reset(window_t *window);

/* Adds one sample, int32 [MODEL_CHANNELS] in thousandths, scaled by `scales` and `shift`.
 * True when the window is full: at first after MODEL_WINDOW samples, then every MODEL_HOP.
 * `input` holds until the next call. */
bool window_push(window_t *window, const model_scale_t *scales, uint8_t shift,
                 const int32_t *value);

#endif
