/* Restarts a board whose application hangs or has crashed.
 *
 * The chip's watchdog cannot be stopped, and goes on through the restart into the bootloader, which
 * does not feed it: it must be slower than the longest upload, and so is of use as the last resort
 * only. A timer of the highest priority is quick, and gone after a restart. */
#ifndef HANG_GUARD_H
#define HANG_GUARD_H

/* From now on hang_guard_feed must be called at least once in 1.5 seconds. */
void hang_guard_begin();

void hang_guard_feed();

/* What made the board restart by itself the last time, nullptr after a plain start. */
const char *hang_guard_reason();

#endif
