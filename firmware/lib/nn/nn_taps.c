#include "nn_taps.h"

#ifndef NN_DSP

static void sum_position(const nn_tap_row_t *row, const int8_t *x, const int32_t *from,
                         int32_t *sums) {
  int32_t s0 = from[0], s1 = from[1], s2 = from[2], s3 = from[3];
  for (const int16_t *w = row->weights; w != row->weights_end; w += NN_BLOCK) {
    s0 += x[0] * w[0];
    s1 += x[1] * w[2];
    s2 += x[2] * w[1];
    s3 += x[3] * w[3];
    x += row->column_step;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

void nn_sum_taps(const nn_tap_row_t *row) {
  const int8_t *x = row->input;
  const int32_t *from = row->from;
  for (int32_t *sums = row->sums; sums != row->sums_end; sums += NN_BLOCK) {
    sum_position(row, x, from, sums);
    x += row->step;
    from += row->from_step / (int32_t)sizeof(*from);
  }
}

#endif
