/* Windows of filters over height and width, wherever they lie. */
#ifndef NN_GATHER_H
#define NN_GATHER_H

#include "nn_arithmetic.h"

/* The taps of a window: rows, columns, then channels side by side. */
typedef struct {
  const int8_t *first;
  int32_t row_step;
  int32_t column_step;
  int32_t alike; /* positions from here on whose windows lie likewise, side by side */
} nn_taps_t;

/* The window of the output position at `y` and `x`: where it lies, or, where it reaches beyond the
 * input, as nn_gather leaves it in `copy`. */
nn_taps_t nn_find(const nn_plane_t *plane, int32_t y, int32_t x, const int8_t *input, int8_t *copy);

/* Copies a window; what lies outside the input reads as its zero point. */
void nn_gather(const nn_plane_t *plane, int32_t y, int32_t x, const int8_t *input, int8_t *copy);

#endif
