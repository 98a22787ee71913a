#include <string.h>

#include "nn.h"

void nn_resize_nearest(const nn_resize_nearest_t *layer, const int8_t *input, int8_t *output) {
  for (int32_t y = 0; y < layer->row_count; y++) {
    const int8_t *const row = input + layer->rows[y] * layer->row_bytes;
    for (int32_t x = 0; x < layer->column_count; x++, output += layer->bytes) {
      memcpy(output, row + layer->columns[x] * layer->bytes, (size_t)layer->bytes);
    }
  }
}
