/* How sums of products with int16 become int16 again. */
#ifndef NN_SUMS_INT16_H
#define NN_SUMS_INT16_H

#include <stddef.h>

#include "nn_arithmetic.h"
#include "nn_int16.h"

#define NN_QUAD 4

/* A window times the weights of a block of channels. After the first quad, what comes begins `back`
 * inputs before its end: those are met twice, first with weights of zero. */
typedef void nn_sum_block_int16_t(const nn_half_t *window, const void *weights, int32_t quads,
                                  int32_t sums[NN_BLOCK], int32_t back);

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

/* How the sums of the next channels are rescaled in few steps. */
typedef struct {
  const int32_t *bias;
  const nn_quick_scale_t *scale;
  int32_t min;
  int32_t max;
} nn_quick_int16_t;

static inline nn_quick_int16_t nn_quick_int16(const nn_sums_int16_t *layer, int32_t channel) {
  const nn_quick_int16_t quick = {layer->bias + channel, layer->quick_scales + channel, layer->min,
                                  layer->max};
  return quick;
}

/* Of the next channel. */
static inline int16_t nn_finish_quick_int16(nn_quick_int16_t *quick, int32_t sum) {
  const nn_quick_scale_t scale = *quick->scale++;
  const int64_t product = (int64_t)(sum + *quick->bias++) * scale.multiplier;
  const int32_t value = ((int32_t)(product >> 32) + scale.offset) >> scale.shift;
  return nn_clamp_half(value, quick->min, quick->max);
}

/* Of a whole block of channels, to places `step` apart. */
static inline void nn_finish_quick_block_int16(nn_quick_int16_t *quick, const int32_t *sums,
                                               nn_half_t *output, int32_t step) {
  output[0] = nn_finish_quick_int16(quick, sums[0]);
  output[step] = nn_finish_quick_int16(quick, sums[1]);
  output[2 * step] = nn_finish_quick_int16(quick, sums[2]);
  output[3 * step] = nn_finish_quick_int16(quick, sums[3]);
}

/* Of the channels from this one on, where there are no quick scales, to places `step` apart. */
static inline void nn_finish_int16(const nn_sums_int16_t *layer, int32_t channel,
                                   const int64_t *sums, int32_t count, nn_half_t *output,
                                   int32_t step) {
  for (; count > 0; count--, channel++, output += step) {
    const int64_t total = *sums++ + layer->wide_bias[channel];
    const nn_scale_t scale = layer->scales[channel];
    const int32_t value =
        layer->is_narrow ? nn_rescale((int32_t)total, scale) : nn_rescale_wide(total, scale);
    *output = nn_clamp_half(value, layer->min, layer->max);
  }
}

#endif
