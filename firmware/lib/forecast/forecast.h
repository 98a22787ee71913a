/* Rows of a series in, what comes next out, in integers: board and host run this code. */
#ifndef FORECAST_H
#define FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "window.h"

/* Takes a row, int32 [MODEL_CHANNELS] in thousandths. True once `window` has seen a whole one since
 * it was reset: then `forecast`, int32 [MODEL_CLASSES], is what MODEL.forecast's horizons say, in
 * thousandths of their channels' units. Needs a model that forecasts, and whose state is that of
 * the window: who resets one resets the other. */
bool forecast_push(window_t *window, const int32_t *row, int32_t *forecast);

#endif
