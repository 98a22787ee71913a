#include "nn_cells.h"

void nn_simple_rnn(const nn_simple_rnn_t *layer, const int8_t *input, int32_t *state,
                   int32_t *scratch) {
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *const gates = nn_begin_cell(&layer->cell, input, scratch);
  nn_multiply(&layer->recurrent, h, gates, gates);
  for (int32_t i = 0; i < layer->cell.units; i++) {
    h[i] = (int16_t)nn_tanh(gates[i]);
  }
}
