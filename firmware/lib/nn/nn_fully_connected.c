#include "nn_arithmetic.h"

static void sum_block(const nn_fully_connected_t *layer, int32_t output, const int8_t *input,
                      int32_t sums[NN_BLOCK]) {
  const int8_t *weights = layer->weights + output * layer->inputs;
  const int32_t *bias = layer->bias + output;
  int32_t s0 = bias[0], s1 = bias[1], s2 = bias[2], s3 = bias[3];
  for (int32_t i = 0; i < layer->inputs; i++, weights += NN_BLOCK) {
    const int32_t x = input[i];
    s0 += x * weights[0];
    s1 += x * weights[1];
    s2 += x * weights[2];
    s3 += x * weights[3];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

static void connect_row(const nn_fully_connected_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t o = 0; o < layer->outputs; o++) {
    int32_t sums[NN_BLOCK];
    if (o % NN_BLOCK == 0) {
      sum_block(layer, o, input, sums);
    }
    output[o] = nn_requantize(sums[o % NN_BLOCK], layer->scales[o], layer->output);
  }
}

void nn_fully_connected(const nn_fully_connected_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t row = 0; row < layer->rows; row++) {
    connect_row(layer, input, output);
    input += layer->inputs;
    output += layer->outputs;
  }
}
