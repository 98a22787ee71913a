#include "nn_arithmetic.h"

static int32_t load(const void *values, int32_t bytes, int32_t at) {
  if (bytes == 1) return ((const int8_t *)values)[at];
  if (bytes == 2) return ((const nn_half_t *)values)[at];
  return ((const nn_word_t *)values)[at];
}

static void store(void *values, int32_t bytes, int32_t at, int32_t value) {
  if (bytes == 1) {
    ((int8_t *)values)[at] = (int8_t)value;
  } else if (bytes == 2) {
    ((nn_half_t *)values)[at] = (int16_t)value;
  } else {
    ((nn_word_t *)values)[at] = value;
  }
}

void nn_quantize(const nn_quantize_t *layer, const void *input, void *output) {
  const nn_output_t range = layer->output;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t value = load(input, layer->input_bytes, i) - layer->input_zero_point;
    const int32_t result = nn_rescale(value, layer->scale) + range.zero_point;
    store(output, layer->output_bytes, i, nn_min(nn_max(result, range.min), range.max));
  }
}
