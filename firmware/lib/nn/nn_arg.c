#include "nn_arithmetic.h"

/* sign: 1 for the largest, -1 for the smallest; of equal ones the first. */
static void find(const nn_reduce_t *layer, int32_t sign, const int8_t *input, int32_t *output) {
  for (int32_t part = 0; part < layer->outer; part++, input += layer->count * layer->inner) {
    for (int32_t i = 0; i < layer->inner; i++) {
      int32_t best = 0;
      for (int32_t at = 1; at < layer->count; at++) {
        if (sign * input[at * layer->inner + i] > sign * input[best * layer->inner + i]) best = at;
      }
      *output++ = best;
    }
  }
}

void nn_arg_max(const nn_reduce_t *layer, const int8_t *input, void *output) {
  find(layer, 1, input, output);
}

void nn_arg_min(const nn_reduce_t *layer, const int8_t *input, void *output) {
  find(layer, -1, input, output);
}
