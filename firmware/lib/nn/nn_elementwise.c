#include "nn_arithmetic.h"

/* The next place of an operand that repeats. */
static inline int32_t next(int32_t at, int32_t count) { return at + 1 < count ? at + 1 : 0; }

void nn_mul(const nn_mul_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t product = (a[at_a] - layer->zero_point_a) * (b[at_b] - layer->zero_point_b);
    output[i] = nn_requantize(product, layer->scale, layer->output);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_prelu(const nn_prelu_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t value = a[at_a] - layer->zero_point_a;
    const int32_t below = value * (b[at_b] - layer->zero_point_b);
    output[i] = value >= 0 ? nn_requantize(value, layer->scale, layer->output)
                           : nn_requantize(below, layer->scale_below, layer->output);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_maximum(const nn_extreme_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    output[i] = a[at_a] > b[at_b] ? a[at_a] : b[at_b];
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_minimum(const nn_extreme_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    output[i] = a[at_a] < b[at_b] ? a[at_a] : b[at_b];
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_lookup(const int8_t table[256], int32_t count, const int8_t *input, int8_t *output) {
  for (int32_t i = 0; i < count; i++) {
    output[i] = table[input[i] + 128];
  }
}
