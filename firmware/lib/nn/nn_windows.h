/* What nn_conv2d has in a version for the DSP instructions: windows are widened, two positions side
 * by side, and sums of all channels are made of them and rescaled. Both versions give the same
 * bytes.
 *
 * Inputs are taken in quads. Widened, a quad is four words: inputs 0 and 2 of position a, the same
 * of b, then 1 and 3 of each. */
#ifndef NN_WINDOWS_H
#define NN_WINDOWS_H

#include "nn_arithmetic.h"

#define NN_QUAD 4
#define NN_PAIR 2 /* positions that are computed together */

/* All blocks of channels at several pairs of positions. nn_windows_dsp.c knows the order of the
 * words. Sums are doubled. */
typedef struct {
  const int32_t *input;           /* windows of the first pair */
  const int16_t *weights;         /* of nn_conv2d_t */
  const int32_t *bias;            /* of nn_conv2d_t */
  const nn_short_scale_t *scales; /* of nn_conv2d_t */
  int8_t *output;
  int32_t output_step; /* from one position to the next one */
  const nn_short_scale_t *scales_end;
  int32_t pairs;        /* of positions */
  int32_t window_bytes; /* of a pair of windows */
  int32_t halves;       /* of the scales */
  int32_t block_bytes;  /* of the weights of a block of channels */
} nn_windows_t;

typedef void nn_sum_windows_t(const nn_windows_t *windows);

/* Weights of nn_conv2d. */
nn_sum_windows_t nn_sum_windows;

/* Weights of nn_conv2d_wide. */
nn_sum_windows_t nn_sum_windows_wide;

/* Widens runs of quads of both positions, at least one of each; `gap`: bytes from the end of a run
 * to the next one. */
void nn_widen_both(const int8_t *a, const int8_t *b, int32_t quads, int32_t *output, int32_t runs,
                   int32_t gap);

#endif
