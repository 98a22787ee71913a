#include <string.h>

#include "nn.h"

void nn_concatenate(const nn_concatenate_t *layer, const int8_t *const inputs[], int8_t *output) {
  for (int32_t part = 0; part < layer->outer; part++) {
    for (int32_t i = 0; i < layer->count; i++) {
      const int32_t bytes = layer->bytes[i];
      memcpy(output, inputs[i] + part * bytes, (size_t)bytes);
      output += bytes;
    }
  }
}
