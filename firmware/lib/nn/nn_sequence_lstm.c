/* The activations are those of TensorFlow Lite Micro: straight lines between the values of one
 * table. A gate is in steps of 2^-12, what becomes of it in steps of 2^-15. */
#include "nn_dot.h"
#include "nn_sigmoid.h"

#define GATES 4

static int32_t clamp_half(int32_t value) { return nn_min(nn_max(value, INT16_MIN), INT16_MAX); }

/* The sums of a gate before its activation; `which` of the four. */
static int32_t sum_gate(const nn_sequence_lstm_t *layer, int32_t unit, int32_t which,
                        const int8_t *input, const nn_half_t *hidden) {
  const int32_t row = unit * GATES + which;
  const int8_t *weights = layer->input_weights + row * layer->inputs;
  const int8_t *recurrent = layer->recurrent_weights + row * layer->units;
  const int32_t from_input = nn_dot(layer->bias[row], weights, input, layer->inputs);
  int32_t from_hidden = 0;
  for (int32_t i = 0; i < layer->units; i++) {
    from_hidden += recurrent[i] * hidden[i];
  }
  return clamp_half(clamp_half(nn_rescale(from_input, layer->input_scales[which])) +
                    clamp_half(nn_rescale(from_hidden, layer->recurrent_scales[which])));
}

/* A unit's new hidden value, with the zero point; its cell is updated. */
static int8_t step_unit(const nn_sequence_lstm_t *layer, int32_t unit, const int8_t *input,
                        const nn_half_t *hidden, nn_half_t *cell) {
  const int32_t open = nn_sigmoid(3 * sum_gate(layer, unit, 0, input, hidden));
  const int32_t keep = nn_sigmoid(3 * sum_gate(layer, unit, 1, input, hidden));
  const int32_t candidate = nn_hyperbolic_tangent(3 * sum_gate(layer, unit, 2, input, hidden));
  const int32_t show = nn_sigmoid(3 * sum_gate(layer, unit, 3, input, hidden));
  const int32_t kept = clamp_half(nn_rescale(keep * *cell, layer->keep_scale));
  const int32_t added = clamp_half(nn_rescale(open * candidate, layer->add_scale));
  *cell = (int16_t)nn_min(nn_max(kept + added, layer->lowest_cell), layer->highest_cell);
  const int32_t scaled =
      (*cell * layer->squash_factor + (1 << layer->squash_shift >> 1)) >> layer->squash_shift;
  return nn_requantize(nn_hyperbolic_tangent(scaled) * show, layer->show_scale, layer->output);
}

void nn_sequence_lstm(const nn_sequence_lstm_t *layer, const int8_t *input, int8_t *output,
                      int32_t *state) {
  nn_half_t *const hidden = (nn_half_t *)state;
  nn_half_t *const cells = hidden + layer->units;
  for (int32_t step = 0; step < layer->steps; step++, input += layer->inputs) {
    for (int32_t i = 0; i < layer->units; i++) {
      output[i] = step_unit(layer, i, input, hidden, cells + i);
    }
    for (int32_t i = 0; i < layer->units; i++) {
      hidden[i] = (int16_t)(*output++ - layer->output.zero_point);
    }
  }
}
