#include <stddef.h>

#include "nn_conv1d.h"
#include "nn_finish.h"

/* The sums of a block of channels, of each column for itself. */
static void sum_columns(const nn_chunk_t *chunk, int32_t *sums, int32_t column_words) {
  const int32_t pair_bytes = NN_PAIR_SUMS * (int32_t)sizeof(int32_t);
  nn_chunk_t column = *chunk;
  column.channel *= chunk->layer->columns;
  for (int32_t i = 0; i < chunk->layer->columns; i++) {
    nn_sum_chunk(&column, NULL, (int8_t *)(sums + i * column_words), pair_bytes);
    column.channel += NN_BLOCK;
  }
}

/* Leaves the largest of each `pool` neighbours of all columns, in place. */
static void pool_sums(const nn_conv1d_t *layer, int32_t *sums, int32_t column_words,
                      int32_t pooled) {
  const int32_t pool = layer->pool * NN_BLOCK;
  for (const int32_t *from = sums; pooled > 0; pooled--, from += pool, sums += NN_BLOCK) {
    int32_t s0 = INT32_MIN, s1 = INT32_MIN, s2 = INT32_MIN, s3 = INT32_MIN;
    const int32_t *column = from;
    for (int32_t left = layer->columns; left > 0; left--, column += column_words) {
      for (const int32_t *sum = column; sum != column + pool; sum += NN_BLOCK) {
        s0 = nn_max(s0, sum[0]);
        s1 = nn_max(s1, sum[1]);
        s2 = nn_max(s2, sum[2]);
        s3 = nn_max(s3, sum[3]);
      }
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
  }
}

/* One channel at `pooled` positions: to the output, or added up. */
static void finish_channel(const nn_chunk_t *chunk, int32_t *sums, int32_t channel,
                           int32_t pooled) {
  const nn_conv1d_t *const layer = chunk->layer;
  const int is_quick = layer->quick_scales != NULL;
  const nn_channel_t how = {is_quick ? NULL : layer->scales + channel,
                            is_quick ? layer->quick_scales + channel : NULL, layer->output};
  if (chunk->output != NULL) {
    int8_t *const output = chunk->output + channel - chunk->channel;
    nn_finish_channel(&how, sums, pooled, output, layer->channels_out);
  } else {
    const int32_t sum_bytes = NN_BLOCK * (int32_t)sizeof(*sums); /* are written over */
    chunk->room->totals[channel] +=
        nn_finish_channel(&how, sums, pooled, (int8_t *)sums, sum_bytes);
  }
}

static void finish_any(const nn_chunk_t *chunk) {
  const nn_conv1d_t *const layer = chunk->layer;
  int32_t *const sums = chunk->room->sums;
  const int32_t pooled = chunk->positions / layer->pool;
  const int32_t column_words = (chunk->positions + 1) / 2 * NN_PAIR_SUMS;
  sum_columns(chunk, sums, column_words);
  if (layer->pool * layer->columns > 1) {
    pool_sums(layer, sums, column_words, pooled);
  }
  const int32_t channels = nn_min(NN_BLOCK, layer->channels_out - chunk->channel);
  for (int32_t i = 0; i < channels; i++) {
    finish_channel(chunk, sums + i, chunk->channel + i, pooled);
  }
}

void nn_conv1d(const nn_conv1d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch) {
  nn_conv1d_with(finish_any, layer, input, output, scratch);
}

void nn_conv1d_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch) {
  nn_conv1d_mean_with(finish_any, layer, mean, input, output, scratch);
}
