#include <string.h>

#include "nn_sums_int16.h"

/* The part of the input that one output position covers. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

typedef void pool_t(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input,
                    nn_half_t *output);

static inline void keep_larger(nn_half_t *best, const nn_half_t *values, int32_t count) {
#ifdef NN_DSP
  for (; count >= 2; count -= 2, best += 2, values += 2) {
    int32_t a, b;
    memcpy(&a, best, sizeof a);
    memcpy(&b, values, sizeof b);
    __asm(
        "ssub16 r12, %0, %1\n"
        "sel %0, %0, %1"
        : "+r"(a)
        : "r"(b)
        : "r12", "cc");
    memcpy(best, &a, sizeof a);
  }
#endif
  for (; count > 0; count--, best++, values++) {
    *best = (int16_t)nn_max(*best, *values);
  }
}

/* All channels of a window, from its first place in the input on. */
static inline void largest(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input,
                           nn_half_t *output) {
  const int32_t channels = layer->channels, row = layer->input.width * channels;
  const int32_t end = (place->x.end - place->x.first) * channels;
  memcpy(output, input, (size_t)channels * sizeof *output);
  for (int32_t y = place->y.first; y < place->y.end; y++, input += row) {
    for (int32_t at = y == place->y.first ? channels : 0; at < end; at += channels) {
      keep_larger(output, input + at, channels);
    }
  }
}

static inline void average(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input,
                           nn_half_t *output) {
  const int32_t count = (place->y.end - place->y.first) * (place->x.end - place->x.first);
  const int32_t row = layer->input.width * layer->channels;
  for (int32_t c = 0; c < layer->channels; c++, input++) {
    const nn_half_t *from = input;
    int32_t sum = 0;
    for (int32_t y = place->y.first; y < place->y.end; y++, from += row) {
      const nn_half_t *value = from;
      for (int32_t x = place->x.first; x < place->x.end; x++, value += layer->channels) {
        sum += *value;
      }
    }
    output[c] = (int16_t)(sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
  }
}

static inline void clamp(const nn_pool2d_t *layer, nn_half_t *output) {
  if (layer->min > INT16_MIN || layer->max < INT16_MAX) {
    for (int32_t left = layer->channels; left > 0; left--, output++) {
      *output = nn_clamp_half(*output, layer->min, layer->max);
    }
  }
}

static inline void pool2d(const nn_pool2d_t *layer, pool_t *pool, const nn_half_t *input,
                          nn_half_t *output) {
  place_t place;
  for (int32_t y = 0; y < layer->result.height; y++) {
    place.y = nn_window(y * layer->stride.height - layer->padding.height, layer->window.height, 1,
                        layer->input.height);
    for (int32_t x = 0; x < layer->result.width; x++, output += layer->channels) {
      place.x = nn_window(x * layer->stride.width - layer->padding.width, layer->window.width, 1,
                          layer->input.width);
      const int32_t first = place.y.start * layer->input.width + place.x.start;
      pool(layer, &place, input + first * layer->channels, output);
      clamp(layer, output);
    }
  }
}

void nn_max_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output) {
  pool2d(layer, largest, input, output);
}

void nn_average_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output) {
  pool2d(layer, average, input, output);
}
