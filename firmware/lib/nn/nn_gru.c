#include "nn_cells.h"

/* From the candidates and the update gates. */
static void update(const nn_gru_t *layer, const int32_t *gates, nn_half_t *h) {
  const int32_t units = layer->cell.units;
  const int16_t *const middle = nn_tanh_middle();
  for (int32_t i = 0; i < units; i++) {
    const int32_t opened = nn_tanh(middle, gates[i]);
    const int32_t candidate = nn_tanh(middle, gates[2 * units + i]);
    const int32_t moved = ((h[i] - candidate) * opened + NN_ONE / 2) >> 15;
    h[i] = (int16_t)((h[i] + candidate + moved + 1) >> 1);
  }
}

NN_CELL gru(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch,
            nn_multiply_t *multiply) {
  const int32_t units = layer->cell.units;
  const int16_t *const middle = nn_tanh_middle();
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *gates;
  const nn_half_t *const x = nn_take_input(&layer->cell, input, scratch, &gates);
  int32_t *const candidates = gates + 2 * units;
  nn_sum_gates(&layer->cell, x, h, gates, multiply);
  multiply(&layer->candidate_recurrent, h, layer->reset_bias, candidates);
  for (int32_t i = 0; i < units; i++) {
    const int32_t reset = (nn_tanh(middle, gates[units + i]) + NN_ONE) << 15;
    candidates[i] = nn_multiply_add(candidates[i], reset, layer->candidate_bias[i]);
  }
  multiply(&layer->candidate_input, x, candidates, candidates);
  update(layer, gates, h);
}

/* What the reset gates let through takes their place. */
NN_CELL reset_before(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch,
                     nn_multiply_t *multiply) {
  const int32_t units = layer->cell.units;
  const int16_t *const middle = nn_tanh_middle();
  nn_half_t *const h = (nn_half_t *)state;
  int32_t *gates;
  const nn_half_t *const x = nn_take_input(&layer->cell, input, scratch, &gates);
  int32_t *const candidates = gates + 2 * units;
  nn_half_t *const reset = (nn_half_t *)(gates + units);
  nn_sum_gates(&layer->cell, x, h, gates, multiply);
  for (int32_t i = 0; i < units; i++) {
    reset[i] = (int16_t)nn_gate(nn_tanh(middle, gates[units + i]), h[i]);
  }
  multiply(&layer->candidate_input, x, layer->candidate_bias, candidates);
  multiply(&layer->candidate_recurrent, reset, candidates, candidates);
  update(layer, gates, h);
}

void nn_gru(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  gru(layer, input, state, scratch, nn_multiply);
}

void nn_gru_compact(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch) {
  gru(layer, input, state, scratch, nn_multiply_compact);
}

void nn_gru_reset_before(const nn_gru_t *layer, const int8_t *input, int32_t *state,
                         int32_t *scratch) {
  reset_before(layer, input, state, scratch, nn_multiply);
}

void nn_gru_reset_before_compact(const nn_gru_t *layer, const int8_t *input, int32_t *state,
                                 int32_t *scratch) {
  reset_before(layer, input, state, scratch, nn_multiply_compact);
}
