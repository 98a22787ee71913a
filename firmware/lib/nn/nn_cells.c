#include "nn_cells.h"

/* Each as 256 times its value. */
static void widen_quad(const int8_t input[4], nn_half_t output[4]) {
  output[0] = (int16_t)(input[0] * 256);
  output[1] = (int16_t)(input[2] * 256);
  output[2] = (int16_t)(input[1] * 256);
  output[3] = (int16_t)(input[3] * 256);
}

static void widen(const int8_t *input, int32_t inputs, nn_half_t *output) {
  for (; inputs >= 4; inputs -= 4, input += 4, output += 4) {
    widen_quad(input, output);
  }
  if (inputs > 0) {
    int8_t rest[4] = {0};
    memcpy(rest, input, (size_t)inputs);
    widen_quad(rest, output);
  }
}

const nn_half_t *nn_take_input(const nn_cell_t *cell, const int8_t *input, int32_t *scratch,
                               int32_t **gates) {
  *gates = scratch;
  if (cell->inputs == 0) return (const nn_half_t *)input;
  widen(input, cell->inputs, (nn_half_t *)scratch);
  *gates += 2 * cell->input.quads;
  return (const nn_half_t *)scratch;
}
