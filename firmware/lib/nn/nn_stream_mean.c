#include <string.h>

#include "nn_arithmetic.h"
#include "nn_stream.h"

#define QUAD 4

/* The place of the next column, once this one is `at`. */
static int32_t next(const nn_mean_t *layer, int32_t at) {
  return at + 1 == layer->count ? 0 : at + 1;
}

void nn_stream_mean_add(const nn_mean_t *layer, int32_t columns, const int8_t *input,
                        int32_t *state) {
  int32_t *const sums = state + 1;
  int8_t *const ring = (int8_t *)(sums + layer->inner);
  for (; columns > 0; columns--, state[0] = next(layer, state[0])) {
    int8_t *const oldest = ring + state[0] * layer->inner;
    for (int32_t channel = 0; channel < layer->inner; channel++) {
      sums[channel] += *input - oldest[channel];
      oldest[channel] = *input++;
    }
  }
}

void nn_stream_mean(const nn_mean_t *layer, int8_t *output, const int32_t *state) {
  for (int32_t channel = 0; channel < layer->inner; channel++) {
    output[channel] = nn_average(layer, state[1 + channel]);
  }
}

/* Four channels, of a column that comes and of one that leaves: the sums of 0 and 2 are halves of
 * the first word, those of 1 and 3 of the second. */
static inline void replace(int32_t sums[2], int32_t comes, int32_t leaves) {
#ifdef NN_DSP
  int32_t even = sums[0], odd = sums[1], halves;
  __asm(
      "sxtab16 %0, %0, %3\n"
      "sxtab16 %1, %1, %3, ror #8\n"
      "sxtb16 %2, %4\n"
      "ssub16 %0, %0, %2\n"
      "sxtb16 %2, %4, ror #8\n"
      "ssub16 %1, %1, %2\n"
      : "+r"(even), "+r"(odd), "=&r"(halves)
      : "r"(comes), "r"(leaves));
  sums[0] = even;
  sums[1] = odd;
#else
  for (int32_t i = 0; i < QUAD; i++) {
    const int32_t change = (int8_t)(comes >> 8 * i) - (int8_t)(leaves >> 8 * i);
    const int32_t high = i / 2;
    const int32_t low = (int16_t)sums[i % 2] + (high ? 0 : change);
    const int32_t up = (sums[i % 2] >> 16) + (high ? change : 0);
    sums[i % 2] = (int32_t)((uint32_t)up << 16 | (uint16_t)low);
  }
#endif
}

void nn_stream_mean_quads_add(const nn_mean_t *layer, int32_t columns, const int8_t *input,
                              int32_t *state) {
  const int32_t channels = layer->inner;
  int8_t *const ring = (int8_t *)(state + 1 + channels / 2);
  for (; columns > 0; columns--, state[0] = next(layer, state[0])) {
    int8_t *oldest = ring + state[0] * channels;
    int32_t *sums = state + 1;
    for (const int8_t *const end = oldest + channels; oldest != end; oldest += QUAD, sums += 2) {
      int32_t comes, leaves;
      memcpy(&comes, input, sizeof comes);
      memcpy(&leaves, oldest, sizeof leaves);
      memcpy(oldest, &comes, sizeof comes);
      replace(sums, comes, leaves);
      input += QUAD;
    }
  }
}

/* nn_average for sums of 16 bits: the shift to the left is one with the doubling. */
typedef struct {
  int32_t zero; /* what the zero point adds to a sum that is shifted to the left */
  int32_t multiplier;
  int32_t left, right;
  int32_t half;     /* of what a shift to the right takes for 1 */
  int32_t negative; /* what it adds to a number below 0: ties go away from zero */
  int32_t zero_point;
} average_t;

static inline int8_t average(average_t mean, int32_t sum) {
  const int32_t high = nn_multiply_quick(sum * (1 << mean.left) - mean.zero, mean.multiplier);
  const int32_t value = high + ((high >> 31) & mean.negative) + mean.half;
  return (int8_t)nn_saturate((value >> mean.right) + mean.zero_point);
}

void nn_stream_mean_quads(const nn_mean_t *layer, int8_t *output, const int32_t *state) {
  const int32_t left = 1 + nn_max(layer->scale.shift, 0), right = nn_max(-layer->scale.shift, 0);
  const average_t mean = {.zero = layer->input_zero_point * layer->count * (1 << left),
                          .multiplier = layer->scale.multiplier,
                          .left = left,
                          .right = right,
                          .half = (int32_t)((1u << right) >> 1),
                          .negative = right > 0 ? -1 : 0,
                          .zero_point = layer->output_zero_point};
  const int32_t *sums = state + 1;
  for (const int8_t *const end = output + layer->inner; output != end; output += QUAD) {
    const int32_t even = *sums++, odd = *sums++;
    output[0] = average(mean, (int16_t)even);
    output[1] = average(mean, (int16_t)odd);
    output[2] = average(mean, even >> 16);
    output[3] = average(mean, odd >> 16);
  }
}
