#include <stddef.h>

#include "nn_pairs.h"

/* One block of channels on its way to the output, when sums are rescaled one by one. */
typedef struct {
  int32_t channel;  /* the first */
  int32_t channels; /* that exist */
  int8_t *output;   /* of the next position, NULL to add it to `totals` */
  int32_t *totals;
} block_t;

/* How the scratch memory is divided. */
typedef struct {
  int32_t *input;  /* a chunk, widened */
  int32_t *sums;   /* of one block of channels, or outputs that are yet to be added up */
  int32_t *totals; /* of each channel over all positions, NULL without a mean */
} room_t;

static inline int32_t window_words(const nn_conv1d_t *layer) {
  return 2 * layer->runs * layer->run;
}

static inline int32_t element(const nn_conv1d_t *layer, const int8_t *input, int32_t index) {
  return index >= 0 && index < layer->inputs ? input[index] : layer->input_zero_point;
}

/* As nn_widen_pairs, for elements that may lie outside the input. */
static int32_t *widen_edge(const nn_conv1d_t *layer, const int8_t *input, int32_t first,
                           int32_t count, int32_t *output) {
  for (const int32_t end = first + 2 * count; first < end; first += 2) {
    const int32_t b = first + layer->step;
    output = nn_put_pairs(output, element(layer, input, first), element(layer, input, first + 1),
                          element(layer, input, b), element(layer, input, b + 1));
  }
  return output;
}

static int32_t *widen(const nn_conv1d_t *layer, const int8_t *input, int32_t first, int32_t count,
                      int32_t *output) {
  const int32_t before = nn_min(nn_max((1 - first) >> 1, 0), count);
  output = widen_edge(layer, input, first, before, output);
  first += 2 * before;
  count -= before;
  const int32_t inside = nn_min(nn_max((layer->inputs - layer->step - first) >> 1, 0), count);
  if (inside > 0) {
    nn_widen_pairs(input + first, layer->step, inside, output);
  }
  return widen_edge(layer, input, first + 2 * inside, count - inside, output + 2 * inside);
}

/* The windows of `pairs` pairs of positions from `pair` on. */
static void widen_chunk(const nn_conv1d_t *layer, const int8_t *input, int32_t pair, int32_t pairs,
                        int32_t *output) {
  const int32_t step = 2 * layer->step;
  int32_t first = pair * step - layer->padding;
  if (layer->runs == 1 && layer->advance == step) {
    widen(layer, input, first, layer->run + (pairs - 1) * layer->step, output);
    return;
  }
  for (; pairs > 0; pairs--, first += step) {
    for (int32_t run = 0; run < layer->runs; run++) {
      output = widen(layer, input, first + run * layer->run_step, layer->run, output);
    }
  }
}

static void put(const nn_conv1d_t *layer, block_t *block, const int32_t sums[NN_BLOCK]) {
  for (int32_t i = 0; i < block->channels; i++) {
    const int32_t channel = block->channel + i;
    const int8_t value = nn_requantize(sums[i], layer->scales[channel], layer->output);
    if (block->output != NULL) {
      block->output[i] = value;
    } else {
      block->totals[channel] += value;
    }
  }
  if (block->output != NULL) {
    block->output += layer->channels_out;
  }
}

/* Pools the sums of `positions` neighbours and rescales them. */
static void put_all(const nn_conv1d_t *layer, block_t *block, int32_t *sums, int32_t positions) {
  for (const int32_t *const end = sums + NN_BLOCK * positions; sums < end;) {
    int32_t *const best = sums;
    sums += NN_BLOCK;
    for (int32_t more = 1; more < layer->pool; more++, sums += NN_BLOCK) {
      for (int32_t i = 0; i < NN_BLOCK; i++) {
        best[i] = nn_max(best[i], sums[i]);
      }
    }
    put(layer, block, best);
  }
}

static void sum_block(const nn_conv1d_t *layer, int32_t channel, int32_t pairs, const room_t *room,
                      int8_t *output, int32_t output_step) {
  const int32_t words = window_words(layer);
  const int32_t size = NN_BLOCK * words;
  const int16_t *const weights = layer->weights + channel / NN_BLOCK * size;
  const nn_relu_scale_t *const scales = layer->relu_scales;
  const nn_pairs_t job = {.input = room->input,
                          .weights = weights,
                          .bias = layer->bias + channel,
                          .weights_end = weights + size,
                          .relu_scales = scales != NULL ? scales + channel : NULL,
                          .output = output,
                          .output_step = output_step,
                          .next = layer->advance - words,
                          .end = room->input + pairs * layer->advance,
                          .steps = words / 2};
  nn_sum_pairs(&job);
}

static void convolve_relu(const nn_conv1d_t *layer, int32_t channel, int32_t pairs,
                          const room_t *room, int8_t *output) {
  if (output != NULL) {
    sum_block(layer, channel, pairs, room, output, layer->channels_out);
  } else {
    sum_block(layer, channel, pairs, room, (int8_t *)room->sums, NN_BLOCK);
    nn_add_up(room->sums, pairs, room->totals + channel);
  }
}

static void convolve_any(const nn_conv1d_t *layer, int32_t channel, int32_t pairs,
                         int32_t positions, const room_t *room, int8_t *output) {
  const int32_t pair_bytes = NN_PAIR_SUMS * (int32_t)sizeof(int32_t);
  sum_block(layer, channel, pairs, room, (int8_t *)room->sums, pair_bytes);
  block_t block = {channel, nn_min(NN_BLOCK, layer->channels_out - channel), output, room->totals};
  put_all(layer, &block, room->sums, positions);
}

/* Everything; `output` is NULL where only the totals are wanted. */
static void convolve(const nn_conv1d_t *layer, const int8_t *input, int8_t *output,
                     const room_t *room) {
  const int32_t positions = layer->positions * layer->pool;
  for (int32_t first = 0; first < positions; first += 2 * layer->chunk) {
    const int32_t count = nn_min(positions - first, 2 * layer->chunk);
    const int32_t pairs = (count + 1) / 2;
    widen_chunk(layer, input, first / 2, pairs, room->input);
    int8_t *const row = output != NULL ? output + first / layer->pool * layer->channels_out : NULL;
    for (int32_t channel = 0; channel < layer->channels_out; channel += NN_BLOCK) {
      int8_t *const to = row != NULL ? row + channel : NULL;
      if (layer->relu_scales != NULL) {
        convolve_relu(layer, channel, pairs, room, to);
      } else {
        convolve_any(layer, channel, pairs, count, room, to);
      }
    }
  }
}

static int32_t chunk_words(const nn_conv1d_t *layer) {
  return window_words(layer) + (layer->chunk - 1) * layer->advance;
}

void nn_conv1d(const nn_conv1d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch) {
  const room_t room = {scratch, scratch + chunk_words(layer), NULL};
  convolve(layer, input, output, &room);
}

void nn_conv1d_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch) {
  int32_t *const totals = scratch;
  int32_t *const rest = scratch + layer->channels_out;
  const room_t room = {rest, rest + chunk_words(layer), totals};
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    totals[channel] = 0;
  }
  convolve(layer, input, NULL, &room);
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    output[channel] = nn_average(mean, totals[channel]);
  }
}
