#include <string.h>

#include "nn_arithmetic.h"

void nn_copy(int32_t count, const int8_t *input, int8_t *output) {
  memcpy(output, input, (size_t)count);
}

/* Whether the output coordinates fall on the input. */
static int inside(const nn_pad_t *layer, const int32_t at[NN_PAD_AXES]) {
  for (int32_t axis = 0; axis < NN_PAD_AXES; axis++) {
    const int32_t position = at[axis] - layer->before[axis];
    if (position < 0 || position >= layer->shape[axis]) {
      return 0;
    }
  }
  return 1;
}

/* The next output coordinates in memory order; zero when there are no more. */
static int advance(const nn_pad_t *layer, int32_t at[NN_PAD_AXES]) {
  for (int32_t axis = NN_PAD_AXES - 1; axis >= 0; axis--) {
    at[axis]++;
    if (at[axis] < layer->before[axis] + layer->shape[axis] + layer->after[axis]) {
      return 1;
    }
    at[axis] = 0;
  }
  return 0;
}

void nn_pad(const nn_pad_t *layer, const int8_t *input, int8_t *output) {
  int32_t at[NN_PAD_AXES] = {0};
  do {
    *output++ = inside(layer, at) ? *input++ : layer->value;
  } while (advance(layer, at));
}
