#include "nn_matrix.h"

#ifndef NN_DSP

static void sum_block(const void *block, const nn_half_t *input, int32_t quads,
                      int32_t sums[NN_BLOCK]) {
  const int16_t *weights = block;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (int32_t words = 2 * quads; words > 0; words--, input += 2, weights += 2 * NN_BLOCK) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      sums[i] += input[0] * weights[2 * i] + input[1] * weights[2 * i + 1];
    }
  }
}

void nn_multiply(const nn_matrix_t *matrix, const nn_half_t *input, const int32_t *base,
                 int32_t *output) {
  nn_multiply_with(matrix, input, base, output, sum_block, sizeof(int16_t), 0);
}

#endif
