#include "nn_dot.h"
#include "nn_quads.h"

/* Moves two of a filter's values on by one; weights of their age times what they are then. */
static inline uint32_t move_pair(uint32_t sum, const int16_t *weights, nn_half_t *values) {
#ifdef NN_DSP
  int32_t two, by;
  memcpy(&two, values + 1, sizeof two);
  memcpy(&by, weights, sizeof by);
  memcpy(values, &two, sizeof two);
  __asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(two), "r"(by));
  return sum;
#else
  values[0] = values[1];
  values[1] = values[2];
  return sum + (uint32_t)(weights[0] * values[0]) + (uint32_t)(weights[1] * values[1]);
#endif
}

/* Takes in the newest value of a filter, in place of the oldest; the weighted sum of all. */
static uint32_t remember(const nn_svdf_t *layer, const int16_t *weights, nn_half_t *values,
                         int32_t sum_of_features) {
  const int32_t value = nn_rescale(sum_of_features, layer->feature_scale);
  const int32_t newest = nn_min(nn_max(value, INT16_MIN), INT16_MAX);
  const int32_t last = layer->memory - 1;
  uint32_t sum = 0;
  int32_t i = 0;
  for (; i < last - 1; i += 2) {
    sum = move_pair(sum, weights + i, values + i);
  }
  for (; i < last; i++) {
    values[i] = values[i + 1];
    sum += (uint32_t)(weights[i] * values[i]);
  }
  values[last] = (int16_t)newest;
  return sum + (uint32_t)(weights[last] * newest);
}

/* Where the next filter is, and what its unit has so far. */
typedef struct {
  const int32_t *feature_bias;
  const int32_t *bias;
  const int16_t *times;
  nn_half_t *values;
  int8_t *output;
  uint32_t sum;
  int32_t left; /* filters of the unit */
} place_t;

static place_t first_place(const nn_svdf_t *layer, int8_t *output, int32_t *state) {
  const place_t place = {
      layer->feature_bias, layer->bias, layer->times, (nn_half_t *)state, output, 0, layer->rank};
  return place;
}

static void finish_filter(const nn_svdf_t *layer, place_t *place, int32_t sum_of_features) {
  const int32_t sum = sum_of_features + *place->feature_bias++;
  place->sum += remember(layer, place->times, place->values, sum);
  place->times += layer->memory;
  place->values += layer->memory;
  if (--place->left == 0) {
    const uint32_t biased = place->sum + (uint32_t)*place->bias++;
    *place->output++ = nn_requantize((int32_t)biased, layer->scale, layer->output);
    place->left = layer->rank;
    place->sum = 0;
  }
}

void nn_svdf(const nn_svdf_t *layer, const int8_t *input, int8_t *output, int32_t *state) {
  place_t place = first_place(layer, output, state);
  const int32_t more = (layer->inputs - 1) / NN_QUAD;
  const int8_t *const rest = input + layer->inputs - NN_QUAD * more;
  const int16_t *weights = (const int16_t *)layer->features;
  for (int32_t left = layer->filters; left > 0; left -= NN_BLOCK) {
    int32_t sums[NN_BLOCK];
    nn_sum_quads(input, weights, more, sums, rest);
    weights += 2 * NN_BLOCK * (more + 1);
    for (int32_t i = 0; i < nn_min(left, NN_BLOCK); i++) {
      finish_filter(layer, &place, sums[i]);
    }
  }
}

void nn_svdf_any(const nn_svdf_t *layer, const int8_t *input, int8_t *output, int32_t *state) {
  place_t place = first_place(layer, output, state);
  const int8_t *weights = (const int8_t *)layer->features;
  for (int32_t left = layer->filters; left > 0; left--, weights += layer->inputs) {
    finish_filter(layer, &place, nn_dot(0, weights, input, layer->inputs));
  }
}
