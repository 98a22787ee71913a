#include <stddef.h>

#include "nn_finish.h"
#include "nn_gather.h"
#include "nn_taps.h"

/* Neighbouring positions of a row that are computed together. */
typedef struct {
  nn_taps_t taps; /* of the first */
  int32_t count;
  int32_t *sums;
  int8_t *output; /* of the first */
} piece_t;

/* The sums of four channels, from the channel at `first` on; `block` counts them. */
static void sum_block(const nn_depthwise_conv2d_t *layer, const piece_t *piece, int32_t first,
                      int32_t block) {
  const nn_size_t kernel = layer->plane.kernel;
  const int32_t row_weights = NN_BLOCK * kernel.width;
  const int16_t *const weights = layer->weights + block * row_weights * kernel.height;
  nn_tap_row_t row = {.input = piece->taps.first + first,
                      .column_step = piece->taps.column_step,
                      .weights = weights,
                      .weights_end = weights + row_weights,
                      .from = layer->bias + NN_BLOCK * block,
                      .from_step = 0,
                      .sums = piece->sums,
                      .sums_end = piece->sums + NN_BLOCK * piece->count,
                      .step = layer->plane.stride.width * layer->plane.channels};
  nn_sum_taps(&row);
  row.from = row.sums;
  row.from_step = NN_BLOCK * (int32_t)sizeof(*row.from);
  for (int32_t y = 1; y < kernel.height; y++) {
    row.input += piece->taps.row_step;
    row.weights = row.weights_end;
    row.weights_end += row_weights;
    nn_sum_taps(&row);
  }
}

static void finish_block(const nn_depthwise_conv2d_t *layer, const piece_t *piece, int32_t block,
                         int8_t *output) {
  const int32_t step = layer->plane.channels * layer->multiplier;
  const int is_quick = layer->quick_scales != NULL;
  for (int32_t i = 0; i < NN_BLOCK; i++, output += layer->multiplier) {
    const int32_t index = NN_BLOCK * block + i;
    const nn_channel_t channel = {is_quick ? NULL : layer->scales + index,
                                  is_quick ? layer->quick_scales + index : NULL, layer->output};
    nn_finish_channel(&channel, piece->sums + i, piece->count, output, step);
  }
}

static void convolve_piece(const nn_depthwise_conv2d_t *layer, const piece_t *piece) {
  const int32_t last = layer->plane.channels - NN_BLOCK;
  int32_t block = 0;
  for (int32_t filter = 0; filter < layer->multiplier; filter++) {
    for (int32_t next = 0; next < last + NN_BLOCK; next += NN_BLOCK, block++) {
      const int32_t first = nn_min(next, last);
      sum_block(layer, piece, first, block);
      finish_block(layer, piece, block, piece->output + first * layer->multiplier + filter);
    }
  }
}

void nn_depthwise_conv2d(const nn_depthwise_conv2d_t *layer, const int8_t *input, int8_t *output,
                         int32_t *scratch) {
  const nn_plane_t *const plane = &layer->plane;
  piece_t piece = {.sums = scratch, .output = output};
  int8_t *const copy = (int8_t *)(scratch + NN_BLOCK * layer->piece);
  for (int32_t y = 0; y < plane->result.height; y++) {
    for (int32_t x = 0; x < plane->result.width; x += piece.count) {
      piece.taps = nn_find(plane, y, x, input, copy);
      piece.count = nn_min(piece.taps.alike, layer->piece);
      convolve_piece(layer, &piece);
      piece.output += piece.count * plane->channels * layer->multiplier;
    }
  }
}
