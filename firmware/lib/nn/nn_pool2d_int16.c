#include "nn_sums_int16.h"

/* The part of the input that one output position covers. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

typedef int32_t pool_t(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input);

/* One channel of a window, from its first place in the input on. */
static int32_t largest(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input) {
  int32_t best = INT16_MIN;
  for (int32_t y = place->y.first; y < place->y.end; y++) {
    const nn_half_t *value = input;
    for (int32_t left = place->x.end - place->x.first; left > 0; left--) {
      best = nn_max(best, *value);
      value += layer->channels;
    }
    input += layer->input.width * layer->channels;
  }
  return best;
}

static int32_t average(const nn_pool2d_t *layer, const place_t *place, const nn_half_t *input) {
  const int32_t count = (place->y.end - place->y.first) * (place->x.end - place->x.first);
  int32_t sum = 0;
  for (int32_t y = place->y.first; y < place->y.end; y++) {
    const nn_half_t *value = input;
    for (int32_t left = place->x.end - place->x.first; left > 0; left--) {
      sum += *value;
      value += layer->channels;
    }
    input += layer->input.width * layer->channels;
  }
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static inline void pool2d(const nn_pool2d_t *layer, pool_t *pool, const nn_half_t *input,
                          nn_half_t *output) {
  place_t place;
  for (int32_t y = 0; y < layer->result.height; y++) {
    place.y = nn_window(y * layer->stride.height - layer->padding.height, layer->window.height, 1,
                        layer->input.height);
    for (int32_t x = 0; x < layer->result.width; x++) {
      place.x = nn_window(x * layer->stride.width - layer->padding.width, layer->window.width, 1,
                          layer->input.width);
      const nn_half_t *from =
          input + (place.y.start * layer->input.width + place.x.start) * layer->channels;
      for (int32_t c = 0; c < layer->channels; c++, from++) {
        *output++ = nn_clamp_half(pool(layer, &place, from), layer->min, layer->max);
      }
    }
  }
}

void nn_max_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output) {
  pool2d(layer, largest, input, output);
}

void nn_average_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output) {
  pool2d(layer, average, input, output);
}
