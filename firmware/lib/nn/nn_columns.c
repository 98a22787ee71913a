#include "nn_columns.h"

#include <stddef.h>
#include <string.h>

#ifndef NN_DSP

#ifdef NN_SSE2
#include <emmintrin.h>
#endif

void nn_append_columns(const nn_stream_conv1d_t *layer, const int8_t *input, int32_t *window) {
  const int32_t words = layer->fresh * ((layer->channels_in + 1) / 2);
  memmove(window, window + words, sizeof *window * (size_t)layer->history);
  nn_widen_columns(input, layer->fresh, layer->channels_in, window + layer->history);
}

#ifdef NN_SSE2

/* As below, a word of the window for a block of channels at once. Only a twin asks for it: it plays
 * hours. */
static void sum_position(const nn_stream_conv1d_t *layer, const char *window,
                         const int16_t *weights, int32_t sums[NN_BLOCK]) {
  __m128i total = _mm_loadu_si128((const __m128i *)(const void *)sums);
  for (int32_t run = 0; run < layer->runs; run++) {
    for (const char *const end = window + 4 * layer->run; window != end; window += 4) {
      int32_t word;
      memcpy(&word, window, sizeof word);
      const __m128i four = _mm_loadu_si128((const __m128i *)(const void *)weights);
      total = _mm_add_epi32(total, _mm_madd_epi16(four, _mm_set1_epi32(word)));
      weights += 2 * NN_BLOCK;
    }
    window += layer->gap_bytes;
  }
  _mm_storeu_si128((__m128i *)(void *)sums, total);
}

#else

/* A block of channels at one position; the window is a byte address. */
static void sum_position(const nn_stream_conv1d_t *layer, const char *window,
                         const int16_t *weights, int32_t sums[NN_BLOCK]) {
  for (int32_t run = 0; run < layer->runs; run++) {
    const nn_half_t *half = (const nn_half_t *)(const void *)window;
    for (const nn_half_t *const end = half + 2 * layer->run; half != end; half += 2) {
      for (int32_t i = 0; i < NN_BLOCK; i++, weights += 2) {
        sums[i] += half[0] * weights[0] + half[1] * weights[1];
      }
    }
    window = (const char *)half + layer->gap_bytes;
  }
}

#endif

static void sum_pool(const nn_stream_conv1d_t *layer, const int32_t *window, const int32_t *bias,
                     const int16_t *weights, int32_t best[NN_BLOCK]) {
  for (int32_t at = 0; at <= layer->last_bytes; at += layer->step_bytes) {
    int32_t sums[NN_BLOCK];
    memcpy(sums, bias, sizeof sums);
    sum_position(layer, (const char *)window + at, weights, sums);
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      best[i] = at == 0 ? sums[i] : nn_max(best[i], sums[i]);
    }
  }
}

void nn_sum_column(const nn_stream_conv1d_t *layer, const int32_t *window, int8_t *output) {
  const int32_t block = layer->runs * layer->run * 2 * NN_BLOCK;
  const int16_t *const end = layer->weights + layer->weights_bytes / (int32_t)sizeof *end;
  const int32_t *bias = layer->bias;
  const nn_quick_scale_t *scale = layer->relu_scales;
  for (const int16_t *weights = layer->weights; weights != end; weights += block) {
    int32_t best[NN_BLOCK];
    sum_pool(layer, window, bias, weights, best);
    bias += NN_BLOCK;
    if (scale == NULL) {
      memcpy(output, best, sizeof best);
      output += sizeof best;
      continue;
    }
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      *output++ = (int8_t)nn_requantize_quick(best[i], *scale++);
    }
  }
}

#endif
