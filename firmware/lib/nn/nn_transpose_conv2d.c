#include "nn_reach.h"

static void sum_taps(const nn_transpose_conv2d_t *layer, const int8_t *input, const int8_t *weights,
                     int32_t sums[NN_BLOCK]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (int32_t c = 0; c < layer->plane.channels; c++, weights += NN_BLOCK) {
    const int32_t x = input[c] - layer->plane.zero_point;
    s0 += x * weights[0];
    s1 += x * weights[1];
    s2 += x * weights[2];
    s3 += x * weights[3];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

static void sum_window(const nn_transpose_conv2d_t *layer, const int8_t *weights, nn_reach_t rows,
                       nn_reach_t columns, const int8_t *input, int32_t sums[NN_BLOCK]) {
  const nn_plane_t *plane = &layer->plane;
  int32_t y = rows.position;
  for (int32_t ky = rows.first; ky < rows.end; ky += plane->stride.height, y--) {
    int32_t x = columns.position;
    for (int32_t kx = columns.first; kx < columns.end; kx += plane->stride.width, x--) {
      const int32_t tap = (ky * plane->kernel.width + kx) * plane->channels;
      sum_taps(layer, input + (y * plane->input.width + x) * plane->channels,
               weights + tap * NN_BLOCK, sums);
    }
  }
}

static void make_position(const nn_transpose_conv2d_t *layer, nn_reach_t rows, nn_reach_t columns,
                          const int8_t *input, int8_t *output) {
  const int32_t taps =
      layer->plane.kernel.height * layer->plane.kernel.width * layer->plane.channels;
  for (int32_t first = 0; first < layer->filters; first += NN_BLOCK) {
    const int32_t *bias = layer->bias + first;
    int32_t sums[NN_BLOCK] = {bias[0], bias[1], bias[2], bias[3]};
    sum_window(layer, layer->weights + first * taps, rows, columns, input, sums);
    for (int32_t i = 0; i < nn_min(NN_BLOCK, layer->filters - first); i++) {
      *output++ = nn_requantize(sums[i], layer->scales[first + i], layer->output);
    }
  }
}

void nn_transpose_conv2d(const nn_transpose_conv2d_t *layer, const int8_t *input, int8_t *output) {
  const nn_plane_t *plane = &layer->plane;
  for (int32_t y = 0; y < plane->result.height; y++) {
    const nn_reach_t rows = nn_reach(y, plane->padding.height, plane->stride.height,
                                     plane->kernel.height, plane->input.height);
    for (int32_t x = 0; x < plane->result.width; x++, output += layer->filters) {
      const nn_reach_t columns = nn_reach(x, plane->padding.width, plane->stride.width,
                                          plane->kernel.width, plane->input.width);
      make_position(layer, rows, columns, input, output);
    }
  }
}
