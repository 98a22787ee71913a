#include "nn_lines.h"

#ifndef NN_DSP

void nn_sum_lines(const nn_lines_t *lines) {
  int8_t *output = lines->output;
  for (int32_t i = 0; i < lines->count; i++, output += lines->output_step) {
    const nn_half_t *x = (const nn_half_t *)(lines->input + i / 2 * lines->pair / 4);
    const int8_t *weights = lines->weights + i % 2;
    int32_t sum = 0;
    for (int32_t step = 0; step < lines->steps; step++, x += 2, weights += 4) {
      sum += x[0] * weights[0] + x[1] * weights[2];
    }
    *output = (int8_t)nn_requantize_quick(2 * sum + lines->bias, lines->scale);
  }
}

#endif
