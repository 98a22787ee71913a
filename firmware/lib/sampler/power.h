/* Powers and roots in integers: the same bits on every machine. */
#ifndef POWER_H
#define POWER_H

#include <stdint.h>

#define POWER_FRACTION_BITS 24 /* after the point of an exponent */
#define POWER_BITS 30          /* after the point of a power */

/* 2^-fraction, the fraction from 0 to 1; off by less than 2^-26. */
uint32_t power_of_half(uint32_t fraction);

/* The largest whole number whose square is not larger. */
uint32_t power_root(uint64_t square);

#endif
