#include "ring.h"

_Static_assert((RING_SAMPLES & (RING_SAMPLES - 1)) == 0, "the counts wrap at a power of two");

bool ring_is_full(const ring_t *ring) { return ring->in - ring->out == RING_SAMPLES; }

bool ring_push(ring_t *ring, const sample_t *sample) {
  if (ring_is_full(ring)) return false;
  ring->sample[ring->in++ % RING_SAMPLES] = *sample;
  return true;
}

bool ring_pop(ring_t *ring, sample_t *out) {
  if (ring->in == ring->out) return false;
  *out = ring->sample[ring->out++ % RING_SAMPLES];
  return true;
}
