/* CMSIS-NN's functions behind the signature of our kernels, so that one emitter writes both. */
#ifndef CMSIS_CALLS_H
#define CMSIS_CALLS_H

#include "nn.h"

/* Weights as TensorFlow Lite stores them, sums with the input's zero point inside the loop. */
typedef struct {
  const int8_t *weights;
  const int32_t *bias;
  const int32_t *multipliers;
  const int32_t *shifts;
  nn_size_t input;
  nn_size_t result;
  nn_size_t kernel;
  nn_size_t stride;
  nn_size_t dilation;
  nn_size_t padding;
  int32_t channels_in;
  int32_t channels_out;
  int32_t input_zero_point;
  nn_output_t output;
} cmsis_layer_t;

void cmsis_convolve(const cmsis_layer_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch);
void cmsis_depthwise(const cmsis_layer_t *layer, const int8_t *input, int8_t *output,
                     int32_t *scratch);
void cmsis_fully_connected(const cmsis_layer_t *layer, const int8_t *input, int8_t *output);
/* With a scale an output: CMSIS-NN 4.0.0 takes one a call. */
void cmsis_fully_connected_rows(const cmsis_layer_t *layer, const int8_t *input, int8_t *output);
void cmsis_max_pool(const nn_pool2d_t *layer, const int8_t *input, int8_t *output);
void cmsis_average_pool(const nn_pool2d_t *layer, const int8_t *input, int8_t *output,
                        int32_t *scratch);

#endif
