#include <string.h>

#include "nn.h"

/* Along the innermost axis. */
static int8_t *copy_row(const nn_strided_copy_t *layer, const int8_t *from, int8_t *output) {
  const int32_t count = layer->shape[NN_AXES - 1], step = layer->steps[NN_AXES - 1];
  if (layer->run == 1) {
    for (int32_t i = 0; i < count; i++) {
      *output++ = from[i * step];
    }
    return output;
  }
  for (int32_t i = 0; i < count; i++, output += layer->run) {
    memcpy(output, from + i * step, (size_t)layer->run);
  }
  return output;
}

void nn_strided_copy(const nn_strided_copy_t *layer, const int8_t *input, int8_t *output) {
  int32_t at[NN_AXES - 1] = {0};
  int32_t from = layer->start;
  for (int32_t axis = 0; axis >= 0;) {
    output = copy_row(layer, input + from, output);
    for (axis = NN_AXES - 2; axis >= 0; axis--) {
      from += layer->steps[axis];
      if (++at[axis] < layer->shape[axis]) break;
      from -= layer->steps[axis] * layer->shape[axis];
      at[axis] = 0;
    }
  }
}
