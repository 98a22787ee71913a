#include "nn_windows.h"

#ifndef NN_DSP

typedef struct {
  int32_t a[NN_BLOCK];
  int32_t b[NN_BLOCK];
} sums_t;

static void finish(const nn_windows_t *windows, int32_t channel, const sums_t *sums,
                   int8_t *output) {
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    const nn_quick_scale_t scale = nn_quick_scale(windows->scales[channel + i], windows->halves);
    output[channel + i] = (int8_t)nn_requantize_quick(sums->a[i], scale);
    output[windows->output_step + channel + i] = (int8_t)nn_requantize_quick(sums->b[i], scale);
  }
}

/* Two words of a window, one of each position, times the weights of a channel. */
static inline void multiply(const nn_half_t *x, int32_t first, int32_t second, int32_t *a,
                            int32_t *b) {
  *a += x[0] * first + x[1] * second;
  *b += x[2] * first + x[3] * second;
}

static sums_t sum_block_wide(const nn_windows_t *windows, const nn_half_t *x, int32_t channel) {
  const nn_half_t *const end = x + windows->window_bytes / 2;
  const int16_t *weights = windows->weights + channel / NN_BLOCK * windows->block_bytes / 2;
  sums_t sums;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums.a[i] = sums.b[i] = windows->bias[channel + i];
  }
  for (; x != end; x += 4) {
    for (int32_t i = 0; i < NN_BLOCK; i++, weights += 2) {
      multiply(x, weights[0], weights[1], sums.a + i, sums.b + i);
    }
  }
  return sums;
}

static sums_t sum_block(const nn_windows_t *windows, const nn_half_t *x, int32_t channel) {
  const nn_half_t *const end = x + windows->window_bytes / 2;
  const int16_t *weights = windows->weights + channel / NN_BLOCK * windows->block_bytes / 2;
  sums_t sums = {{0}, {0}};
  for (; x != end; x += 4) {
    for (int32_t i = 0; i < NN_BLOCK; i += 2, weights += 2) {
      const int32_t even0 = (int8_t)weights[0], even1 = (int8_t)weights[1];
      multiply(x, even0, even1, sums.a + i, sums.b + i);
      multiply(x, (weights[0] - even0) >> 8, (weights[1] - even1) >> 8, sums.a + i + 1,
               sums.b + i + 1);
    }
  }
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums.a[i] = 2 * sums.a[i] + windows->bias[channel + i];
    sums.b[i] = 2 * sums.b[i] + windows->bias[channel + i];
  }
  return sums;
}

typedef sums_t sum_block_t(const nn_windows_t *windows, const nn_half_t *x, int32_t channel);

static inline void sum_windows(const nn_windows_t *windows, sum_block_t *sum) {
  const nn_half_t *x = (const nn_half_t *)windows->input;
  const int32_t channels = (int32_t)(windows->scales_end - windows->scales);
  int8_t *output = windows->output;
  for (int32_t left = windows->pairs; left > 0; left--) {
    for (int32_t channel = 0; channel < channels; channel += NN_BLOCK) {
      const sums_t sums = sum(windows, x, channel);
      finish(windows, channel, &sums, output);
    }
    x += windows->window_bytes / 2;
    output += NN_PAIR * windows->output_step;
  }
}

void nn_sum_windows_wide(const nn_windows_t *windows) { sum_windows(windows, sum_block_wide); }

void nn_sum_windows(const nn_windows_t *windows) { sum_windows(windows, sum_block); }

static nn_half_t *widen_quad(const int8_t *a, const int8_t *b, nn_half_t *half) {
  for (int32_t i = 0; i < 2; i++) {
    *half++ = a[i];
    *half++ = a[i + 2];
    *half++ = b[i];
    *half++ = b[i + 2];
  }
  return half;
}

void nn_widen_both(const int8_t *a, const int8_t *b, int32_t quads, int32_t *output, int32_t runs,
                   int32_t gap) {
  nn_half_t *half = (nn_half_t *)output;
  for (; runs > 0; runs--, a += gap, b += gap) {
    for (int32_t left = quads; left > 0; left--, a += NN_QUAD, b += NN_QUAD) {
      half = widen_quad(a, b, half);
    }
  }
}

#endif
