#include <stddef.h>

#include "nn_arithmetic.h"

/* Sums of one block of channels at two positions, a and b; two channels a word, as the weights. */
typedef struct {
  int64_t a01, a23;
  int64_t b01, b23;
} pair_t;

/* One block of channels on its way to the output. */
typedef struct {
  const int32_t *weights;
  const int32_t *bias;
  const nn_scale_t *scales;
  int32_t channels;        /* of the block that exist */
  int8_t *next;            /* where the next position goes, NULL to add it to `total` */
  int32_t total[NN_BLOCK]; /* of all positions */
} block_t;

/* One tap of both positions: two loads and four multiplications do eight products. */
static inline void multiply(pair_t *sums, int32_t a, int32_t b, const int32_t *weights) {
  sums->a01 += (int64_t)a * weights[0];
  sums->b01 += (int64_t)b * weights[0];
  sums->a23 += (int64_t)a * weights[1];
  sums->b23 += (int64_t)b * weights[1];
}

static NN_NOINLINE pair_t sum_taps(const int8_t *a, const int8_t *b, const int32_t *weights,
                                   int32_t taps) {
  pair_t sums = {0, 0, 0, 0};
  const int32_t *const end = weights + NN_BLOCK / 2 * taps;
  while (weights != end) {
    multiply(&sums, *a++, *b++, weights);
    weights += NN_BLOCK / 2;
  }
  return sums;
}

/* Two positions, `step` bytes apart, whose windows lie inside the input. */
static pair_t sum_inside(const nn_conv1d_t *layer, const int32_t *weights, const int8_t *input,
                         int32_t step) {
  const int32_t row = layer->channels_in;
  if (layer->dilation == 1) {
    return sum_taps(input, input + step, weights, layer->kernel * row);
  }
  pair_t sums = {0, 0, 0, 0};
  for (int32_t tap = 0; tap < layer->kernel; tap++) {
    const int8_t *a = input + tap * layer->dilation * row;
    const pair_t more = sum_taps(a, a + step, weights + tap * row * NN_BLOCK / 2, row);
    sums.a01 += more.a01;
    sums.a23 += more.a23;
    sums.b01 += more.b01;
    sums.b23 += more.b23;
  }
  return sums;
}

/* Two positions whose windows may reach beyond the input. */
static pair_t sum_edge(const nn_conv1d_t *layer, const int32_t *weights, const int8_t *input,
                       int32_t start, int32_t step) {
  pair_t sums = {0, 0, 0, 0};
  const int32_t row = layer->channels_in;
  for (int32_t tap = 0; tap < layer->kernel; tap++) {
    const int32_t at = start + tap * layer->dilation;
    const int a_inside = at >= 0 && at < layer->length;
    const int b_inside = at + step >= 0 && at + step < layer->length;
    for (int32_t c = 0; c < row; c++, weights += NN_BLOCK / 2) {
      const int32_t a = a_inside ? input[at * row + c] : layer->input_zero_point;
      const int32_t b = b_inside ? input[(at + step) * row + c] : layer->input_zero_point;
      multiply(&sums, a, b, weights);
    }
  }
  return sums;
}

/* The packed sums, without bias, at `position` and `step` input positions after it. */
static pair_t sum_pair(const nn_conv1d_t *layer, const block_t *block, const int8_t *input,
                       int32_t position, int32_t step) {
  const int32_t start = position * layer->stride - layer->padding;
  const int32_t reach = (layer->kernel - 1) * layer->dilation;
  if (start >= 0 && start + step + reach < layer->length) {
    const int32_t row = layer->channels_in;
    return sum_inside(layer, block->weights, input + start * row, step * row);
  }
  return sum_edge(layer, block->weights, input, start, step);
}

/* The sums that a word holds. */
static inline int32_t first_of(int64_t word) {
  const int32_t spare = 32 - NN_PACK_SHIFT;
  return (int32_t)((uint32_t)word << spare) >> spare;
}

static inline int32_t second_of(int64_t word) {
  return (int32_t)((word + (1 << (NN_PACK_SHIFT - 1))) >> NN_PACK_SHIFT);
}

static inline void unpack(int64_t word01, int64_t word23, int32_t sums[NN_BLOCK]) {
  sums[0] = first_of(word01);
  sums[1] = second_of(word01);
  sums[2] = first_of(word23);
  sums[3] = second_of(word23);
}

static inline void keep_largest(const pair_t *sums, int32_t best[NN_BLOCK]) {
  best[0] = nn_max(best[0], nn_max(first_of(sums->a01), first_of(sums->b01)));
  best[1] = nn_max(best[1], nn_max(second_of(sums->a01), second_of(sums->b01)));
  best[2] = nn_max(best[2], nn_max(first_of(sums->a23), first_of(sums->b23)));
  best[3] = nn_max(best[3], nn_max(second_of(sums->a23), second_of(sums->b23)));
}

static void put(const nn_conv1d_t *layer, block_t *block, const int32_t sums[NN_BLOCK]) {
  const nn_output_t output = layer->output;
  const nn_scale_t *const scales = block->scales;
  const int32_t *const bias = block->bias;
  const int32_t channels = block->channels;
  int8_t values[NN_BLOCK] = {0};
  int8_t *const to = block->next != NULL ? block->next : values;
  for (int32_t i = 0; i < channels; i++) {
    to[i] = nn_requantize(sums[i] + bias[i], scales[i], output);
  }
  if (block->next != NULL) {
    block->next += layer->channels_out;
    return;
  }
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    block->total[i] += values[i];
  }
}

/* Neighbours are computed in pairs; a last one without a neighbour is its own. */
static void convolve_plain(const nn_conv1d_t *layer, block_t *block, const int8_t *input) {
  for (int32_t position = 0; position < layer->positions; position += 2) {
    const int32_t step = position + 1 < layer->positions ? layer->stride : 0;
    const pair_t pair = sum_pair(layer, block, input, position, step);
    int32_t sums[NN_BLOCK];
    unpack(pair.a01, pair.a23, sums);
    put(layer, block, sums);
    if (step != 0) {
      unpack(pair.b01, pair.b23, sums);
      put(layer, block, sums);
    }
  }
}

static void convolve_pooled(const nn_conv1d_t *layer, block_t *block, const int8_t *input) {
  for (int32_t position = 0; position < layer->positions; position++) {
    int32_t best[NN_BLOCK] = {INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN};
    for (int32_t i = 0; i < layer->pool; i += 2) {
      const int32_t step = i + 1 < layer->pool ? layer->stride : 0;
      const pair_t pair = sum_pair(layer, block, input, position * layer->pool + i, step);
      keep_largest(&pair, best);
    }
    put(layer, block, best);
  }
}

/* The block of channels from `channel` on; with an output, or without one to be averaged. */
static void convolve(const nn_conv1d_t *layer, int32_t channel, const int8_t *input,
                     block_t *block) {
  block->weights = layer->weights + channel / 2 * layer->kernel * layer->channels_in;
  block->bias = layer->bias + channel;
  block->scales = layer->scales + channel;
  block->channels = nn_min(NN_BLOCK, layer->channels_out - channel);
  if (layer->pool == 1) {
    convolve_plain(layer, block, input);
  } else {
    convolve_pooled(layer, block, input);
  }
}

void nn_conv1d(const nn_conv1d_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t channel = 0; channel < layer->channels_out; channel += NN_BLOCK) {
    block_t block = {.next = output + channel};
    convolve(layer, channel, input, &block);
  }
}

void nn_conv1d_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output) {
  for (int32_t channel = 0; channel < layer->channels_out; channel += NN_BLOCK) {
    block_t block = {.next = NULL};
    convolve(layer, channel, input, &block);
    for (int32_t i = 0; i < block.channels; i++) {
      *output++ = nn_average(mean, block.total[i]);
    }
  }
}
