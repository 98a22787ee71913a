/* What nn_depthwise_conv2d has in a version for the DSP instructions. */
#ifndef NN_TAPS_H
#define NN_TAPS_H

#include "nn_arithmetic.h"

/* The taps of one window that lie in the picture, on some blocks of channels. A gap: bytes from
 * after what was taken to what is taken next. nn_taps_dsp.c knows the order of the words. */
typedef struct {
  const nn_short_scale_t *scales; /* NN_BLOCK a block, for sums that are doubled; or NULL */
  void *output;                   /* bytes; without scales sums, NN_BLOCK words a block */
  int32_t output_step;            /* of bytes */
  int32_t halves;                 /* of the scales */
  const int32_t *bias;            /* NN_BLOCK a block */
  const int32_t *bias_end;
  int32_t input_gap; /* between blocks */
  int32_t weights_gap;
  int32_t column_step; /* of the input, from tap to tap */
  int32_t rows;        /* that lie in the picture, at least one */
  int32_t row_bytes;   /* of weights: NN_BLOCK for each tap of a row in the picture, or none */
  int32_t row_input_gap;
  int32_t row_weights_gap;
  const int8_t *input;   /* of the first tap */
  const int8_t *weights; /* [rows][columns][NN_BLOCK] of the filter, from its first tap here on */
  int32_t offset;        /* what is added to the input, in either half */
} nn_window_taps_t;

void nn_sum_taps(const nn_window_taps_t *taps);

#endif
