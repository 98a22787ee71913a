#include "nn_arithmetic.h"

void nn_reduce_max(const nn_reduce_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t part = 0; part < layer->outer; part++, input += layer->count * layer->inner) {
    for (int32_t i = 0; i < layer->inner; i++) {
      int32_t best = INT8_MIN;
      for (int32_t at = 0; at < layer->count; at++) {
        best = nn_max(best, input[at * layer->inner + i]);
      }
      *output++ = (int8_t)best;
    }
  }
}

void nn_reduce_min(const nn_reduce_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t part = 0; part < layer->outer; part++, input += layer->count * layer->inner) {
    for (int32_t i = 0; i < layer->inner; i++) {
      int32_t best = INT8_MAX;
      for (int32_t at = 0; at < layer->count; at++) {
        best = nn_min(best, input[at * layer->inner + i]);
      }
      *output++ = (int8_t)best;
    }
  }
}
