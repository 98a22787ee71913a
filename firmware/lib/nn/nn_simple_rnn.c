#include "nn_cells.h"

void nn_simple_rnn(const nn_cell_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  const int16_t *const middle = nn_tanh_middle();
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *gates;
  const nn_half_t *const x = nn_take_input(layer, input, scratch, &gates);
  nn_sum_gates(layer, x, h, gates);
  for (int32_t i = 0; i < layer->units; i++) {
    h[i] = (int16_t)nn_tanh(middle, gates[i]);
  }
}
