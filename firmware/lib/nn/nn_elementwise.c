#include "nn_arithmetic.h"

#define ADD_HEADROOM_BITS 20

void nn_add(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t fine_a = (a[at_a] - layer->zero_point_a) * (1 << ADD_HEADROOM_BITS);
    const int32_t fine_b = (b[at_b] - layer->zero_point_b) * (1 << ADD_HEADROOM_BITS);
    const int32_t sum = nn_rescale(fine_a, layer->scale_a) + nn_rescale(fine_b, layer->scale_b);
    output[i] = nn_requantize(sum, layer->scale, layer->output);
    at_a = at_a + 1 < layer->count_a ? at_a + 1 : 0;
    at_b = at_b + 1 < layer->count_b ? at_b + 1 : 0;
  }
}

void nn_lookup(const int8_t table[256], int32_t count, const int8_t *input, int8_t *output) {
  for (int32_t i = 0; i < count; i++) {
    output[i] = table[input[i] + 128];
  }
}
