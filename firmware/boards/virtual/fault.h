/* What went wrong before this start: written by the fault handlers, kept over the reset. */
#ifndef FAULT_H
#define FAULT_H

#include <stdint.h>

/* Called once at a start. The fault that caused it in words, NULL where there was none. */
const char *fault_take(void);

/* Entries of the vector table. */
void fault_hard(void);
void fault_watchdog(void);

#endif
