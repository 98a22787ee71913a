#include "nn_arithmetic.h"

void nn_mean(const nn_mean_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t o = 0; o < layer->outer; o++) {
    for (int32_t i = 0; i < layer->inner; i++) {
      int32_t sum = 0;
      for (int32_t n = 0; n < layer->count; n++) {
        sum += input[n * layer->inner + i];
      }
      *output++ = nn_average(layer, sum);
    }
    input += layer->count * layer->inner;
  }
}
