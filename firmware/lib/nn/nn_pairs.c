#include "nn_pairs.h"

#include <stddef.h>

#ifndef NN_DSP

typedef struct {
  int32_t a[NN_BLOCK];
  int32_t b[NN_BLOCK];
} sums_t;

/* Two channels at both positions: what the registers of a Cortex-M4 hold. */
static void sum_two_channels(const nn_pairs_t *pairs, const nn_half_t *x, int32_t channel,
                             sums_t *sums) {
  const nn_half_t *const end = x + 4 * pairs->steps;
  const int16_t *weights = pairs->weights + 2 * channel;
  int32_t a0 = pairs->bias[channel], a1 = pairs->bias[channel + 1], b0 = a0, b1 = a1;
  for (; x != end; x += 4, weights += 2 * NN_BLOCK) {
    a0 += x[0] * weights[0];
    b0 += x[2] * weights[0];
    a1 += x[0] * weights[2];
    b1 += x[2] * weights[2];
    a0 += x[1] * weights[1];
    b0 += x[3] * weights[1];
    a1 += x[1] * weights[3];
    b1 += x[3] * weights[3];
  }
  sums->a[channel] = a0;
  sums->a[channel + 1] = a1;
  sums->b[channel] = b0;
  sums->b[channel + 1] = b1;
}

static void put(const nn_pairs_t *pairs, const sums_t *sums, int8_t *output) {
  int32_t *all = (int32_t *)(void *)output;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    if (pairs->quick_scales == NULL) {
      all[i] = sums->a[i];
      all[NN_BLOCK + i] = sums->b[i];
    } else {
      const int32_t larger = nn_max(sums->a[i], sums->b[i]);
      output[i] = (int8_t)nn_requantize_quick(larger, pairs->quick_scales[i]);
    }
  }
}

void nn_sum_pairs(const nn_pairs_t *pairs) {
  const int32_t advance = 2 * pairs->steps + pairs->next;
  int8_t *output = pairs->output;
  for (const int32_t *input = pairs->input; input != pairs->end; input += advance) {
    sums_t sums;
    sum_two_channels(pairs, (const nn_half_t *)input, 0, &sums);
    sum_two_channels(pairs, (const nn_half_t *)input, 2, &sums);
    put(pairs, &sums, output);
    output += pairs->output_step;
  }
}

void nn_widen_pairs(const int8_t *input, int32_t step, int32_t count, int32_t *output) {
  const int8_t *b = input + step;
  for (int32_t i = 0; i < count; i++, input += 2, b += 2) {
    output = nn_put_pairs(output, input[0], input[1], b[0], b[1]);
  }
}

void nn_add_up(const int32_t *outputs, int32_t count, int32_t totals[NN_BLOCK]) {
  const int8_t *value = (const int8_t *)outputs;
  for (; count > 0; count--, value += NN_BLOCK) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      totals[i] += value[i];
    }
  }
}

#endif
