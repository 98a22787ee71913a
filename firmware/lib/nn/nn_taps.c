#include "nn_taps.h"

#include <stddef.h>

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
  const nn_short_scale_t *scale = taps->scales;
  int8_t *output = taps->output;
  int32_t *sums = taps->sums;
  for (const int32_t *bias = taps->bias; bias != taps->bias_end; weights += taps->weights_step) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      const int32_t total = *bias++ + sum(taps, input++, weights + i);
      if (scale == NULL) {
        *sums++ = total;
        continue;
      }
      *output = (int8_t)nn_requantize_quick(2 * total, nn_quick_scale(*scale++, taps->halves));
      output += taps->output_step;
    }
  }
}

#endif
