#include "nn_bytes.h"
#include "nn_sums_int16.h"

typedef struct work work_t;

typedef nn_half_t *make_t(const work_t *work, const nn_half_t *window, int32_t group,
                          nn_half_t *output);

struct work {
  const nn_conv2d_int16_t *layer;
  make_t *make;
  nn_sum_block_int16_t *sum;
  int32_t block_bytes; /* of the weights of a block of channels */
  int32_t back;        /* as in nn_sums_int16.h */
};

static inline int32_t blocks_of(const nn_conv2d_int16_t *layer) {
  return (layer->group_channels_out + NN_BLOCK - 1) / NN_BLOCK;
}

/* In parts, where all products together need more than 32 bits. */
static void sum_parts(const work_t *work, const nn_half_t *window, const int8_t *weights,
                      int64_t totals[NN_BLOCK]) {
  const int32_t quads = work->layer->quads, part = work->layer->part;
  const int32_t quad_bytes = work->block_bytes / quads;
  for (int32_t quad = 0; quad < quads; quad += part) {
    const int32_t back = quad == 0 ? work->back : 0;
    int32_t sums[NN_BLOCK];
    work->sum(window, weights + quad * quad_bytes, nn_min(part, quads - quad), sums, back);
    window += NN_QUAD * part - back;
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      totals[i] += sums[i];
    }
  }
}

/* All channels of a group at one position; the output after them. */
static nn_half_t *make_position(const work_t *work, const nn_half_t *window, int32_t group,
                                nn_half_t *output) {
  const nn_conv2d_int16_t *const layer = work->layer;
  const int32_t first = group * blocks_of(layer);
  const int8_t *weights = (const int8_t *)layer->weights + first * work->block_bytes;
  int32_t channel = NN_BLOCK * first;
  for (int32_t left = layer->group_channels_out; left > 0; left -= NN_BLOCK) {
    const int32_t count = nn_min(left, NN_BLOCK);
    int64_t totals[NN_BLOCK] = {0};
    sum_parts(work, window, weights, totals);
    nn_finish_int16(&layer->sums, channel, totals, count, output, 1);
    weights += work->block_bytes;
    channel += NN_BLOCK;
    output += count;
  }
  return output;
}

/* The same where there are quick scales. */
static nn_half_t *make_quick(const work_t *work, const nn_half_t *window, int32_t group,
                             nn_half_t *output) {
  const nn_conv2d_int16_t *const layer = work->layer;
  const int32_t first = group * blocks_of(layer), quads = layer->quads, back = work->back;
  const int8_t *weights = (const int8_t *)layer->weights + first * work->block_bytes;
  nn_quick_int16_t quick = nn_quick_int16(&layer->sums, NN_BLOCK * first);
  int32_t sums[NN_BLOCK], left = layer->group_channels_out;
  for (; left >= NN_BLOCK; left -= NN_BLOCK, weights += work->block_bytes, output += NN_BLOCK) {
    work->sum(window, weights, quads, sums, back);
    nn_finish_quick_block_int16(&quick, sums, output, 1);
  }
  if (left > 0) {
    work->sum(window, weights, quads, sums, back);
  }
  for (int32_t i = 0; i < left; i++) {
    *output++ = nn_finish_quick_int16(&quick, sums[i]);
  }
  return output;
}

static inline make_t *maker_of(const nn_conv2d_int16_t *layer) {
  return layer->sums.quick_scales == NULL ? make_position : make_quick;
}

static inline nn_half_t *put(const nn_half_t *values, int32_t count, nn_half_t *output) {
  nn_copy_bytes((const int8_t *)values, count * (int32_t)sizeof *values, (int8_t *)output);
  return output + count;
}

static inline nn_half_t *put_zeros(int32_t count, nn_half_t *output) {
  for (; count > 0; count--) {
    *output++ = 0;
  }
  return output;
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
  const work_t work = {layer, maker_of(layer), sum, quad_bytes * layer->quads, 0};
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
        output = work.make(&work, window, group, output);
      }
    }
  }
}

static void convolve_inside(nn_sum_block_int16_t *sum, int32_t quad_bytes,
                            const nn_conv2d_int16_t *layer, const nn_half_t *input,
                            nn_half_t *output) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t taps = plane->kernel.height * plane->kernel.width * plane->channels;
  const work_t work = {layer, maker_of(layer), sum, quad_bytes * layer->quads,
                       NN_QUAD * layer->quads - taps};
  const int32_t step = plane->stride.width * plane->channels;
  const int32_t row = plane->stride.height * plane->input.width * plane->channels;
  for (int32_t y = 0; y < plane->result.height; y++, input += row) {
    const nn_half_t *window = input;
    for (int32_t x = 0; x < plane->result.width; x++, window += step) {
      output = work.make(&work, window, 0, output);
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
