#include <stddef.h>

#include "nn_taps.h"

static void finish(const nn_depthwise_conv2d_t *layer, const nn_scale_t *scale, const int32_t *sums,
                   const int32_t *end, int8_t *output) {
  for (; sums != end; output += layer->multiplier) {
    *output = nn_requantize(*sums++, *scale++, layer->output);
  }
}

/* `count` channels in whole blocks, from the bias at `first` on. */
static void convolve_blocks(const nn_depthwise_conv2d_t *layer, nn_window_taps_t *taps,
                            int32_t first, int32_t count, int8_t *output, int32_t *sums) {
  taps->bias = layer->bias + first;
  taps->bias_end = taps->bias + count;
  taps->output = sums;
  if (layer->short_scales != NULL) {
    taps->scales = layer->short_scales + first;
    taps->output = output;
  }
  nn_sum_taps(taps);
  if (layer->short_scales == NULL) {
    finish(layer, layer->scales + first, sums, sums + count, output);
  }
}

/* All channels of one output. */
static void convolve(const nn_depthwise_conv2d_t *layer, nn_window_taps_t *taps, int8_t *output,
                     int32_t *sums) {
  const int32_t whole = layer->channels / NN_BLOCK * NN_BLOCK;
  const int32_t filter_bytes = layer->kernel.height * layer->kernel.width;
  const int8_t *const input = taps->input;
  int32_t first = 0;
  for (int32_t filter = 0; filter < layer->multiplier; filter++) {
    int32_t channel = 0;
    for (int32_t count = whole; count > 0;) {
      taps->input = input + channel;
      convolve_blocks(layer, taps, first, count, output + channel * layer->multiplier + filter,
                      sums);
      taps->weights += count * filter_bytes;
      first += count;
      const int32_t left = layer->channels - channel - count;
      channel = layer->channels - NN_BLOCK;
      count = left > 0 ? NN_BLOCK : 0;
    }
  }
}

/* What is in the picture of the window of one output, from the first channel on. */
static void take_window(const nn_depthwise_conv2d_t *layer, nn_window_t rows, nn_window_t columns,
                        const int8_t *input, nn_window_taps_t *taps) {
  if (rows.end <= rows.first || columns.end <= columns.first) {
    rows = (nn_window_t){0, 1, 0};
    columns = (nn_window_t){0, 0, 0};
  }
  const int32_t count = columns.end - columns.first, below = rows.end - rows.first - 1;
  const int32_t row_step = layer->dilation.height * layer->across.input_step;
  const int32_t row_weights = NN_BLOCK * layer->kernel.width;
  const int32_t taken = count * taps->column_step, taken_weights = NN_BLOCK * count;
  taps->input_gap = NN_BLOCK - below * row_step - taken;
  taps->weights_gap = (layer->kernel.height - below) * row_weights - taken_weights;
  taps->rows = below + 1;
  taps->row_bytes = taken_weights;
  taps->row_input_gap = row_step - taken;
  taps->row_weights_gap = row_weights - taken_weights;
  taps->input =
      input + rows.start * layer->across.input_step + columns.start * layer->along.input_step;
  taps->weights = layer->weights + rows.first * row_weights + NN_BLOCK * columns.first;
}

void nn_depthwise_conv2d(const nn_depthwise_conv2d_t *layer, const int8_t *input, int8_t *output,
                         int32_t *scratch) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  const int32_t offset = -layer->zero_point;
  nn_window_taps_t taps;
  taps.scales = NULL;
  taps.output_step = layer->multiplier;
  taps.halves = nn_halves(layer->output.zero_point);
  taps.column_step = layer->dilation.width * along->input_step;
  taps.offset = (int32_t)((uint32_t)offset << 16 | (uint16_t)offset);
  for (int32_t y = 0; y < across->result; y++) {
    const nn_window_t rows = nn_window(y * across->stride - across->padding, layer->kernel.height,
                                       layer->dilation.height, across->length);
    for (int32_t x = 0; x < along->result; x++) {
      take_window(layer, rows,
                  nn_window(x * along->stride - along->padding, layer->kernel.width,
                            layer->dilation.width, along->length),
                  input, &taps);
      convolve(layer, &taps, output + y * across->output_step + x * along->output_step, scratch);
    }
  }
}
