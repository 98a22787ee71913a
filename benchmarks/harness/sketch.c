/* A network that is nothing but a step of a drawing: what a move costs, from the network of a run
 * to the move. An input of 1 begins a drawing; 0 draws on. */
#include "model_network.h"
#include "sketcher.h"

#define TEMPERATURE_E4 5000u /* a temperature of a half */

void model_network_invoke(const int8_t *input, int8_t *output) {
  static sketcher_t sketcher;
  static uint32_t drawings;
  sketcher_move_t move;
  if (input[0] == 1) {
    sketcher_begin(&sketcher, TEMPERATURE_E4, drawings++);
    output[0] = 0;
  } else {
    output[0] = (int8_t)sketcher_draw(&sketcher, &move);
  }
}
