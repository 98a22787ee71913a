/* Does the network on this machine compute what it did where it was converted?
 *
 * The inputs are SELFTEST_INFERENCES consecutive runs of a linear congruential generator, one
 * step a byte: state = state * 1664525 + 1013904223, byte = state >> 24, state 1 at first (the
 * constants are those of Numerical Recipes). Each run is a quarter as loud as the one before, bytes
 * divided towards zero: a loud input saturates the output, and hides what is wrong. The answer is
 * the CRC-16 of all output bytes. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <stdint.h>

#define SELFTEST_INFERENCES 4

/* Needs a model. `input`, int8 [MODEL_WINDOW * MODEL_CHANNELS], is overwritten. `before_each`
 * inference is called, so that a slow network does not look like a stall. */
uint16_t selftest_crc(int8_t *input, void (*before_each)(void));

#endif
