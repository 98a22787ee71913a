#include "nn_taps.h"

#include <stddef.h>

#ifndef NN_DSP

typedef struct {
  const int8_t *input;
  const int8_t *weights;
} place_t;

static void add_row(const nn_window_taps_t *taps, place_t *place, int32_t sums[NN_BLOCK]) {
  const int8_t *const end = place->weights + taps->row_bytes;
  for (; place->weights != end; place->weights += NN_BLOCK) {
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      sums[i] += (place->input[i] + (int16_t)taps->offset) * place->weights[i];
    }
    place->input += taps->column_step;
  }
}

/* Goes on to the next block. */
static void add_block(const nn_window_taps_t *taps, place_t *place, int32_t sums[NN_BLOCK]) {
  add_row(taps, place, sums);
  for (int32_t row = 1; row < taps->rows; row++) {
    place->input += taps->row_input_gap;
    place->weights += taps->row_weights_gap;
    add_row(taps, place, sums);
  }
  place->input += taps->input_gap;
  place->weights += taps->weights_gap;
}

void nn_sum_taps(const nn_window_taps_t *taps) {
  place_t place = {taps->input, taps->weights};
  const nn_short_scale_t *scale = taps->scales;
  int8_t *output = taps->output;
  int32_t *sums = taps->output;
  for (const int32_t *bias = taps->bias; bias != taps->bias_end; bias += NN_BLOCK) {
    int32_t totals[NN_BLOCK] = {bias[0], bias[1], bias[2], bias[3]};
    add_block(taps, &place, totals);
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      if (scale == NULL) {
        *sums++ = totals[i];
        continue;
      }
      *output = (int8_t)nn_requantize_quick(2 * totals[i], nn_quick_scale(*scale++, taps->halves));
      output += taps->output_step;
    }
  }
}

#endif
