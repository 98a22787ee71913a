#include "nn_arithmetic.h"

/* The sum of one output channel at one position; `channel` is the input channel it reads. */
static int32_t sum_window(const nn_depthwise_conv2d_t *layer, const nn_window_t *y,
                          const nn_window_t *x, const int8_t *input, int32_t channel,
                          int32_t filter) {
  const int32_t filters = layer->channels * layer->multiplier;
  int32_t sum = 0;
  for (int32_t ky = y->first; ky < y->end; ky++) {
    const int32_t row = y->start + (ky - y->first) * layer->dilation.height;
    int32_t at = (row * layer->input.width + x->start) * layer->channels + channel;
    int32_t tap = (ky * layer->kernel.width + x->first) * filters + filter;
    for (int32_t kx = x->first; kx < x->end; kx++) {
      sum += (input[at] - layer->input_zero_point) * layer->weights[tap];
      at += layer->dilation.width * layer->channels;
      tap += filters;
    }
  }
  return sum;
}

static void convolve_position(const nn_depthwise_conv2d_t *layer, const nn_window_t *y,
                              const nn_window_t *x, const int8_t *input, int8_t *output) {
  int32_t filter = 0;
  for (int32_t c = 0; c < layer->channels; c++) {
    for (int32_t m = 0; m < layer->multiplier; m++, filter++) {
      const int32_t sum = layer->bias[filter] + sum_window(layer, y, x, input, c, filter);
      output[filter] = nn_requantize(sum, layer->scales[filter], layer->output);
    }
  }
}

void nn_depthwise_conv2d(const nn_depthwise_conv2d_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t out_y = 0; out_y < layer->result.height; out_y++) {
    const nn_window_t y =
        nn_window(out_y * layer->stride.height - layer->padding.height, layer->kernel.height,
                  layer->dilation.height, layer->input.height);
    for (int32_t out_x = 0; out_x < layer->result.width; out_x++) {
      const nn_window_t x =
          nn_window(out_x * layer->stride.width - layer->padding.width, layer->kernel.width,
                    layer->dilation.width, layer->input.width);
      convolve_position(layer, &y, &x, input, output);
      output += layer->channels * layer->multiplier;
    }
  }
}
