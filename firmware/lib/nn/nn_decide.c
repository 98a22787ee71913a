#include "nn_arithmetic.h"

#define COMPARE_HEADROOM 256

/* The next place of an operand that repeats. */
static inline int32_t next(int32_t at, int32_t count) { return at + 1 < count ? at + 1 : 0; }

static inline int32_t fine(int32_t value, int32_t zero_point, nn_scale_t scale) {
  return nn_rescale((value - zero_point) * COMPARE_HEADROOM, scale);
}

void nn_compare(const nn_compare_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    const int32_t left = fine(a[at_a], layer->zero_point_a, layer->scale_a);
    const int32_t right = fine(b[at_b], layer->zero_point_b, layer->scale_b);
    const int32_t found = left < right ? NN_LESS : left > right ? NN_GREATER : NN_EQUAL;
    output[i] = (found & layer->wanted) != 0;
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}

void nn_select(const nn_select_t *layer, const int8_t *condition, const int8_t *a, const int8_t *b,
               int8_t *output) {
  int32_t at = 0;
  int32_t at_a = 0;
  int32_t at_b = 0;
  for (int32_t i = 0; i < layer->count; i++) {
    output[i] = condition[at] != 0 ? a[at_a] : b[at_b];
    at = next(at, layer->count_condition);
    at_a = next(at_a, layer->count_a);
    at_b = next(at_b, layer->count_b);
  }
}
