#include "nn_bytes.h"
#include "nn_sums_int16.h"

typedef struct {
  const nn_conv2d_int16_t *layer;
  nn_sum_block_int16_t *sum;
  int32_t block_bytes; /* of the weights of a block of channels */
} work_t;

static inline int32_t blocks_of(const nn_conv2d_int16_t *layer) {
  return (layer->group_channels_out + NN_BLOCK - 1) / NN_BLOCK;
}

/* In parts, where all products together need more than 32 bits. */
static void sum_parts(const work_t *work, const nn_half_t *window, const int8_t *weights,
                      int64_t totals[NN_BLOCK]) {
  const int32_t quads = work->layer->quads, part = work->layer->part;
  const int32_t quad_bytes = work->block_bytes / quads;
  for (int32_t quad = 0; quad < quads; quad += part) {
    int32_t sums[NN_BLOCK];
    work->sum(window + NN_QUAD * quad, weights + quad * quad_bytes, nn_min(part, quads - quad),
              sums);
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      totals[i] += sums[i];
    }
  }
}

/* Up to a block of channels at one position. */
static void make_block(const work_t *work, const nn_half_t *window, int32_t block, int32_t count,
                       nn_half_t *output) {
  const nn_conv2d_int16_t *const layer = work->layer;
  const int8_t *const weights = (const int8_t *)layer->weights + block * work->block_bytes;
  if (layer->sums.quick_scales != NULL) {
    int32_t sums[NN_BLOCK];
    work->sum(window, weights, layer->quads, sums);
    for (int32_t i = 0; i < count; i++) {
      output[i] = nn_finish_quick_int16(&layer->sums, NN_BLOCK * block + i, sums[i]);
    }
    return;
  }
  int64_t totals[NN_BLOCK] = {0};
  sum_parts(work, window, weights, totals);
  for (int32_t i = 0; i < count; i++) {
    output[i] = nn_finish_int16(&layer->sums, NN_BLOCK * block + i, totals[i]);
  }
}

/* All channels of a group at one position; the output after them. */
static nn_half_t *make_position(const work_t *work, const nn_half_t *window, int32_t group,
                                nn_half_t *output) {
  const int32_t blocks = blocks_of(work->layer);
  int32_t left = work->layer->group_channels_out;
  for (int32_t block = group * blocks; left > 0; block++, left -= NN_BLOCK) {
    const int32_t count = nn_min(left, NN_BLOCK);
    make_block(work, window, block, count, output);
    output += count;
  }
  return output;
}

static nn_half_t *put(const nn_half_t *values, int32_t count, nn_half_t *output) {
  nn_copy_bytes((const int8_t *)values, count * (int32_t)sizeof *values, (int8_t *)output);
  return output + count;
}

static nn_half_t *put_zeros(int32_t count, nn_half_t *output) {
  memset(output, 0, (size_t)count * sizeof *output);
  return output + count;
}

/* Taps of a row; `input`: of the group at the row's first column. */
static nn_half_t *copy_row(const nn_conv2d_int16_t *layer, const nn_window_t *columns,
                           const nn_half_t *input, nn_half_t *window) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t channels = layer->group_channels_in, step = plane->dilation.width * plane->channels;
  const nn_half_t *from = input + columns->start * plane->channels;
  const int32_t taps = columns->end - columns->first;
  window = put_zeros(columns->first * channels, window);
  if (step == channels) {
    window = put(from, taps * channels, window);
  } else {
    for (int32_t left = taps; left > 0; left--, from += step) {
      window = put(from, channels, window);
    }
  }
  return put_zeros((plane->kernel.width - columns->end) * channels, window);
}

/* Taps outside the input come before `first` or from `end` on, and never count twice. */
static nn_window_t within(nn_window_t window, int32_t taps) {
  window.first = nn_min(window.first, taps);
  window.end = nn_max(window.end, window.first);
  return window;
}

static void copy_window(const nn_conv2d_int16_t *layer, const nn_window_t *rows,
                        const nn_window_t *columns, const nn_half_t *input, nn_half_t *window) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t row = plane->input.width * plane->channels;
  const int32_t taps = plane->kernel.width * layer->group_channels_in;
  const nn_half_t *const end = window + NN_QUAD * layer->quads;
  const nn_half_t *from = input + rows->start * row;
  window = put_zeros(rows->first * taps, window);
  for (int32_t y = rows->first; y < rows->end; y++, from += plane->dilation.height * row) {
    window = copy_row(layer, columns, from, window);
  }
  put_zeros((int32_t)(end - window), window);
}

static void convolve(nn_sum_block_int16_t *sum, int32_t quad_bytes, const nn_conv2d_int16_t *layer,
                     const nn_half_t *input, nn_half_t *output, int32_t *scratch) {
  const work_t work = {layer, sum, quad_bytes * layer->quads};
  const nn_plane_t *const plane = &layer->plane;
  nn_half_t *const window = (nn_half_t *)scratch;
  for (int32_t y = 0; y < plane->result.height; y++) {
    const nn_window_t rows =
        within(nn_window(y * plane->stride.height - plane->padding.height, plane->kernel.height,
                         plane->dilation.height, plane->input.height),
               plane->kernel.height);
    for (int32_t x = 0; x < plane->result.width; x++) {
      const nn_window_t columns =
          within(nn_window(x * plane->stride.width - plane->padding.width, plane->kernel.width,
                           plane->dilation.width, plane->input.width),
                 plane->kernel.width);
      for (int32_t group = 0; group < layer->groups; group++) {
        copy_window(layer, &rows, &columns, input + group * layer->group_channels_in, window);
        output = make_position(&work, window, group, output);
      }
    }
  }
}

static void convolve_inside(nn_sum_block_int16_t *sum, int32_t quad_bytes,
                            const nn_conv2d_int16_t *layer, const nn_half_t *input,
                            nn_half_t *output) {
  const work_t work = {layer, sum, quad_bytes * layer->quads};
  const nn_plane_t *const plane = &layer->plane;
  const int32_t step = plane->stride.width * plane->channels;
  const int32_t row = plane->stride.height * plane->input.width * plane->channels;
  for (int32_t y = 0; y < plane->result.height; y++, input += row) {
    const nn_half_t *window = input;
    for (int32_t x = 0; x < plane->result.width; x++, window += step) {
      output = make_position(&work, window, 0, output);
    }
  }
}

#define QUAD_BYTES (NN_QUAD * NN_BLOCK) /* of the compact variant's weights */

void nn_conv2d_int16(const nn_conv2d_int16_t *layer, const void *input, void *output,
                     int32_t *scratch) {
  convolve(nn_sum_block_int16, 2 * QUAD_BYTES, layer, input, output, scratch);
}

void nn_conv2d_int16_compact(const nn_conv2d_int16_t *layer, const void *input, void *output,
                             int32_t *scratch) {
  convolve(nn_sum_block_int16_compact, QUAD_BYTES, layer, input, output, scratch);
}

void nn_conv2d_int16_inside(const nn_conv2d_int16_t *layer, const void *input, void *output) {
  convolve_inside(nn_sum_block_int16, 2 * QUAD_BYTES, layer, input, output);
}

void nn_conv2d_int16_inside_compact(const nn_conv2d_int16_t *layer, const void *input,
                                    void *output) {
  convolve_inside(nn_sum_block_int16_compact, QUAD_BYTES, layer, input, output);
}
