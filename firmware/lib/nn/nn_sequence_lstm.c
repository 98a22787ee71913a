/* The activations are those of TensorFlow Lite Micro: straight lines between the values of one
 * table. A gate is in steps of 2^-12, what becomes of it in steps of 2^-15. */
#include "nn_dot.h"

#define GATES 4
#define TABLE_END 255
#define ONE 65536 /* of the table */

/* 1 / (1 + exp(-i / 24)) in steps of 2^-16, and a sixteenth of the curvature more, so that straight
 * lines between the values are less far off; the last is the largest that there is. */
static const uint16_t sigmoids[TABLE_END + 1] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794,
    41432, 42064, 42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443,
    48964, 49475, 49975, 50464, 50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374,
    54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433, 57724, 58007, 58280, 58544,
    58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110, 61279,
    61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990,
    63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030,
    64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652,
    64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019,
    65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234,
    65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360,
    65367, 65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433,
    65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476,
    65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498, 65500, 65501,
    65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529,
    65529, 65530, 65530, 65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532,
    65532, 65532, 65532, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65534, 65534,
    65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

/* Of a distance from 0, whose last `bits` are between two values of the table: in steps of
 * 2^-(16 + bits). */
static int32_t between(int32_t distance, int32_t bits) {
  const int32_t at = distance >> bits;
  const int32_t part = distance & ((1 << bits) - 1);
  return (sigmoids[at] << bits) + part * (sigmoids[at + 1] - sigmoids[at]);
}

static int32_t sigmoid(int32_t gate) {
  const int32_t value = 3 * gate;
  const int32_t distance = value < 0 ? -value : value;
  const int32_t up = distance >> 9 < TABLE_END ? between(distance, 9) : INT16_MAX << 10;
  return (value >= 0 ? up + (1 << 9) : (ONE << 9) - up + (1 << 9) - 1) >> 10;
}

/* tanh(x) is 2 * sigmoid(2 * x) - 1. */
static int32_t hyperbolic_tangent(int32_t value) {
  const int32_t distance = value < 0 ? -value : value;
  const int32_t up = distance >> 8 < TABLE_END ? between(distance, 8) : (ONE - 1) << 8;
  const int32_t centred = value >= 0 ? up - (ONE << 7) : (ONE << 7) - up - 1;
  return (centred + (1 << 7)) >> 8;
}

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
  const int32_t open = sigmoid(sum_gate(layer, unit, 0, input, hidden));
  const int32_t keep = sigmoid(sum_gate(layer, unit, 1, input, hidden));
  const int32_t candidate = hyperbolic_tangent(3 * sum_gate(layer, unit, 2, input, hidden));
  const int32_t show = sigmoid(sum_gate(layer, unit, 3, input, hidden));
  const int32_t kept = clamp_half(nn_rescale(keep * *cell, layer->keep_scale));
  const int32_t added = clamp_half(nn_rescale(open * candidate, layer->add_scale));
  *cell = (int16_t)nn_min(nn_max(kept + added, layer->lowest_cell), layer->highest_cell);
  const int32_t scaled =
      (*cell * layer->squash_factor + (1 << layer->squash_shift >> 1)) >> layer->squash_shift;
  return nn_requantize(hyperbolic_tangent(scaled) * show, layer->show_scale, layer->output);
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
