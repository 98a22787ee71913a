#include "nn_planes.h"

#ifndef NN_DSP

static void put(const nn_planes_t *planes, const int8_t *input, int32_t half, int32_t *output) {
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    ((nn_half_t *)(output + i * planes->plane / 4))[half] = input[i];
  }
}

void nn_part_channels(const nn_planes_t *planes) {
  const int8_t *row = planes->input;
  for (int32_t *output = planes->output; output != planes->end; output++) {
    const int8_t *input = row;
    int32_t *to = output;
    for (int32_t i = planes->lead; i < 2 * planes->lead + planes->count; i++) {
      put(planes, input, i % 2, to);
      input += planes->step;
      to += i % 2 * planes->pitch / 4;
    }
    row += planes->row_step;
  }
}

#endif
