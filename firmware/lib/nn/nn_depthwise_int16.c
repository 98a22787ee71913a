#include <string.h>

#include "nn_sums_int16.h"

/* A tap of four channels. */
static inline void add_tap(const nn_half_t *input, const int8_t *weights, int32_t sums[NN_BLOCK]) {
#ifdef NN_DSP
  int32_t first, second, even, odd;
  memcpy(&first, input, sizeof first);
  memcpy(&second, input + 2, sizeof second);
  memcpy(&odd, weights, sizeof odd);
  __asm("sxtb16 %0, %1" : "=r"(even) : "r"(odd));
  __asm("sxtb16 %0, %0, ror #8" : "+r"(odd));
  __asm("smlabb %0, %1, %2, %0" : "+r"(sums[0]) : "r"(first), "r"(even));
  __asm("smlatt %0, %1, %2, %0" : "+r"(sums[1]) : "r"(first), "r"(even));
  __asm("smlabb %0, %1, %2, %0" : "+r"(sums[2]) : "r"(second), "r"(odd));
  __asm("smlatt %0, %1, %2, %0" : "+r"(sums[3]) : "r"(second), "r"(odd));
#else
  sums[0] += input[0] * weights[0];
  sums[1] += input[1] * weights[2];
  sums[2] += input[2] * weights[1];
  sums[3] += input[3] * weights[3];
#endif
}

/* `input`: of the first channel under the first tap in the picture. */
static inline void sum_window(const nn_plane_t *plane, const nn_window_t *rows,
                              const nn_window_t *columns, const nn_half_t *input,
                              const int8_t *weights, int32_t sums[NN_BLOCK]) {
  const int32_t step = plane->dilation.width * plane->channels;
  const int32_t row = plane->dilation.height * plane->input.width * plane->channels;
  int32_t kept[NN_BLOCK] = {0};
  weights += (rows->first * plane->kernel.width + columns->first) * NN_BLOCK;
  for (int32_t y = rows->first; y < rows->end; y++, input += row) {
    const nn_half_t *from = input;
    const int8_t *weight = weights;
    for (int32_t left = columns->end - columns->first; left > 0; left--) {
      add_tap(from, weight, kept);
      from += step;
      weight += NN_BLOCK;
    }
    weights += plane->kernel.width * NN_BLOCK;
  }
  memcpy(sums, kept, sizeof kept);
}

static inline void finish(const nn_depthwise_int16_t *layer, int32_t number,
                          const int32_t sums[NN_BLOCK], nn_half_t *output) {
  if (layer->sums.quick_scales != NULL) {
    nn_quick_int16_t quick = nn_quick_int16(&layer->sums, number);
    nn_finish_quick_block_int16(&quick, sums, output, layer->multiplier);
  } else {
    const int64_t wide[NN_BLOCK] = {sums[0], sums[1], sums[2], sums[3]};
    nn_finish_int16(&layer->sums, number, wide, NN_BLOCK, output, layer->multiplier);
  }
}

/* All filters at one position. */
static void make_position(const nn_depthwise_int16_t *layer, const nn_window_t *rows,
                          const nn_window_t *columns, const nn_half_t *input, nn_half_t *output) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t channels = plane->channels,
                block_weights = plane->kernel.height * plane->kernel.width * NN_BLOCK;
  const nn_half_t *const from =
      input + (rows->start * plane->input.width + columns->start) * channels;
  const int8_t *weights = layer->weights;
  int32_t number = 0;
  for (int32_t filter = 0; filter < layer->multiplier; filter++) {
    for (int32_t start = 0; start < channels; start += NN_BLOCK, weights += block_weights) {
      const int32_t first = nn_min(start, channels - NN_BLOCK);
      int32_t sums[NN_BLOCK];
      sum_window(plane, rows, columns, from + first, weights, sums);
      finish(layer, number, sums, output + first * layer->multiplier + filter);
      number += NN_BLOCK;
    }
  }
}

void nn_depthwise_int16(const nn_depthwise_int16_t *layer, const void *input, void *output) {
  const nn_plane_t *const plane = &layer->plane;
  nn_half_t *to = output;
  for (int32_t y = 0; y < plane->result.height; y++) {
    const nn_window_t rows =
        nn_window(y * plane->stride.height - plane->padding.height, plane->kernel.height,
                  plane->dilation.height, plane->input.height);
    for (int32_t x = 0; x < plane->result.width; x++) {
      const nn_window_t columns =
          nn_window(x * plane->stride.width - plane->padding.width, plane->kernel.width,
                    plane->dilation.width, plane->input.width);
      make_position(layer, &rows, &columns, input, to);
      to += plane->channels * layer->multiplier;
    }
  }
}
