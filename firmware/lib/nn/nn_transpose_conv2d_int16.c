#include "nn_reach.h"
#include "nn_sums_int16.h"

static void sum_taps(int32_t channels, const nn_half_t *input, const int8_t *weights,
                     int64_t sums[NN_BLOCK]) {
  for (int32_t c = 0; c < channels; c++, weights += NN_BLOCK) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      sums[i] += input[c] * weights[i];
    }
  }
}

static void sum_window(const nn_plane_t *plane, const int8_t *weights, nn_reach_t rows,
                       nn_reach_t columns, const nn_half_t *input, int64_t sums[NN_BLOCK]) {
  int32_t y = rows.position;
  for (int32_t ky = rows.first; ky < rows.end; ky += plane->stride.height, y--) {
    int32_t x = columns.position;
    for (int32_t kx = columns.first; kx < columns.end; kx += plane->stride.width, x--) {
      const int32_t tap = (ky * plane->kernel.width + kx) * plane->channels;
      sum_taps(plane->channels, input + (y * plane->input.width + x) * plane->channels,
               weights + tap * NN_BLOCK, sums);
    }
  }
}

static nn_half_t *make_position(const nn_transpose_conv2d_int16_t *layer, nn_reach_t rows,
                                nn_reach_t columns, const nn_half_t *input, nn_half_t *output) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t taps = plane->kernel.height * plane->kernel.width * plane->channels;
  for (int32_t first = 0; first < layer->filters; first += NN_BLOCK) {
    int64_t sums[NN_BLOCK] = {0};
    sum_window(plane, layer->weights + first * taps, rows, columns, input, sums);
    const int32_t count = nn_min(NN_BLOCK, layer->filters - first);
    nn_finish_int16(&layer->sums, first, sums, count, output, 1);
    output += count;
  }
  return output;
}

void nn_transpose_conv2d_int16(const nn_transpose_conv2d_int16_t *layer, const void *input,
                               void *output) {
  const nn_plane_t *const plane = &layer->plane;
  nn_half_t *to = output;
  for (int32_t y = 0; y < plane->result.height; y++) {
    const nn_reach_t rows = nn_reach(y, plane->padding.height, plane->stride.height,
                                     plane->kernel.height, plane->input.height);
    for (int32_t x = 0; x < plane->result.width; x++) {
      const nn_reach_t columns = nn_reach(x, plane->padding.width, plane->stride.width,
                                          plane->kernel.width, plane->input.width);
      to = make_position(layer, rows, columns, input, to);
    }
  }
}
