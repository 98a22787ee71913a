#include "nn_arithmetic.h"

/* The newest value of a filter, from the input. */
static int32_t feature(const nn_svdf_t *layer, const int8_t *weights, int32_t bias,
                       const int8_t *input) {
  int32_t sum = bias;
  for (int32_t i = 0; i < layer->inputs; i++) {
    sum += weights[i] * input[i];
  }
  return nn_min(nn_max(nn_rescale(sum, layer->feature_scale), INT16_MIN), INT16_MAX);
}

/* Moves a filter's values on by one, and sums them up with the weights of their age. */
static uint32_t remember(const int16_t *weights, int32_t memory, nn_half_t *values,
                         int32_t newest) {
  uint32_t sum = 0;
  for (int32_t i = 0; i < memory - 1; i++) {
    values[i] = values[i + 1];
    sum += (uint32_t)(weights[i] * values[i]);
  }
  values[memory - 1] = (int16_t)newest;
  return sum + (uint32_t)(weights[memory - 1] * newest);
}

void nn_svdf(const nn_svdf_t *layer, const int8_t *input, int8_t *output, int32_t *state) {
  const int8_t *features = layer->features;
  const int16_t *times = layer->times;
  const int32_t *feature_bias = layer->feature_bias;
  nn_half_t *values = (nn_half_t *)state;
  for (int32_t unit = 0; unit < layer->units; unit++) {
    uint32_t sum = (uint32_t)layer->bias[unit];
    for (int32_t i = 0; i < layer->rank; i++) {
      const int32_t newest = feature(layer, features, *feature_bias++, input);
      sum += remember(times, layer->memory, values, newest);
      features += layer->inputs;
      times += layer->memory;
      values += layer->memory;
    }
    output[unit] = nn_requantize((int32_t)sum, layer->scale, layer->output);
  }
}
