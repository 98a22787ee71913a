#include "nn_taps.h"

#ifndef NN_DSP

static int32_t sum(const nn_window_taps_t *taps, const int8_t *input, const int8_t *weights) {
  int32_t total = 0;
  for (int32_t row = 0; row < taps->rows; row++) {
    for (int32_t column = 0; column < taps->columns; column++) {
      total += (*input + (int16_t)taps->offset) * *weights;
      input += taps->column_step;
      weights += NN_BLOCK;
    }
    input += taps->row_gap;
    weights += taps->weights_gap;
  }
  return total;
}

void nn_sum_taps(const nn_window_taps_t *taps) {
  const int8_t *input = taps->input, *weights = taps->weights;
  const int32_t *bias = taps->bias;
  for (int32_t *sums = taps->sums; sums != taps->sums_end; weights += taps->weights_step) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      *sums++ = *bias++ + sum(taps, input++, weights + i);
    }
  }
}

#endif
