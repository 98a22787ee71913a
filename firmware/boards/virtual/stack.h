#ifndef STACK_H
#define STACK_H

#include <stdint.h>

/* Bytes at the far end of the stack that still hold the paint of the start. */
uint32_t stack_unused_bytes(void);

#endif
