#include "model.h"

#include <string.h>

#include "model_size.h"

#define SURPLUS MODEL_SURPLUS(MODEL_WINDOW, MODEL_HOP, MODEL_FEED)

/* The first feed, of which the window gives only the end. */
static void feed_first(const int8_t *window, int8_t *output) {
  int8_t input[MODEL_FEED * MODEL_CHANNELS] = {0};
  memcpy(input + SURPLUS * MODEL_CHANNELS, window, (MODEL_FEED - SURPLUS) * MODEL_CHANNELS);
  MODEL.invoke(input, output);
}

void model_run(const int8_t *window, int8_t *output) {
  int fed = 0;
  MODEL.reset();
  if (SURPLUS > 0) {
    feed_first(window, output);
    fed = MODEL_FEED - SURPLUS;
  }
  for (; fed < MODEL_WINDOW; fed += MODEL_FEED) {
    MODEL.invoke(window + fed * MODEL_CHANNELS, output);
  }
}
