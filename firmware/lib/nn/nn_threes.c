#include "nn_threes.h"

#ifndef NN_DSP

static int32_t sum(const nn_threes_t *threes, const int32_t *input, int32_t first) {
  int32_t total = 0;
  for (int32_t tap = 0; tap < 3; tap++) {
    const int32_t at = first + tap;
    const int32_t *const word = input + at / 2 * threes->pitch / 4;
    for (int32_t row = 0; row < 3; row++) {
      total += ((const nn_half_t *)(word + row))[at % 2] * threes->weights[3 * row + tap];
    }
  }
  return 2 * total + threes->bias;
}

void nn_sum_threes(const nn_threes_t *threes) {
  const int32_t stride = threes->kind / 2 + 1;
  const int32_t pairs = (threes->length + threes->pitch * stride - 1) / (threes->pitch * stride);
  const int32_t count = 2 * pairs - threes->length % 2;
  int8_t *row = threes->output;
  for (int32_t at = 0; at <= threes->last_row; at += threes->row_step) {
    const int32_t *const input = threes->input + at / 4;
    for (int32_t i = 0; i < count; i++) {
      const int32_t total = sum(threes, input, i * stride);
      row[i * threes->output_step] = (int8_t)nn_requantize_quick(total, threes->scale);
    }
    row += threes->output_row_step;
  }
}

#endif
