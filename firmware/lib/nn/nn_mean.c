#include "nn_arithmetic.h"

#define AT_ONCE 4

/* Adds up `count` values of each of four neighbours, which lie `step` apart. */
static void add_four(const int8_t *input, int32_t step, int32_t count, int32_t sums[AT_ONCE]) {
#ifdef NN_DSP
  while (count > 0) {
    int32_t even = 0, odd = 0; /* neighbours 0 and 2, 1 and 3: half a word each */
    const int32_t fitting = nn_min(count, 255);
    for (int32_t left = fitting; left > 0; left--, input += step) {
      int32_t quad;
      __builtin_memcpy(&quad, input, sizeof(quad));
      __asm("sxtab16 %0, %0, %1" : "+r"(even) : "r"(quad));
      __asm("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(quad));
    }
    sums[0] += (int16_t)even;
    sums[1] += (int16_t)odd;
    sums[2] += even >> 16;
    sums[3] += odd >> 16;
    count -= fitting;
  }
#else
  for (; count > 0; count--, input += step) {
    for (int32_t i = 0; i < AT_ONCE; i++) {
      sums[i] += input[i];
    }
  }
#endif
}

static int32_t add_one(const int8_t *input, int32_t step, int32_t count) {
  int32_t sum = 0;
  for (; count > 0; count--, input += step) {
    sum += *input;
  }
  return sum;
}

void nn_mean(const nn_mean_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t outer = layer->outer; outer > 0; outer--, input += layer->count * layer->inner) {
    int32_t i = 0;
    for (; i + AT_ONCE <= layer->inner; i += AT_ONCE) {
      int32_t sums[AT_ONCE] = {0};
      add_four(input + i, layer->inner, layer->count, sums);
      for (int32_t j = 0; j < AT_ONCE; j++) {
        *output++ = nn_average(layer, sums[j]);
      }
    }
    for (; i < layer->inner; i++) {
      *output++ = nn_average(layer, add_one(input + i, layer->inner, layer->count));
    }
  }
}
