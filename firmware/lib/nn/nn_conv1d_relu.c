#include <stddef.h>

#include "nn_conv1d.h"

/* Sums are pooled and rescaled in registers. */
static void finish_relu(const nn_chunk_t *chunk) {
  const nn_conv1d_t *const layer = chunk->layer;
  const nn_quick_scale_t *const scales = layer->quick_scales + chunk->channel;
  if (chunk->output != NULL) {
    nn_sum_chunk(chunk, scales, chunk->output, layer->channels_out);
  } else {
    int32_t *const outputs = chunk->room->sums;
    nn_sum_chunk(chunk, scales, (int8_t *)outputs, NN_BLOCK);
    nn_add_up(outputs, chunk->positions / 2, chunk->room->totals + chunk->channel);
  }
}

void nn_conv1d_relu(const nn_conv1d_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch) {
  nn_conv1d_with(finish_relu, layer, input, output, scratch);
}

void nn_conv1d_relu_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                         int8_t *output, int32_t *scratch) {
  nn_conv1d_mean_with(finish_relu, layer, mean, input, output, scratch);
}
