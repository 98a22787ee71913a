#include <string.h>

#include "nn_arithmetic.h"

void nn_copy(int32_t count, const int8_t *input, int8_t *output) {
  memcpy(output, input, (size_t)count);
}

/* By words, where a small board's library goes byte by byte. */
static int8_t *copy_run(const int8_t *input, int32_t count, int8_t *output) {
  for (; count >= 16; count -= 16, input += 16, output += 16) {
    __builtin_memcpy(output, input, 16);
  }
  for (; count >= 4; count -= 4, input += 4, output += 4) __builtin_memcpy(output, input, 4);
  for (; count > 0; count--) *output++ = *input++;
  return output;
}

static int8_t *fill_run(int32_t value, int32_t count, int8_t *output) {
  const uint32_t bytes = (uint8_t)value * 0x01010101u;
  const uint32_t words[] = {bytes, bytes, bytes, bytes};
  for (; count >= 16; count -= 16, output += 16) __builtin_memcpy(output, words, 16);
  for (; count >= 4; count -= 4, output += 4) __builtin_memcpy(output, words, 4);
  for (; count > 0; count--) *output++ = (int8_t)value;
  return output;
}

/* Whether the run at the output coordinates falls on the input. */
static int inside(const nn_pad_t *layer, const int32_t at[NN_PAD_AXES - 1]) {
  for (int32_t axis = 0; axis < NN_PAD_AXES - 1; axis++) {
    const int32_t position = at[axis] - layer->before[axis];
    if (position < 0 || position >= layer->shape[axis]) {
      return 0;
    }
  }
  return 1;
}

/* The next output coordinates in memory order; zero when there are no more. */
static int advance(const nn_pad_t *layer, int32_t at[NN_PAD_AXES - 1]) {
  for (int32_t axis = NN_PAD_AXES - 2; axis >= 0; axis--) {
    at[axis]++;
    if (at[axis] < layer->before[axis] + layer->shape[axis] + layer->after[axis]) {
      return 1;
    }
    at[axis] = 0;
  }
  return 0;
}

void nn_pad(const nn_pad_t *layer, const int8_t *input, int8_t *output) {
  const int32_t last = NN_PAD_AXES - 1, run = layer->shape[last];
  const int32_t before = layer->before[last], after = layer->after[last];
  int32_t at[NN_PAD_AXES - 1] = {0};
  do {
    if (inside(layer, at)) {
      output = fill_run(layer->value, before, output);
      output = copy_run(input, run, output);
      input += run;
      output = fill_run(layer->value, after, output);
    } else {
      output = fill_run(layer->value, before + run + after, output);
    }
  } while (advance(layer, at));
}
