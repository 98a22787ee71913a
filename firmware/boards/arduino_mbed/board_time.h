/* The board's clock: microseconds since the start, without wrapping. */
#ifndef BOARD_TIME_H
#define BOARD_TIME_H

#include <stdint.h>

uint64_t board_now_us();

#endif
