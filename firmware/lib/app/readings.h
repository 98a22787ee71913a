/* Readings of the environment, one a period, for as long as the host wants them. */
#ifndef READINGS_H
#define READINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "app_state.h"

/* Measures from the start on where the model forecasts from such readings. */
void readings_begin(app_t *app);

/* From now on; where `period_ms` is 0 as from the start on. A period that is kept already goes on,
 * so that a host may say it again. False where the board has no parts for it. */
bool readings_every(app_t *app, uint32_t period_ms);

/* The host gives the model a row in place of the sensors, which do not for two periods. */
void readings_give_way(app_t *app);

/* To be called all the time: measures where it is due, and sends what came of it. */
void readings_poll(app_t *app);

#endif
