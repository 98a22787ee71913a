#include <stddef.h>

#include "nn_rows.h"

/* A block of channels at all positions: to `output`, or, where it is NULL, added up. */
static void convolve_block(const nn_conv1d_compact_t *layer, int32_t number, const int8_t *window,
                           int8_t *output, int32_t totals[NN_BLOCK]) {
  const nn_row_block_t block = nn_row_block(&layer->rows, number);
  const int32_t pool = layer->pool, step = layer->step;
  for (int32_t left = layer->positions; left > 0; left--) {
    int32_t best[NN_BLOCK];
    nn_sum_rows(&block, window, best);
    window += step;
    for (int32_t more = pool - 1; more > 0; more--, window += step) {
      int32_t sums[NN_BLOCK];
      nn_sum_rows(&block, window, sums);
      nn_keep_larger(best, sums);
    }
    if (output != NULL) {
      nn_finish_rows(&layer->rows, number, best, output);
      output += layer->rows.outputs;
    } else {
      int8_t values[NN_BLOCK] = {0};
      nn_finish_rows(&layer->rows, number, best, values);
      for (int32_t i = 0; i < NN_BLOCK; i++) {
        totals[i] += values[i];
      }
    }
  }
}

void nn_conv1d_compact(const nn_conv1d_compact_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t block = 0; block < nn_row_blocks(&layer->rows); block++) {
    convolve_block(layer, block, input, output + NN_BLOCK * block, NULL);
  }
}

void nn_conv1d_compact_mean(const nn_conv1d_compact_t *layer, const nn_mean_t *mean,
                            const int8_t *input, int8_t *output) {
  for (int32_t block = 0; block < nn_row_blocks(&layer->rows); block++) {
    int32_t totals[NN_BLOCK] = {0};
    convolve_block(layer, block, input, NULL, totals);
    const int32_t left = layer->rows.outputs - NN_BLOCK * block;
    for (int32_t i = 0; i < nn_min(NN_BLOCK, left); i++) {
      *output++ = nn_average(mean, totals[i]);
    }
  }
}
