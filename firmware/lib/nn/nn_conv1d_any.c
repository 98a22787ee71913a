#include <stddef.h>

#include "nn_conv1d.h"

/* The sums of one position. */
static void put(const nn_chunk_t *chunk, const int32_t sums[NN_BLOCK], int8_t *output) {
  const nn_conv1d_t *const layer = chunk->layer;
  const int32_t channels = nn_min(NN_BLOCK, layer->channels_out - chunk->channel);
  for (int32_t i = 0; i < channels; i++) {
    const int32_t channel = chunk->channel + i;
    const int8_t value = nn_requantize(sums[i], layer->scales[channel], layer->output);
    if (output != NULL) {
      output[i] = value;
    } else {
      chunk->room->totals[channel] += value;
    }
  }
}

/* Pools the sums of neighbours and rescales them. */
static void finish_any(const nn_chunk_t *chunk) {
  int32_t *sums = chunk->room->sums;
  nn_sum_chunk(chunk, NULL, (int8_t *)sums, NN_PAIR_SUMS * (int32_t)sizeof(int32_t));
  int8_t *output = chunk->output;
  for (const int32_t *const end = sums + NN_BLOCK * chunk->positions; sums < end;) {
    int32_t *const best = sums;
    sums += NN_BLOCK;
    for (int32_t more = 1; more < chunk->layer->pool; more++, sums += NN_BLOCK) {
      for (int32_t i = 0; i < NN_BLOCK; i++) {
        best[i] = nn_max(best[i], sums[i]);
      }
    }
    put(chunk, best, output);
    output += output != NULL ? chunk->layer->channels_out : 0;
  }
}

void nn_conv1d(const nn_conv1d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch) {
  nn_conv1d_with(finish_any, layer, input, output, scratch);
}

void nn_conv1d_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch) {
  nn_conv1d_mean_with(finish_any, layer, mean, input, output, scratch);
}
