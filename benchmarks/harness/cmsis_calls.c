#include "cmsis_calls.h"

#include <stddef.h>

#include "arm_nnfunctions.h"

static cmsis_nn_tile tile(nn_size_t size) {
  return (cmsis_nn_tile){.w = size.width, .h = size.height};
}

static cmsis_nn_dims dims(int32_t n, nn_size_t size, int32_t c) {
  return (cmsis_nn_dims){.n = n, .h = size.height, .w = size.width, .c = c};
}

/* The library promises not to write through these pointers, but for its types. */
static cmsis_nn_per_channel_quant_params scales(const cmsis_layer_t *layer) {
  return (cmsis_nn_per_channel_quant_params){(int32_t *)(uintptr_t)layer->multipliers,
                                             (int32_t *)(uintptr_t)layer->shifts};
}

void cmsis_convolve(const cmsis_layer_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch) {
  const cmsis_nn_context context = {scratch, 0};
  const cmsis_nn_conv_params params = {
      .input_offset = -layer->input_zero_point,
      .output_offset = layer->output.zero_point,
      .stride = tile(layer->stride),
      .padding = tile(layer->padding),
      .dilation = tile(layer->dilation),
      .activation = {layer->output.min, layer->output.max},
  };
  const cmsis_nn_per_channel_quant_params quant = scales(layer);
  const cmsis_nn_dims in = dims(1, layer->input, layer->channels_in);
  const cmsis_nn_dims filter = dims(layer->channels_out, layer->kernel, layer->channels_in);
  const cmsis_nn_dims bias = {1, 1, 1, layer->channels_out};
  const cmsis_nn_dims out = dims(1, layer->result, layer->channels_out);
  arm_convolve_wrapper_s8(&context, &params, &quant, &in, input, &filter, layer->weights, &bias,
                          layer->bias, &out, output);
}

void cmsis_depthwise(const cmsis_layer_t *layer, const int8_t *input, int8_t *output,
                     int32_t *scratch) {
  const cmsis_nn_context context = {scratch, 0};
  const cmsis_nn_dw_conv_params params = {
      .input_offset = -layer->input_zero_point,
      .output_offset = layer->output.zero_point,
      .ch_mult = layer->channels_out / layer->channels_in,
      .stride = tile(layer->stride),
      .padding = tile(layer->padding),
      .dilation = tile(layer->dilation),
      .activation = {layer->output.min, layer->output.max},
  };
  const cmsis_nn_per_channel_quant_params quant = scales(layer);
  const cmsis_nn_dims in = dims(1, layer->input, layer->channels_in);
  const cmsis_nn_dims filter = dims(1, layer->kernel, layer->channels_out);
  const cmsis_nn_dims bias = {1, 1, 1, layer->channels_out};
  const cmsis_nn_dims out = dims(1, layer->result, layer->channels_out);
  arm_depthwise_conv_wrapper_s8(&context, &params, &quant, &in, input, &filter, layer->weights,
                                &bias, layer->bias, &out, output);
}

static void connect(const cmsis_layer_t *layer, int32_t first, int32_t outputs, const int8_t *input,
                    int8_t *output) {
  const cmsis_nn_context context = {NULL, 0};
  const cmsis_nn_fc_params params = {
      .input_offset = -layer->input_zero_point,
      .output_offset = layer->output.zero_point,
      .activation = {layer->output.min, layer->output.max},
  };
  const cmsis_nn_per_tensor_quant_params quant = {layer->multipliers[first], layer->shifts[first]};
  const cmsis_nn_dims in = {1, 1, 1, layer->channels_in};
  const cmsis_nn_dims filter = {layer->channels_in, 1, 1, outputs};
  const cmsis_nn_dims bias = {1, 1, 1, outputs};
  const cmsis_nn_dims out = {1, 1, 1, outputs};
  arm_fully_connected_s8(&context, &params, &quant, &in, input, &filter,
                         layer->weights + first * layer->channels_in, &bias, layer->bias + first,
                         &out, output + first);
}

void cmsis_fully_connected(const cmsis_layer_t *layer, const int8_t *input, int8_t *output) {
  connect(layer, 0, layer->channels_out, input, output);
}

void cmsis_fully_connected_rows(const cmsis_layer_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t i = 0; i < layer->channels_out; i++) connect(layer, i, 1, input, output);
}

static cmsis_nn_pool_params pool_params(const nn_pool2d_t *layer) {
  return (cmsis_nn_pool_params){
      .stride = tile(layer->stride),
      .padding = tile(layer->padding),
      .activation = {layer->min, layer->max},
  };
}

void cmsis_max_pool(const nn_pool2d_t *layer, const int8_t *input, int8_t *output) {
  const cmsis_nn_context context = {NULL, 0};
  const cmsis_nn_pool_params params = pool_params(layer);
  const cmsis_nn_dims in = dims(1, layer->input, layer->channels);
  const cmsis_nn_dims window = dims(1, layer->window, 1);
  const cmsis_nn_dims out = dims(1, layer->result, layer->channels);
  arm_max_pool_s8(&context, &params, &in, input, &window, &out, output);
}

void cmsis_average_pool(const nn_pool2d_t *layer, const int8_t *input, int8_t *output,
                        int32_t *scratch) {
  const cmsis_nn_context context = {scratch, 0};
  const cmsis_nn_pool_params params = pool_params(layer);
  const cmsis_nn_dims in = dims(1, layer->input, layer->channels);
  const cmsis_nn_dims window = dims(1, layer->window, 1);
  const cmsis_nn_dims out = dims(1, layer->result, layer->channels);
  arm_avgpool_s8(&context, &params, &in, input, &window, &out, output);
}
