#include "nn_arithmetic.h"

/* The part of the input that one output position covers. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

typedef void (*pool_t)(const nn_pool2d_t *layer, const place_t *place, const int8_t *input,
                       int8_t *output);

static void copy(const int8_t *values, int32_t count, int8_t *output) {
  for (; count >= 4; count -= 4, values += 4, output += 4) {
    __builtin_memcpy(output, values, 4);
  }
  for (; count > 0; count--) {
    *output++ = *values++;
  }
}

static void keep_larger(int8_t *best, const int8_t *values, int32_t count) {
#ifdef NN_DSP
  for (; count >= 4; count -= 4, best += 4, values += 4) {
    int32_t a, b;
    __builtin_memcpy(&a, best, sizeof(a));
    __builtin_memcpy(&b, values, sizeof(b));
    __asm(
        "ssub8 r12, %0, %1\n"
        "sel %0, %0, %1"
        : "+r"(a)
        : "r"(b)
        : "r12", "cc");
    __builtin_memcpy(best, &a, sizeof(a));
  }
#endif
  for (; count > 0; count--, best++, values++) {
    *best = (int8_t)nn_max(*best, *values);
  }
}

static void largest(const nn_pool2d_t *layer, const place_t *place, const int8_t *input,
                    int8_t *output) {
  const int32_t row = layer->input.width * layer->channels;
  const int8_t *from = input + place->y.start * row + place->x.start * layer->channels;
  copy(from, layer->channels, output);
  for (int32_t y = place->y.first; y < place->y.end; y++, from += row) {
    const int8_t *values = from;
    for (int32_t x = place->x.first; x < place->x.end; x++, values += layer->channels) {
      keep_larger(output, values, layer->channels);
    }
  }
}

static void average(const nn_pool2d_t *layer, const place_t *place, const int8_t *input,
                    int8_t *output) {
  const int32_t count = (place->y.end - place->y.first) * (place->x.end - place->x.first);
  const int32_t row = layer->input.width * layer->channels;
  const int8_t *from = input + place->y.start * row + place->x.start * layer->channels;
  for (int32_t c = 0; c < layer->channels; c++, from++) {
    const int8_t *values = from;
    int32_t sum = 0;
    for (int32_t y = place->y.first; y < place->y.end; y++, values += row) {
      const int8_t *value = values;
      for (int32_t x = place->x.first; x < place->x.end; x++, value += layer->channels) {
        sum += *value;
      }
    }
    output[c] = (int8_t)(sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count);
  }
}

static void pool2d(const nn_pool2d_t *layer, pool_t pool, const int8_t *input, int8_t *output) {
  place_t place;
  for (int32_t y = 0; y < layer->result.height; y++) {
    place.y = nn_window(y * layer->stride.height - layer->padding.height, layer->window.height, 1,
                        layer->input.height);
    for (int32_t x = 0; x < layer->result.width; x++) {
      place.x = nn_window(x * layer->stride.width - layer->padding.width, layer->window.width, 1,
                          layer->input.width);
      pool(layer, &place, input, output);
      output += layer->channels;
    }
  }
}

static void clamp(const nn_pool2d_t *layer, int8_t *output) {
  if (layer->min > INT8_MIN || layer->max < INT8_MAX) {
    const int32_t positions = layer->result.height * layer->result.width;
    for (int32_t left = positions * layer->channels; left > 0; left--, output++) {
      *output = nn_clamp(*output, layer->min, layer->max);
    }
  }
}

void nn_max_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output) {
  pool2d(layer, largest, input, output);
  clamp(layer, output);
}

void nn_average_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output) {
  pool2d(layer, average, input, output);
  clamp(layer, output);
}
