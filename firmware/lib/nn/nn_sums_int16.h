/* How sums of products with int16 become int16 again. */
#ifndef NN_SUMS_INT16_H
#define NN_SUMS_INT16_H

#include <stddef.h>

#include "nn_arithmetic.h"
#include "nn_int16.h"

#define NN_QUAD 4

/* A window of whole quads times the weights of a block of channels. */
typedef void nn_sum_block_int16_t(const nn_half_t *window, const void *weights, int32_t quads,
                                  int32_t sums[NN_BLOCK]);

nn_sum_block_int16_t nn_sum_block_int16;

nn_sum_block_int16_t nn_sum_block_int16_compact;

static inline int16_t nn_clamp_half(int32_t value, int32_t min, int32_t max) {
  return (int16_t)nn_min(nn_max(value, min), max);
}

/* value * scale, to the nearest, ties upwards. What does not fit 32 bits wraps around, as it does
 * in TensorFlow Lite Micro. */
static inline int32_t nn_rescale_wide(int64_t value, nn_scale_t scale) {
  const int32_t rounded =
      scale.multiplier < 0x7FFF0000 ? (scale.multiplier + 0x8000) >> 16 : 0x7FFF;
  const int32_t shift = 15 - scale.shift;
  return (int32_t)((value * rounded + ((int64_t)1 << (shift - 1))) >> shift);
}

static inline int16_t nn_finish_quick_int16(const nn_sums_int16_t *sums, int32_t channel,
                                            int32_t sum) {
  const nn_quick_scale_t scale = sums->quick_scales[channel];
  const int64_t product = (int64_t)(sum + sums->bias[channel]) * scale.multiplier;
  const int32_t high = (int32_t)(product >> 32);
  return nn_clamp_half((high + scale.offset) >> scale.shift, sums->min, sums->max);
}

static inline int16_t nn_finish_int16(const nn_sums_int16_t *sums, int32_t channel, int64_t sum) {
  if (sums->quick_scales != NULL) {
    return nn_finish_quick_int16(sums, channel, (int32_t)sum);
  }
  const int64_t total = sum + sums->wide_bias[channel];
  const nn_scale_t scale = sums->scales[channel];
  const int32_t value =
      sums->is_narrow ? nn_rescale((int32_t)total, scale) : nn_rescale_wide(total, scale);
  return nn_clamp_half(value, sums->min, sums->max);
}

#endif
