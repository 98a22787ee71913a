#include "nn_quads.h"

#ifndef NN_DSP

/* One quad of inputs for two outputs. */
static void sum_quad(const int8_t *x, const int16_t *weights, int32_t sums[2]) {
  static const int8_t inputs[NN_QUAD] = {0, 2, 1, 3};
  for (int32_t i = 0; i < NN_QUAD; i++) {
    const int32_t even = (int8_t)weights[i];
    sums[0] += x[inputs[i]] * even;
    sums[1] += x[inputs[i]] * ((weights[i] - even) >> 8);
  }
}

void nn_sum_quads(const int8_t *first, const int16_t *weights, int32_t more, int32_t sums[NN_BLOCK],
                  const int8_t *rest) {
  const int8_t *x = first;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (int32_t quad = 0; quad <= more; quad++) {
    for (int32_t i = 0; i < NN_BLOCK; i += 2, weights += NN_QUAD) {
      sum_quad(x, weights, sums + i);
    }
    x = rest + NN_QUAD * quad;
  }
}

#endif

void nn_fully_connected(const nn_fully_connected_t *layer, const int8_t *input, int8_t *output) {
  const int32_t more = (layer->inputs - 1) / NN_QUAD;
  const int8_t *const rest = input + layer->inputs - NN_QUAD * more;
  const int16_t *weights = layer->weights;
  const int32_t *bias = layer->bias;
  const nn_scale_t *scale = layer->scales;
  const nn_output_t range = layer->output;
  for (int32_t left = layer->outputs; left > 0; left -= NN_BLOCK) {
    int32_t sums[NN_BLOCK];
    nn_sum_quads(input, weights, more, sums, rest);
    weights += 2 * NN_BLOCK * (more + 1);
    for (int32_t i = 0; i < nn_min(left, NN_BLOCK); i++) {
      *output++ = nn_requantize(sums[i] + *bias++, *scale++, range);
    }
  }
}
