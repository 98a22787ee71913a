/* Numbers of a standard normal distribution, in integers: the same on every machine.
 *
 * A random number is the place in the distribution, whose inverse is a table with straight lines in
 * between: eight pieces for each halving of the tail (Lee, Luk, Villasenor and Cheung, ASAP 2003,
 * hierarchical segmentation). It is off by less than 0.001, and the largest number is 6.34. */
#ifndef NORMAL_H
#define NORMAL_H

#include <stdint.h>

#define NORMAL_BITS 13 /* after the point */

/* The number at a place, from the lowest place to the highest: uint32_t of equal likelihood. */
int32_t normal_at(uint32_t place);

#endif
