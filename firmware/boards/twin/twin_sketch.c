#include <string.h>

#include "model.h"
#include "recognizer.h"
#include "sketcher.h"
#include "twin.h"
#include "twin_state.h"

uint32_t twin_draw(uint32_t temperature_e4, uint32_t seed, int32_t *moves, bool *has_ended) {
  static sketcher_t sketcher;
  sketcher_move_t move;
  uint32_t count = 0;
  sketcher_begin(&sketcher, temperature_e4, seed);
  *has_ended = false;
  for (; count < MODEL_WINDOW - 1; count++) {
    *has_ended = !sketcher_draw(&sketcher, &move);
    if (*has_ended) break;
    memcpy(moves + 3 * (size_t)count, (int32_t[]){move.dx, move.dy, move.is_lifted},
           3 * sizeof *moves);
  }
  recognizer_reset(&twin_recognizer); /* the network's state is no longer that of the samples */
  return count;
}
