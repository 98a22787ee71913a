#include "nn_conv2d.h"

#include <stddef.h>

#include "nn_bytes.h"

/* The scratch memory is divided into these; totals come first. */
typedef struct {
  const nn_conv2d_t *layer;
  nn_sum_windows_t *sum;
  const int8_t *input;
  int32_t *totals;  /* of each channel over all positions, NULL without a mean */
  int32_t *windows; /* of a chunk, widened */
  int8_t *copies;   /* of windows that are widened from there */
  int8_t *rows;     /* outputs that are not where they belong: whole blocks of channels */
} work_t;

static inline int32_t row_bytes(const nn_conv2d_t *layer) {
  return (layer->channels_out + NN_BLOCK - 1) / NN_BLOCK * NN_BLOCK;
}

/* Outputs of `count` positions that come one after the other, in whole pairs. */
static void convolve(const work_t *work, int32_t position, int32_t count, int8_t *output,
                     int32_t output_step) {
  const nn_conv2d_t *const layer = work->layer;
  nn_widen_windows(layer, position, count, work->input, work->copies, work->windows);
  const nn_windows_t job = {.input = work->windows,
                            .weights = layer->weights,
                            .bias = layer->bias,
                            .scales = layer->short_scales,
                            .output = output,
                            .output_step = output_step,
                            .scales_end = layer->short_scales + row_bytes(layer),
                            .pairs = (count + 1) / NN_PAIR,
                            .window_bytes = nn_window_words(layer) * (int32_t)sizeof(int32_t),
                            .halves = nn_halves(layer->output.zero_point),
                            .block_bytes = layer->block_bytes};
  work->sum(&job);
}

/* A row to where it belongs; the output after it. */
static int8_t *deliver(const work_t *work, const int8_t *row, int8_t *output) {
  const int32_t channels = work->layer->channels_out;
  const nn_output_t range = work->layer->output;
  if (work->totals == NULL) {
    nn_copy_bytes(row, channels, output);
    nn_clamp_bytes(output, channels, range.min, range.max);
    return output + channels;
  }
  for (int32_t channel = 0; channel < channels; channel++) {
    work->totals[channel] += nn_clamp(row[channel], range.min, range.max);
  }
  return output;
}

/* Up to a chunk of positions. */
static int8_t *convolve_chunk(const work_t *work, int32_t position, int32_t count, int8_t *output) {
  const nn_conv2d_t *const layer = work->layer;
  const int32_t channels = layer->channels_out;
  if (work->totals == NULL && channels % NN_BLOCK == 0 && count % NN_PAIR == 0) {
    convolve(work, position, count, output, channels);
    nn_clamp_bytes(output, count * channels, layer->output.min, layer->output.max);
    return output + count * channels;
  }
  const int32_t bytes = row_bytes(layer);
  convolve(work, position, count, work->rows, bytes);
  for (int32_t i = 0; i < count; i++) {
    output = deliver(work, work->rows + i * bytes, output);
  }
  return output;
}

static void convolve_all(const work_t *work, int8_t *output) {
  const nn_conv2d_t *const layer = work->layer;
  const int32_t positions = layer->plane.result.height * layer->plane.result.width;
  for (int32_t position = 0; position < positions;) {
    const int32_t left = positions - position;
    const int32_t count = nn_min(left, NN_PAIR * nn_min(layer->chunk, nn_max(left / NN_PAIR, 1)));
    output = convolve_chunk(work, position, count, output);
    position += count;
  }
}

/* The larger of all outputs of a pool, a pair at a time. */
static void convolve_pools(const work_t *work, int8_t *output) {
  const nn_conv2d_t *const layer = work->layer;
  const int32_t positions = layer->plane.result.height * layer->plane.result.width;
  const int32_t size = layer->pool.height * layer->pool.width, bytes = row_bytes(layer);
  int8_t *const best = work->rows, *const pair = best + bytes;
  for (int32_t position = 0; position < positions; position += size) {
    convolve(work, position, nn_min(size, NN_PAIR), best, bytes);
    nn_keep_larger_bytes(best, pair, bytes);
    for (int32_t i = NN_PAIR; i < size; i += NN_PAIR) {
      convolve(work, position + i, nn_min(size - i, NN_PAIR), pair, bytes);
      nn_keep_larger_bytes(best, pair, bytes);
      nn_keep_larger_bytes(best, pair + bytes, bytes);
    }
    output = deliver(work, best, output);
  }
}

static void convolve_with(nn_sum_windows_t *sum, const nn_conv2d_t *layer, const int8_t *input,
                          int8_t *output, int32_t *totals, int32_t *scratch) {
  int32_t *const copies = scratch + layer->chunk * nn_window_words(layer);
  int32_t *const rows = copies + nn_copied_words(&layer->plane);
  const work_t work = {layer, sum, input, totals, scratch, (int8_t *)copies, (int8_t *)rows};
  if (layer->pool.height * layer->pool.width > 1) {
    convolve_pools(&work, output);
  } else {
    convolve_all(&work, output);
  }
}

static void convolve_mean(nn_sum_windows_t *sum, const nn_conv2d_t *layer, const nn_mean_t *mean,
                          const int8_t *input, int8_t *output, int32_t *totals) {
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    totals[channel] = 0;
  }
  convolve_with(sum, layer, input, NULL, totals, totals + layer->channels_out);
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    output[channel] = nn_average(mean, totals[channel]);
  }
}

void nn_conv2d_wide(const nn_conv2d_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch) {
  convolve_with(nn_sum_windows_wide, layer, input, output, NULL, scratch);
}

void nn_conv2d(const nn_conv2d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch) {
  convolve_with(nn_sum_windows, layer, input, output, NULL, scratch);
}

void nn_conv2d_wide_mean(const nn_conv2d_t *layer, const nn_mean_t *mean, const int8_t *input,
                         int8_t *output, int32_t *scratch) {
  convolve_mean(nn_sum_windows_wide, layer, mean, input, output, scratch);
}

void nn_conv2d_mean(const nn_conv2d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch) {
  convolve_mean(nn_sum_windows, layer, mean, input, output, scratch);
}
