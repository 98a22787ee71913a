/* What nn_depthwise_conv2d has in a version for the DSP instructions. */
#ifndef NN_TAPS_H
#define NN_TAPS_H

#include "nn_arithmetic.h"

/* A row of taps on four channels, at several positions. nn_taps_dsp.c knows the order of the
 * words. */
typedef struct {
  const int8_t *input;        /* of the first position */
  int32_t column_step;        /* from tap to tap */
  const int16_t *weights;     /* [taps][NN_BLOCK], channels 0, 2, 1, 3 */
  const int16_t *weights_end; /* after at least one tap */
  const int32_t *from;        /* what is added to: the bias, or sums of other rows */
  int32_t from_step;          /* bytes, from position to position */
  int32_t *sums;              /* NN_BLOCK for each position */
  const int32_t *sums_end;    /* after at least one position */
  int32_t step;               /* from one position to the next */
} nn_tap_row_t;

void nn_sum_taps(const nn_tap_row_t *row);

#endif
