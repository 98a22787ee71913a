#include "nn_cells.h"

#ifndef NN_DSP

static void sum_block(const int8_t *weights, const nn_half_t *input, int32_t quads,
                      int32_t sums[NN_BLOCK]) {
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
  const int8_t *weights = matrix->weights;
  const int32_t *multiplier = matrix->multipliers;
  for (int32_t block = 0; block < matrix->blocks; block++) {
    int32_t sums[NN_BLOCK];
    sum_block(weights, input, matrix->quads, sums);
    weights += 4 * NN_BLOCK * matrix->quads;
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      *output++ = nn_multiply_add(sums[i] * (1 << matrix->shift), *multiplier++, *base++);
    }
  }
}

#endif
