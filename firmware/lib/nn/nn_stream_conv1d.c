#include <stddef.h>

#include "nn_columns.h"

/* All channels of one output column. */
static void put(const nn_stream_conv1d_t *layer, const int32_t *sums, int8_t *output) {
  if (layer->scales == NULL) {
    for (int32_t channel = 0; channel < layer->channels_out; channel++) {
      output[channel] = (int8_t)nn_requantize_quick(sums[channel], layer->quick_scales[channel]);
    }
    return;
  }
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    output[channel] = nn_requantize(sums[channel], layer->scales[channel], layer->output);
  }
}

void nn_stream_conv1d(const nn_stream_conv1d_t *layer, int32_t columns, const int8_t *input,
                      int8_t *output, int32_t *state, int32_t *scratch) {
  for (; columns > 0; columns--) {
    nn_append_columns(layer, input, state);
    nn_sum_column(layer, state, (int8_t *)scratch);
    put(layer, scratch, output);
    input += layer->fresh * layer->channels_in;
    output += layer->channels_out;
  }
}

void nn_stream_conv1d_relu(const nn_stream_conv1d_t *layer, int32_t columns, const int8_t *input,
                           int8_t *output, int32_t *state) {
  for (; columns > 0; columns--) {
    nn_append_columns(layer, input, state);
    nn_sum_column(layer, state, output);
    input += layer->fresh * layer->channels_in;
    output += layer->channels_out;
  }
}
