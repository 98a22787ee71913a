#include "nn_cells.h"

void nn_lstm(const nn_lstm_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  const int32_t units = layer->cell.units, bits = layer->carry_bits;
  nn_half_t *const h = (nn_half_t *)state;
  nn_half_t *const c = h + units;
  int32_t *const gates = nn_begin_cell(&layer->cell, input, scratch);
  nn_multiply(&layer->recurrent, h, gates, gates);
  for (int32_t i = 0; i < units; i++) {
    const int32_t *const gate = gates + i;
    const int32_t added = (nn_tanh(gate[0]) + NN_ONE) * nn_tanh(gate[2 * units]);
    const int32_t kept = (nn_tanh(gate[units]) + NN_ONE) * c[i];
    const int32_t sum = ((kept >> 1) + (added >> (1 + bits)) + NN_ONE / 2) >> 15;
    const int32_t carried = nn_min(nn_max(sum, INT16_MIN), INT16_MAX);
    c[i] = (int16_t)carried;
    h[i] = (int16_t)nn_gate(nn_tanh(gate[3 * units]), nn_tanh(carried * (1 << bits)));
  }
}
