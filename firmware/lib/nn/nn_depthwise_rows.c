#include "nn_lines.h"
#include "nn_tile.h"

/* All filters of a channel. */
static void convolve(const nn_depthwise_rows_t *layer, nn_lines_t *lines, int32_t channel,
                     int8_t *output) {
  const int32_t first = channel * layer->multiplier;
  for (int32_t filter = first; filter < first + layer->multiplier; filter++) {
    lines->scale = nn_quick_scale(layer->short_scales[filter], layer->halves);
    lines->bias = layer->bias[filter];
    lines->weights = layer->weights + 4 * layer->steps * filter;
    lines->output = output + filter;
    nn_sum_lines(lines);
  }
}

static void convolve_tile(const nn_depthwise_rows_t *layer, const nn_tile_t *tile, int32_t count,
                          const int8_t *input, int8_t *output) {
  const int32_t plane = nn_tile_plane(tile);
  nn_lines_t lines = {.output_step = layer->along.output_step,
                      .pair = 4 * layer->along.stride * tile->rows,
                      .steps = layer->steps,
                      .count = count,
                      .is_relu = layer->halves == NN_RELU_HALVES};
  for (int32_t channel = 0; channel < layer->channels;) {
    const int32_t first = nn_min(channel, layer->channels - NN_BLOCK);
    nn_take_tile(tile, &layer->across, &layer->along, input + first);
    lines.input = tile->planes + plane * (channel - first);
    for (; channel < first + NN_BLOCK; channel++, lines.input += plane) {
      convolve(layer, &lines, channel, output);
    }
  }
}

void nn_depthwise_rows(const nn_depthwise_rows_t *layer, const int8_t *input, int8_t *output,
                       int32_t *scratch) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  nn_tile_t tile = {.rows = layer->rows,
                    .row_dilation = layer->row_dilation,
                    .words = layer->words,
                    .planes = scratch};
  for (int32_t y = 0; y < across->result; y++, output += across->output_step) {
    tile.row = y * across->stride - across->padding;
    for (int32_t x = 0; x < along->result; x += layer->chunk) {
      tile.column = x * along->stride - along->padding;
      nn_fill_tile(&tile, layer->zero_point);
      convolve_tile(layer, &tile, nn_min(layer->chunk, along->result - x), input,
                    output + x * along->output_step);
    }
  }
}
