#include "nn_sums_int16.h"

static int32_t add_up(const nn_half_t *input, int32_t step, int32_t count) {
  int32_t sum = 0;
  for (; count > 0; count--, input += step) {
    sum += *input;
  }
  return sum;
}

void nn_mean_int16(const nn_mean_t *layer, const void *input, void *output) {
  const nn_half_t *from = input;
  nn_half_t *to = output;
  for (int32_t outer = layer->outer; outer > 0; outer--, from += layer->count * layer->inner) {
    for (int32_t i = 0; i < layer->inner; i++) {
      const int32_t mean = nn_rescale(add_up(from + i, layer->inner, layer->count), layer->scale);
      *to++ = nn_clamp_half(mean, INT16_MIN, INT16_MAX);
    }
  }
}
