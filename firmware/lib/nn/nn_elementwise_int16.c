#include "nn_sums_int16.h"

/* The next place of an operand that repeats. */
static inline int32_t next(int32_t at, int32_t count) { return at + 1 < count ? at + 1 : 0; }

#define FINE_STEPS (1 << 15)

/* a + sign * b */
static inline void combine(const nn_add_t *layer, int32_t sign, const nn_half_t *a,
                           const nn_half_t *b, nn_half_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t fine_a = nn_rescale(a[at_a] * FINE_STEPS, layer->scale_a);
    const int32_t fine_b = nn_rescale(b[at_b] * FINE_STEPS, layer->scale_b);
    const int32_t result = nn_rescale(fine_a + sign * fine_b, layer->scale);
    output[i] = nn_clamp_half(result, layer->output.min, layer->output.max);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_add_int16(const nn_add_t *layer, const void *a, const void *b, void *output) {
  combine(layer, 1, a, b, output);
}

void nn_sub_int16(const nn_add_t *layer, const void *a, const void *b, void *output) {
  combine(layer, -1, a, b, output);
}

void nn_mul_int16(const nn_mul_t *layer, const void *a, const void *b, void *output) {
  const nn_half_t *const left = a, *const right = b;
  nn_half_t *to = output;
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t result = nn_rescale(left[at_a] * right[at_b], layer->scale);
    *to++ = nn_clamp_half(result, layer->output.min, layer->output.max);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_prelu_int16(const nn_prelu_t *layer, const void *a, const int8_t *b, void *output) {
  const nn_half_t *const values = a;
  nn_half_t *to = output;
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t value = values[at_a];
    const int32_t below = value * (b[at_b] - layer->zero_point_b);
    const int32_t result =
        value >= 0 ? nn_rescale(value, layer->scale) : nn_rescale(below, layer->scale_below);
    *to++ = nn_clamp_half(result, layer->output.min, layer->output.max);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

/* sign: 1 for the larger, -1 for the smaller. */
static inline void choose(const nn_extreme_t *layer, int32_t sign, const nn_half_t *a,
                          const nn_half_t *b, nn_half_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    output[i] = sign * a[at_a] > sign * b[at_b] ? a[at_a] : b[at_b];
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_maximum_int16(const nn_extreme_t *layer, const void *a, const void *b, void *output) {
  choose(layer, 1, a, b, output);
}

void nn_minimum_int16(const nn_extreme_t *layer, const void *a, const void *b, void *output) {
  choose(layer, -1, a, b, output);
}

void nn_leaky_relu_int16(const nn_slopes_int16_t *layer, const void *input, void *output) {
  const nn_half_t *from = input;
  nn_half_t *to = output;
  for (int32_t left = layer->count; left > 0; left--) {
    const int32_t value = *from++;
    const int32_t below = nn_rescale(value, layer->scale_below);
    const int32_t result = value >= 0      ? nn_rescale(value, layer->scale)
                           : layer->turned ? -below
                                           : below;
    *to++ = nn_clamp_half(result, INT16_MIN, INT16_MAX);
  }
}

void nn_abs_int16(const nn_slopes_int16_t *layer, const void *input, void *output) {
  const nn_half_t *from = input;
  nn_half_t *to = output;
  for (int32_t left = layer->count; left > 0; left--) {
    const int32_t value = *from++;
    const int32_t result = nn_rescale(value < 0 ? -value : value, layer->scale);
    *to++ = nn_clamp_half(result, INT16_MIN, INT16_MAX);
  }
}
