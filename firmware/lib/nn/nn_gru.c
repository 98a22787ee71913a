#include "nn_cells.h"

/* Between the old state and the candidate, as far as the update gate is open. */
static int16_t update(int32_t h, int32_t candidate, int32_t opened) {
  const int32_t moved = ((h - candidate) * opened + NN_ONE / 2) >> 15;
  return (int16_t)((h + candidate + moved + 1) >> 1);
}

void nn_gru(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  const int32_t units = layer->cell.units;
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *const gates = nn_begin_cell(&layer->cell, input, scratch);
  int32_t *const inner = gates + 3 * units;
  nn_multiply(&layer->recurrent, h, gates, gates);
  nn_multiply(&layer->candidate, h, layer->candidate_bias, inner);
  for (int32_t i = 0; i < units; i++) {
    const int32_t opened = nn_tanh(gates[i]);
    const int32_t reset = (nn_tanh(gates[units + i]) + NN_ONE) << 15;
    const int32_t candidate = nn_tanh(nn_multiply_add(inner[i], reset, gates[2 * units + i]));
    h[i] = update(h[i], candidate, opened);
  }
}

void nn_gru_reset_before(const nn_gru_t *layer, const int8_t *input, int32_t *state,
                         int32_t *scratch) {
  const int32_t units = layer->cell.units;
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *const gates = nn_begin_cell(&layer->cell, input, scratch);
  nn_half_t *const reset = (nn_half_t *)(gates + 3 * units);
  nn_multiply(&layer->recurrent, h, gates, gates);
  for (int32_t i = 0; i < units; i++) {
    reset[i] = (int16_t)nn_gate(nn_tanh(gates[units + i]), h[i]);
  }
  int32_t *const candidates = gates + 2 * units;
  nn_multiply(&layer->candidate, reset, candidates, candidates);
  for (int32_t i = 0; i < units; i++) {
    h[i] = update(h[i], nn_tanh(candidates[i]), nn_tanh(gates[i]));
  }
}
