#include "nn_cells.h"

NN_CELL lstm(const nn_lstm_t *layer, const int8_t *input, int32_t *state, int32_t *scratch,
             nn_multiply_t *multiply) {
  const int32_t units = layer->cell.units, bits = layer->carry_bits;
  const int16_t *const middle = nn_tanh_middle();
  nn_half_t *const h = (nn_half_t *)state;
  nn_half_t *const c = h + units;
  int32_t *gates;
  const nn_half_t *const x = nn_take_input(&layer->cell, input, scratch, &gates);
  nn_sum_gates(&layer->cell, x, h, gates, multiply);
  for (int32_t i = 0; i < units; i++) {
    const int32_t *const gate = gates + i;
    const int32_t candidate = nn_tanh(middle, gate[2 * units]);
    const int32_t added = (nn_tanh(middle, gate[0]) + NN_ONE) * candidate;
    const int32_t kept = (nn_tanh(middle, gate[units]) + NN_ONE) * c[i];
    const int32_t sum = ((kept >> 1) + (added >> (1 + bits)) + NN_ONE / 2) >> 15;
    const int32_t carried = nn_min(nn_max(sum, INT16_MIN), INT16_MAX);
    const int32_t squashed = nn_tanh(middle, carried * (1 << bits));
    c[i] = (int16_t)carried;
    h[i] = (int16_t)nn_gate(nn_tanh(middle, gate[3 * units]), squashed);
  }
}

void nn_lstm(const nn_lstm_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  lstm(layer, input, state, scratch, nn_multiply);
}

void nn_lstm_compact(const nn_lstm_t *layer, const int8_t *input, int32_t *state,
                     int32_t *scratch) {
  lstm(layer, input, state, scratch, nn_multiply_compact);
}
