/* Readings of the environment, one a period, for as long as the host wants them. */
#ifndef READINGS_H
#define READINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "app_state.h"

/* From now on, or none any more where `period_ms` is 0. A period that is kept already goes on, so
 * that a host may say it again. False where the board has no parts for it. */
bool readings_every(app_t *app, uint32_t period_ms);

/* To be called all the time: measures where it is due, and sends what came of it. */
void readings_poll(app_t *app);

#endif
