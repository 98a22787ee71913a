/* The fixed-point arithmetic that the kernels share.
 *
 * It follows gemmlowp as TensorFlow Lite Micro uses it: products are rounded when their high half
 * is taken and again when they are shifted right (https://arxiv.org/abs/1712.05877, appendix B). */
#ifndef NN_ARITHMETIC_H
#define NN_ARITHMETIC_H

#include "nn.h"

/* NN_PORTABLE leaves out what is written for the DSP instructions of Armv7E-M. */
#if defined(__ARM_FEATURE_DSP) && !defined(NN_PORTABLE)
#define NN_DSP 1
#endif

/* Values of memory that was declared as bytes or words. */
typedef int16_t __attribute__((may_alias)) nn_half_t;
typedef int32_t __attribute__((may_alias)) nn_word_t;

static inline int32_t nn_max(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t nn_min(int32_t a, int32_t b) { return a < b ? a : b; }

/* a * b / 2^31, to the nearest, ties upwards; not both INT32_MIN. */
static inline int32_t nn_multiply_high(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

/* value / 2^shift, to the nearest, ties away from zero; shift 1..31. The last bit is shifted out
 * after rounding, so that even INT32_MAX does not overflow from a shift of 2 on. */
static inline int32_t nn_shift_right(int32_t value, int32_t shift) {
  return (((value + (value >> 31)) >> (shift - 1)) + 1) >> 1;
}

static inline int32_t nn_rescale(int32_t value, nn_scale_t scale) {
  const int32_t high = nn_multiply_high(value * (1 << nn_max(scale.shift, 0)), scale.multiplier);
  return scale.shift < 0 ? nn_shift_right(high, -scale.shift) : high;
}

static inline int8_t nn_clamp(int32_t value, int32_t min, int32_t max) {
  return (int8_t)nn_min(nn_max(value, min), max);
}

static inline int8_t nn_requantize(int32_t sum, nn_scale_t scale, nn_output_t output) {
  return nn_clamp(nn_rescale(sum, scale) + output.zero_point, output.min, output.max);
}

/* value * multiplier / 2^32, to the nearest, ties upwards. */
static inline int32_t nn_multiply_quick(int32_t value, int32_t multiplier) {
#ifdef NN_DSP
  int32_t high;
  __asm("smmulr %0, %1, %2" : "=r"(high) : "r"(value), "r"(multiplier));
  return high;
#else
  return (int32_t)(((int64_t)value * multiplier + (1LL << 31)) >> 32);
#endif
}

static inline int32_t nn_saturate(int32_t value) {
#ifdef NN_DSP
  __asm("ssat %0, #8, %1" : "=r"(value) : "r"(value));
  return value;
#else
  return nn_clamp(value, INT8_MIN, INT8_MAX);
#endif
}

static inline int32_t nn_requantize_quick(int32_t doubled_sum, nn_quick_scale_t scale) {
  const int32_t high = nn_multiply_quick(doubled_sum, scale.multiplier);
  return nn_saturate((high + (high >> 31) + scale.offset) >> scale.shift);
}

/* What the offset of a nn_short_scale_t is made of. */
static inline int32_t nn_halves(int32_t zero_point) { return 2 * zero_point + 1; }

/* After ReLU: the rounding of negative values is lost in -128. */
#define NN_RELU_HALVES (2 * INT8_MIN + 1)

static inline nn_quick_scale_t nn_quick_scale(nn_short_scale_t scale, int32_t halves) {
  const nn_quick_scale_t quick = {scale.multiplier, halves * (1 << scale.shift), scale.shift + 1};
  return quick;
}

/* The mean, from the sum of layer->count inputs. */
static inline int8_t nn_average(const nn_mean_t *layer, int32_t sum) {
  const nn_output_t output = {layer->output_zero_point, INT8_MIN, INT8_MAX};
  return nn_requantize(sum - layer->input_zero_point * layer->count, layer->scale, output);
}

/* The window of a filter along one axis, cut to what lies inside the input. */
typedef struct {
  int32_t first; /* tap */
  int32_t end;   /* tap after the last */
  int32_t start; /* input position of the first tap */
} nn_window_t;

static inline nn_window_t nn_window(int32_t origin, int32_t taps, int32_t dilation,
                                    int32_t length) {
  nn_window_t window = {0, taps, origin};
  if (origin < 0) {
    window.first = (dilation - 1 - origin) / dilation;
    window.start = origin + window.first * dilation;
  }
  window.end = nn_min(taps, (length - origin + dilation - 1) / dilation);
  return window;
}

#endif
