#include "nn_arithmetic.h"

typedef struct {
  const int8_t *weights;
  const int32_t *bias;
  const nn_scale_t *scales;
  int32_t channels; /* of the block that exist */
} block_t;

/* Where the filter lies for one output position. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

static void sum_taps(const nn_conv2d_any_t *layer, const int8_t *input, const int8_t *weights,
                     int32_t sums[NN_BLOCK]) {
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
  for (int32_t c = 0; c < layer->group_channels_in; c++, weights += NN_BLOCK) {
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

static void sum_window(const nn_conv2d_any_t *layer, const block_t *block, const place_t *place,
                       const int8_t *input, int32_t sums[NN_BLOCK]) {
  const int32_t pixel = layer->plane.channels;
  for (int32_t ky = place->y.first; ky < place->y.end; ky++) {
    const int32_t y = place->y.start + (ky - place->y.first) * layer->plane.dilation.height;
    for (int32_t kx = place->x.first; kx < place->x.end; kx++) {
      const int32_t x = place->x.start + (kx - place->x.first) * layer->plane.dilation.width;
      const int32_t tap = (ky * layer->plane.kernel.width + kx) * layer->group_channels_in;
      sum_taps(layer, input + (y * layer->plane.input.width + x) * pixel,
               block->weights + tap * NN_BLOCK, sums);
    }
  }
}

static void convolve_group(const nn_conv2d_any_t *layer, int32_t group, const place_t *place,
                           const int8_t *input, int8_t *output) {
  const int32_t blocks = (layer->group_channels_out + NN_BLOCK - 1) / NN_BLOCK;
  const int32_t taps =
      layer->plane.kernel.height * layer->plane.kernel.width * layer->group_channels_in;
  for (int32_t b = 0; b < blocks; b++) {
    const int32_t index = (group * blocks + b) * NN_BLOCK;
    const block_t block = {layer->weights + index * taps, layer->bias + index,
                           layer->scales + index,
                           nn_min(NN_BLOCK, layer->group_channels_out - b * NN_BLOCK)};
    int32_t sums[NN_BLOCK] = {block.bias[0], block.bias[1], block.bias[2], block.bias[3]};
    sum_window(layer, &block, place, input, sums);
    for (int32_t i = 0; i < block.channels; i++) {
      *output++ = nn_requantize(sums[i], block.scales[i], layer->output);
    }
  }
}

void nn_conv2d_any(const nn_conv2d_any_t *layer, const int8_t *input, int8_t *output) {
  place_t place;
  for (int32_t y = 0; y < layer->plane.result.height; y++) {
    place.y = nn_window(y * layer->plane.stride.height - layer->plane.padding.height,
                        layer->plane.kernel.height, layer->plane.dilation.height,
                        layer->plane.input.height);
    for (int32_t x = 0; x < layer->plane.result.width; x++) {
      place.x = nn_window(x * layer->plane.stride.width - layer->plane.padding.width,
                          layer->plane.kernel.width, layer->plane.dilation.width,
                          layer->plane.input.width);
      for (int32_t group = 0; group < layer->groups; group++) {
        convolve_group(layer, group, &place, input + group * layer->group_channels_in, output);
        output += layer->group_channels_out;
      }
    }
  }
}
