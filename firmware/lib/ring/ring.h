/* Samples between the sensor and those who use them, so that slow work never holds up sampling. */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define RING_SAMPLES 64u /* a power of two; half a second at 119 Hz */

/* Zeroed is empty. Full, it takes no more: what the sensor makes then waits in its own FIFO,
 * which counts what it drops. */
typedef struct {
  sample_t sample[RING_SAMPLES];
  uint32_t in;  /* samples ever put in; wraps */
  uint32_t out; /* samples ever taken out */
} ring_t;

bool ring_is_full(const ring_t *ring);

/* False, and nothing is kept, where the ring is full. */
bool ring_push(ring_t *ring, const sample_t *sample);

/* The oldest; false where there is none. */
bool ring_pop(ring_t *ring, sample_t *out);

#endif
