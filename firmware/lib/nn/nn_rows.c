#include "nn_rows.h"

#include <stddef.h>

static inline int8_t quick(int32_t sum, int32_t bias, nn_quick_scale_t scale) {
  return (int8_t)nn_requantize_quick(2 * sum + bias, scale);
}

void nn_finish_rows(const nn_rows_t *rows, int32_t block, const int32_t sums[NN_BLOCK],
                    int8_t output[NN_BLOCK]) {
  const int32_t first = NN_BLOCK * block;
  const int32_t *const bias = rows->bias + first;
  const int32_t first_scale = block * rows->scale_step;
  const int32_t channels = nn_min(NN_BLOCK, rows->outputs - first);
  if (rows->quick_scales == NULL) {
    for (int32_t i = 0; i < channels; i++) {
      output[i] = nn_requantize(sums[i] + bias[i], rows->scales[first_scale + i], rows->output);
    }
    return;
  }
  const nn_quick_scale_t *const scales = rows->quick_scales + first_scale;
  if (channels == NN_BLOCK) {
    output[0] = quick(sums[0], bias[0], scales[0]);
    output[1] = quick(sums[1], bias[1], scales[1]);
    output[2] = quick(sums[2], bias[2], scales[2]);
    output[3] = quick(sums[3], bias[3], scales[3]);
    return;
  }
  for (int32_t i = 0; i < channels; i++) {
    output[i] = quick(sums[i], bias[i], scales[i]);
  }
}
