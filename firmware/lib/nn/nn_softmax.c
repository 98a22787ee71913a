#include "nn_arithmetic.h"

/* Sums of exponentials are kept with 12 integer bits, so that thousands of them fit. */
#define SUM_INTEGER_BITS 12
#define NEWTON_STEPS 3
#define ONE_Q2_29 (1 << 29)
#define Q2_29_48_OVER_17 1515870810
#define Q2_29_32_OVER_17 1010580540

/* 1 / (1 + x) for x in 0..1, Q0.31, by Newton-Raphson division on half the denominator:
 * x' = x + x * (1 - d * x), from the estimate 48/17 - 32/17 * d, which is 1/17 wrong at most. */
static int32_t reciprocal_of_one_plus(int32_t x) {
  const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
  int32_t estimate = Q2_29_48_OVER_17 + nn_multiply_high(half_denominator, -Q2_29_32_OVER_17);
  for (int32_t step = 0; step < NEWTON_STEPS; step++) {
    const int32_t error = ONE_Q2_29 - nn_multiply_high(half_denominator, estimate);
    estimate += nn_multiply_high(estimate, error) * 4;
  }
  return estimate > INT32_MAX / 2 ? INT32_MAX : estimate * 2;
}

static int32_t exponential(const nn_softmax_t *layer, int32_t distance) {
  return distance < layer->entries ? layer->exponentials[distance] : 0;
}

/* What the exponentials of a row are to be multiplied with: reciprocal * 2^-shift. */
typedef struct {
  int32_t largest; /* of the inputs */
  int32_t reciprocal;
  int32_t shift;
} row_t;

static row_t sum_row(const nn_softmax_t *layer, const int8_t *input) {
  int32_t largest = INT8_MIN;
  for (int32_t c = 0; c < layer->classes; c++) {
    largest = nn_max(largest, input[c]);
  }
  int32_t sum = 0;
  for (int32_t c = 0; c < layer->classes; c++) {
    sum += nn_shift_right(exponential(layer, largest - input[c]), SUM_INTEGER_BITS);
  }
  const int32_t zeros = __builtin_clz((uint32_t)sum);
  const uint32_t fraction = ((uint32_t)sum << zeros) - 0x80000000u;
  const row_t row = {largest, reciprocal_of_one_plus((int32_t)fraction),
                     SUM_INTEGER_BITS - zeros + 31};
  return row;
}

/* A share of 1, in 2^bits steps. */
static int32_t share(const nn_softmax_t *layer, row_t row, int32_t input, int32_t bits) {
  const int32_t value = exponential(layer, row.largest - input);
  return nn_shift_right(nn_multiply_high(row.reciprocal, value), row.shift - bits);
}

void nn_softmax(const nn_softmax_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t row = 0; row < layer->rows; row++) {
    const row_t sums = sum_row(layer, input);
    for (int32_t c = 0; c < layer->classes; c++) {
      *output++ = nn_clamp(share(layer, sums, *input++, 8) + INT8_MIN, INT8_MIN, INT8_MAX);
    }
  }
}

void nn_softmax_wide(const nn_softmax_t *layer, const int8_t *input, void *output) {
  nn_half_t *to = (nn_half_t *)output;
  for (int32_t row = 0; row < layer->rows; row++) {
    const row_t sums = sum_row(layer, input);
    for (int32_t c = 0; c < layer->classes; c++) {
      *to++ = (int16_t)nn_min(share(layer, sums, *input++, 16) + INT16_MIN, INT16_MAX);
    }
  }
}
