#include "nn_conv1d.h"

#include <stddef.h>

static inline int32_t window_words(const nn_conv1d_t *layer) {
  return 2 * layer->runs * layer->run;
}

/* As nn_widen_pairs, for elements that may lie outside the input. */
static int32_t *widen_edge(const nn_conv1d_t *layer, const int8_t *input, int32_t first,
                           int32_t count, int32_t *output) {
  nn_half_t *half = (nn_half_t *)output;
  for (const nn_half_t *const end = half + 4 * count; half != end; first += 2) {
    for (int32_t i = 0; i < 4; i++) {
      const int32_t index = first + i % 2 + i / 2 * layer->step;
      const int inside = index >= 0 && index < layer->inputs;
      *half++ = (int16_t)(inside ? input[index] : layer->input_zero_point);
    }
  }
  return output + 2 * count;
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

void nn_sum_chunk(const nn_chunk_t *chunk, const nn_quick_scale_t *scales, int8_t *output,
                  int32_t output_step) {
  const nn_conv1d_t *const layer = chunk->layer;
  const int32_t *const input = chunk->room->input;
  const int32_t words = window_words(layer);
  const int32_t size = NN_BLOCK * words;
  const int16_t *const weights = layer->weights + chunk->channel / NN_BLOCK * size;
  const nn_pairs_t job = {.input = input,
                          .weights = weights,
                          .bias = layer->bias + chunk->channel,
                          .weights_end = weights + size,
                          .quick_scales = scales,
                          .output = output,
                          .output_step = output_step,
                          .next = layer->advance - words,
                          .end = input + (chunk->positions + 1) / 2 * layer->advance,
                          .steps = words / 2};
  nn_sum_pairs(&job);
}

static void convolve(nn_finish_t *finish, const nn_conv1d_t *layer, const int8_t *input,
                     int8_t *output, const nn_room_t *room) {
  int32_t left = layer->positions * layer->pool;
  for (int32_t pair = 0; left > 0; pair += layer->chunk, left -= 2 * layer->chunk) {
    nn_chunk_t chunk = {layer, room, output, 0, nn_min(left, 2 * layer->chunk)};
    widen_chunk(layer, input, pair, (chunk.positions + 1) / 2, room->input);
    for (; chunk.channel < layer->channels_out; chunk.channel += NN_BLOCK) {
      finish(&chunk);
      chunk.output += output != NULL ? NN_BLOCK : 0;
    }
    output += output != NULL ? chunk.positions / layer->pool * layer->channels_out : 0;
  }
}

static int32_t chunk_words(const nn_conv1d_t *layer) {
  return window_words(layer) + (layer->chunk - 1) * layer->advance;
}

void nn_conv1d_with(nn_finish_t *finish, const nn_conv1d_t *layer, const int8_t *input,
                    int8_t *output, int32_t *scratch) {
  const nn_room_t room = {scratch, scratch + chunk_words(layer), NULL};
  convolve(finish, layer, input, output, &room);
}

void nn_conv1d_mean_with(nn_finish_t *finish, const nn_conv1d_t *layer, const nn_mean_t *mean,
                         const int8_t *input, int8_t *output, int32_t *scratch) {
  int32_t *const totals = scratch;
  int32_t *const rest = scratch + layer->channels_out;
  const nn_room_t room = {rest, rest + chunk_words(layer), totals};
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    totals[channel] = 0;
  }
  convolve(finish, layer, input, NULL, &room);
  const nn_mean_t copy = *mean; /* not to be read again for each channel */
  for (int32_t channel = 0; channel < layer->channels_out; channel++) {
    output[channel] = nn_average(&copy, totals[channel]);
  }
}
