#include "nn_sums_int16.h"

#ifndef NN_DSP

void nn_sum_block_int16(const nn_half_t *window, const void *weights, int32_t quads,
                        int32_t sums[NN_BLOCK], int32_t back) {
  const int16_t *weight = weights;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (int32_t quad = 0; quad < quads; quad++, window += NN_QUAD) {
    for (int32_t i = 0; i < 2 * NN_BLOCK; i++, weight += 2) {
      const nn_half_t *const word = window + 2 * (i / NN_BLOCK);
      sums[i % NN_BLOCK] += word[0] * weight[0] + word[1] * weight[1];
    }
    window -= quad == 0 ? back : 0;
  }
}

void nn_sum_block_int16_compact(const nn_half_t *window, const void *weights, int32_t quads,
                                int32_t sums[NN_BLOCK], int32_t back) {
  const int8_t *weight = weights;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (int32_t quad = 0; quad < quads; quad++, window += NN_QUAD) {
    for (int32_t i = 0; i < NN_BLOCK; i++, weight += NN_QUAD) {
      sums[i] += window[0] * weight[0] + window[1] * weight[2];
      sums[i] += window[2] * weight[1] + window[3] * weight[3];
    }
    window -= quad == 0 ? back : 0;
  }
}

#endif
