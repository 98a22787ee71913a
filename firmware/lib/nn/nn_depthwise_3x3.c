#include "nn_threes.h"
#include "nn_tile.h"

/* What all filters of a strip have in common. */
static nn_threes_t threes_of(const nn_depthwise_3x3_t *layer, const nn_tile_t *strip) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  const int32_t pairs = (along->result + 1) / 2, pitch = 4 * strip->rows;
  const nn_threes_t threes = {.length = pairs * along->stride * pitch - along->result % 2,
                              .output_step = along->output_step,
                              .row_step = 4 * across->stride,
                              .output_row_step = across->output_step,
                              .pitch = pitch,
                              .last_row = 4 * (strip->rows - 3),
                              .kind = 2 * (along->stride - 1) + (layer->halves == NN_RELU_HALVES)};
  return threes;
}

/* All filters of a channel. */
static void convolve(const nn_depthwise_3x3_t *layer, nn_threes_t *threes, int32_t channel,
                     int8_t *output) {
  const int32_t first = channel * layer->multiplier;
  for (int32_t filter = first; filter < first + layer->multiplier; filter++) {
    threes->scale = nn_quick_scale(layer->short_scales[filter], layer->halves);
    threes->bias = layer->bias[filter];
    threes->weights = layer->weights + NN_THREES_WEIGHTS * filter;
    threes->output = output + filter;
    nn_sum_threes(threes);
  }
}

static void convolve_strip(const nn_depthwise_3x3_t *layer, const nn_tile_t *strip,
                           const int8_t *input, int8_t *output) {
  const int32_t plane = nn_tile_plane(strip);
  nn_threes_t threes = threes_of(layer, strip);
  for (int32_t channel = 0; channel < layer->channels;) {
    const int32_t first = nn_min(channel, layer->channels - NN_BLOCK);
    nn_take_tile(strip, &layer->across, &layer->along, input + first);
    threes.input = strip->planes + plane * (channel - first);
    for (; channel < first + NN_BLOCK; channel++, threes.input += plane) {
      convolve(layer, &threes, channel, output);
    }
  }
}

void nn_depthwise_3x3(const nn_depthwise_3x3_t *layer, const int8_t *input, int8_t *output,
                      int32_t *scratch) {
  const nn_side_t *const across = &layer->across;
  nn_tile_t strip = {
      .row_dilation = 1, .column = -layer->along.padding, .words = layer->words, .planes = scratch};
  int32_t filled = 0; /* rows of the strip, where all of them lie in the picture */
  for (int32_t y = 0; y < across->result; y += layer->strip) {
    const int32_t results = nn_min(layer->strip, across->result - y);
    strip.row = y * across->stride - across->padding;
    strip.rows = (results - 1) * across->stride + 3;
    const int32_t is_whole = strip.row >= 0 && strip.row + strip.rows <= across->length;
    if (!is_whole || filled != strip.rows) nn_fill_tile(&strip, layer->zero_point);
    filled = is_whole ? strip.rows : 0;
    convolve_strip(layer, &strip, input, output + y * across->output_step);
  }
}
