/* The enrolment in the board's flash, kept when the power fails.
 *
 * There are two pages. Saving erases and writes the one that does not hold the newest valid copy,
 * so that whatever stops it, the copy before is still there. */
#ifndef ENROLMENT_STORE_H
#define ENROLMENT_STORE_H

#include <stdbool.h>

#include "enrolment.h"

/* The newest valid copy of this image's model; a cleared enrolment where there is none. */
void enrolment_store_load(enrolment_t *enrolment);

/* Gives it the next number, seals it, and writes it: about 0.1 s, the watchdog fed. False where it
 * is not valid, where the board has no flash for it, and where that does not hold what was written:
 * then the copy before is still the newest. */
bool enrolment_store_save(enrolment_t *enrolment);

#endif
