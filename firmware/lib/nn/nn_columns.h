/* The two halves of nn_stream_conv1d that have a version for the DSP instructions: what is new goes
 * into the window, and sums are made of it. Both versions give the same sums. */
#ifndef NN_COLUMNS_H
#define NN_COLUMNS_H

#include "nn_arithmetic.h"
#include "nn_stream.h"

#define NN_QUAD 4

typedef int16_t __attribute__((may_alias)) nn_half_t;

/* Drops the oldest columns of the window, and widens layer->fresh new ones. */
void nn_append_columns(const nn_stream_conv1d_t *layer, const int8_t *input, int32_t *window);

/* One output column: of all blocks of channels the largest sums of a pool. With relu_scales an
 * output for each, else the sums, NN_BLOCK words a block. */
void nn_sum_column(const nn_stream_conv1d_t *layer, const int32_t *window, int8_t *output);

/* Widens columns of any number of channels. */
static inline void nn_widen_columns(const int8_t *input, int32_t columns, int32_t channels,
                                    int32_t *output) {
  nn_half_t *half = (nn_half_t *)output;
  for (; columns > 0; columns--) {
    for (int32_t channel = 0; channel < channels; channel++) {
      *half++ = *input++;
    }
    if (channels % 2 != 0) {
      *half++ = 0;
    }
  }
}

#endif
