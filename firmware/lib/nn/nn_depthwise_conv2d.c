#include <stddef.h>
#include <string.h>

#include "nn_taps.h"

/* Blocks of channels, from the channel at `first` on. */
typedef struct {
  int32_t first;
  int32_t block;
  int32_t count;
} blocks_t;

/* Where the window of one output lies. */
typedef struct {
  nn_window_t rows;
  nn_window_t columns;
} place_t;

static void finish(const nn_depthwise_conv2d_t *layer, const blocks_t *blocks, const int32_t *sums,
                   int8_t *output) {
  const int32_t first = NN_BLOCK * blocks->block, step = layer->multiplier;
  const int32_t *const end = sums + NN_BLOCK * blocks->count;
  if (layer->short_scales != NULL) {
    const nn_short_scale_t *scale = layer->short_scales + first;
    const int32_t halves = nn_halves(layer->output.zero_point);
    for (; sums != end; sums++, scale++, output += step) {
      *output = (int8_t)nn_requantize_quick(2 * *sums, nn_quick_scale(*scale, halves));
    }
    return;
  }
  const nn_scale_t *scale = layer->scales + first;
  for (; sums != end; sums++, scale++, output += step) {
    *output = nn_requantize(*sums, *scale, layer->output);
  }
}

static void convolve_blocks(const nn_depthwise_conv2d_t *layer, const place_t *place,
                            const blocks_t *blocks, const int8_t *input, int8_t *output,
                            int32_t *sums) {
  const nn_size_t kernel = layer->kernel, dilation = layer->dilation;
  const int32_t rows = place->rows.end - place->rows.first;
  const int32_t columns = place->columns.end - place->columns.first;
  const int32_t first = NN_BLOCK * blocks->block, is_quick = layer->short_scales != NULL;
  const int32_t *const bias = layer->bias + first;
  if (rows <= 0 || columns <= 0) {
    memcpy(sums, bias, sizeof(*sums) * (size_t)(NN_BLOCK * blocks->count));
    finish(layer, blocks, sums, output);
    return;
  }
  const int32_t step = dilation.width * layer->along.input_step;
  const int32_t offset = -layer->zero_point;
  const int32_t taps_in_all = kernel.height * kernel.width;
  const int32_t tap = place->rows.first * kernel.width + place->columns.first;
  const nn_window_taps_t taps = {
      .input = input + place->rows.start * layer->across.input_step +
               place->columns.start * layer->along.input_step + blocks->first,
      .weights = layer->weights + first * taps_in_all + NN_BLOCK * tap,
      .bias = bias,
      .sums = sums,
      .bias_end = bias + NN_BLOCK * blocks->count,
      .offset = (int32_t)((uint32_t)offset << 16 | (uint16_t)offset),
      .column_step = step,
      .columns = columns,
      .row_gap = dilation.height * layer->across.input_step - columns * step,
      .weights_gap = NN_BLOCK * (kernel.width - columns),
      .rows = rows,
      .weights_step = NN_BLOCK * taps_in_all,
      .scales = is_quick ? layer->short_scales + first : NULL,
      .output = output,
      .output_step = layer->multiplier,
      .halves = nn_halves(layer->output.zero_point)};
  nn_sum_taps(&taps);
  if (!is_quick) {
    finish(layer, blocks, sums, output);
  }
}

static void convolve(const nn_depthwise_conv2d_t *layer, const place_t *place, const int8_t *input,
                     int8_t *output, int32_t *sums) {
  const int32_t whole = layer->channels / NN_BLOCK, last = layer->channels - NN_BLOCK;
  int32_t block = 0;
  for (int32_t filter = 0; filter < layer->multiplier; filter++) {
    const blocks_t parts[] = {{0, block, whole}, {last, block + whole, 1}};
    block += whole;
    for (int32_t i = 0; i <= (layer->channels % NN_BLOCK != 0); i++) {
      int8_t *const first = output + parts[i].first * layer->multiplier + filter;
      convolve_blocks(layer, place, &parts[i], input, first, sums);
      block += i;
    }
  }
}

void nn_depthwise_conv2d(const nn_depthwise_conv2d_t *layer, const int8_t *input, int8_t *output,
                         int32_t *scratch) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  for (int32_t y = 0; y < across->result; y++) {
    place_t place = {.rows = nn_window(y * across->stride - across->padding, layer->kernel.height,
                                       layer->dilation.height, across->length)};
    for (int32_t x = 0; x < along->result; x++) {
      place.columns = nn_window(x * along->stride - along->padding, layer->kernel.width,
                                layer->dilation.width, along->length);
      convolve(layer, &place, input, output + y * across->output_step + x * along->output_step,
               scratch);
    }
  }
}
