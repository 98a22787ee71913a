#include "nn_int16.h"
#include "nn_sigmoid.h"

typedef int32_t function_t(int32_t value);

static inline void apply(const nn_sigmoid_int16_t *layer, function_t *function,
                         const nn_half_t *input, nn_half_t *output) {
  const int32_t half = 1 << layer->shift >> 1;
  for (int32_t left = layer->count; left > 0; left--) {
    *output++ = (int16_t)function((*input++ * layer->multiplier + half) >> layer->shift);
  }
}

void nn_logistic_int16(const nn_sigmoid_int16_t *layer, const void *input, void *output) {
  apply(layer, nn_sigmoid, input, output);
}

void nn_tanh_int16(const nn_sigmoid_int16_t *layer, const void *input, void *output) {
  apply(layer, nn_hyperbolic_tangent, input, output);
}
