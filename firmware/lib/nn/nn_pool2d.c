#include "nn_arithmetic.h"

/* The part of the input that one output position covers. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

typedef int32_t (*pool_t)(const nn_pool2d_t *layer, const place_t *place, const int8_t *input);

static int32_t largest(const nn_pool2d_t *layer, const place_t *place, const int8_t *input) {
  int32_t best = INT8_MIN;
  for (int32_t y = 0; y < place->y.end - place->y.first; y++) {
    const int8_t *row =
        input + ((place->y.start + y) * layer->input.width + place->x.start) * layer->channels;
    for (int32_t x = place->x.first; x < place->x.end; x++, row += layer->channels) {
      best = nn_max(best, *row);
    }
  }
  return best;
}

static int32_t average(const nn_pool2d_t *layer, const place_t *place, const int8_t *input) {
  const int32_t count = (place->y.end - place->y.first) * (place->x.end - place->x.first);
  int32_t sum = 0;
  for (int32_t y = 0; y < place->y.end - place->y.first; y++) {
    const int8_t *row =
        input + ((place->y.start + y) * layer->input.width + place->x.start) * layer->channels;
    for (int32_t x = place->x.first; x < place->x.end; x++, row += layer->channels) {
      sum += *row;
    }
  }
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static void pool2d(const nn_pool2d_t *layer, pool_t pool, const int8_t *input, int8_t *output) {
  place_t place;
  for (int32_t y = 0; y < layer->result.height; y++) {
    place.y = nn_window(y * layer->stride.height - layer->padding.height, layer->window.height, 1,
                        layer->input.height);
    for (int32_t x = 0; x < layer->result.width; x++) {
      place.x = nn_window(x * layer->stride.width - layer->padding.width, layer->window.width, 1,
                          layer->input.width);
      for (int32_t c = 0; c < layer->channels; c++) {
        *output++ = nn_clamp(pool(layer, &place, input + c), layer->min, layer->max);
      }
    }
  }
}

void nn_max_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output) {
  pool2d(layer, largest, input, output);
}

void nn_average_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output) {
  pool2d(layer, average, input, output);
}
