#include "nn_cells.h"

void nn_narrow(const nn_narrow_t *layer, const int8_t *input, int8_t *output) {
  const nn_half_t *const values = (const nn_half_t *)input;
  for (int32_t i = 0; i < layer->count; i++) {
    output[i] = nn_requantize(values[i], layer->scale, layer->output);
  }
}
