#include <string.h>

#include "app_state.h"
#include "model.h"
#include "sketcher.h"

#define DRAWS (MODEL_TASK == MODEL_SKETCH)
#define MOST_MOVES (MODEL_WINDOW - 1) /* the end is a step too */

static struct {
  sketcher_t sketcher;
  uint32_t left;  /* moves, at most */
  uint32_t moves; /* drawn so far */
} drawing;

void app_begin_drawing(void) {
  if (DRAWS) memset(&drawing, 0, sizeof drawing);
}

bool app_is_drawing(void) { return DRAWS && drawing.left > 0; }

void app_answer_draw(app_t *app, const command_t *command) {
  (void)app;
  if (!DRAWS) return;
  sketcher_begin(&drawing.sketcher, command->temperature_e4, command->seed);
  drawing.left = MOST_MOVES;
  drawing.moves = 0;
}

static void send_move(app_t *app, const sketcher_move_t *move) {
  line_start(&app->line, "move ");
  line_thousandths(&app->line, move->dx);
  line_text(&app->line, " ");
  line_thousandths(&app->line, move->dy);
  line_text(&app->line, move->is_lifted ? " lifted" : " down");
  app_send(app);
}

static void answer_drawn(app_t *app, bool has_ended) {
  line_start(&app->line, "ok");
  line_field_number(&app->line, " moves=", drawing.moves);
  line_field_number(&app->line, " ended=", has_ended ? 1 : 0);
  app_send(app);
}

void app_draw_on(app_t *app) {
  if (!DRAWS) return;
  sketcher_move_t move;
  const bool has_ended = !sketcher_draw(&drawing.sketcher, &move);
  if (has_ended) {
    drawing.left = 0;
  } else {
    send_move(app, &move);
    drawing.moves++;
    drawing.left--;
  }
  if (drawing.left == 0) answer_drawn(app, has_ended);
}
