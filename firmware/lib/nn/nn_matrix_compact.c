#include "nn_matrix.h"

#ifndef NN_DSP

static void sum_block(const void *block, const nn_half_t *input, int32_t quads,
                      int32_t sums[NN_BLOCK]) {
  const int8_t *weights = block;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (; quads > 0; quads--, input += 4) {
    for (int32_t i = 0; i < NN_BLOCK; i++, weights += 4) {
      sums[i] += input[0] * weights[0] + input[1] * weights[2];
      sums[i] += input[2] * weights[1] + input[3] * weights[3];
    }
  }
}

void nn_multiply_compact(const nn_matrix_t *matrix, const nn_half_t *input, const int32_t *base,
                         int32_t *output) {
  nn_multiply_with(matrix, input, base, output, sum_block, sizeof(int8_t), matrix->shift);
}

#endif
