/* What nn_depthwise_conv2d has in a version for the DSP instructions. */
#ifndef NN_TAPS_H
#define NN_TAPS_H

#include "nn_arithmetic.h"

/* The taps of one window that lie in the picture, at least one, on some blocks of channels.
 * nn_taps_dsp.c knows the order of the words. */
typedef struct {
  const int8_t *input;   /* of the first tap */
  const int8_t *weights; /* [rows][columns][NN_BLOCK] of the filter, from its first tap here on */
  const int32_t *bias;   /* NN_BLOCK a block */
  int32_t *sums;         /* likewise, where they are not rescaled */
  const int32_t *bias_end;
  int32_t offset;                 /* what is added to the input, in either half */
  int32_t column_step;            /* of the input, from tap to tap */
  int32_t columns;                /* that lie in the picture */
  int32_t row_gap;                /* bytes of the input from after a row of taps to the next */
  int32_t weights_gap;            /* the same of weights */
  int32_t rows;                   /* that lie in the picture */
  int32_t weights_step;           /* bytes from a block to the next */
  const nn_short_scale_t *scales; /* NN_BLOCK a block, for sums that are doubled; or NULL */
  int8_t *output;
  int32_t output_step;
  int32_t halves; /* of the scales */
} nn_window_taps_t;

void nn_sum_taps(const nn_window_taps_t *taps);

#endif
