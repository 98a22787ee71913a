#include "nn_cells.h"

NN_CELL simple_rnn(const nn_cell_t *layer, const int8_t *input, int32_t *state, int32_t *scratch,
                   nn_multiply_t *multiply) {
  const int16_t *const middle = nn_tanh_middle();
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *gates;
  const nn_half_t *const x = nn_take_input(layer, input, scratch, &gates);
  nn_sum_gates(layer, x, h, gates, multiply);
  for (int32_t i = 0; i < layer->units; i++) {
    h[i] = (int16_t)nn_tanh(middle, gates[i]);
  }
}

void nn_simple_rnn(const nn_cell_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  simple_rnn(layer, input, state, scratch, nn_multiply);
}

void nn_simple_rnn_compact(const nn_cell_t *layer, const int8_t *input, int32_t *state,
                           int32_t *scratch) {
  simple_rnn(layer, input, state, scratch, nn_multiply_compact);
}
