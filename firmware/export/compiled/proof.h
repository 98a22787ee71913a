/* Runs the golden vectors, and counts outputs that differ from those of TensorFlow Lite Micro. */
#ifndef PROOF_H
#define PROOF_H

#include <stdint.h>

typedef struct {
  uint32_t compared, unequal;
  uint32_t dearest; /* what the dearest call took, by the clock that was given */
} proof_t;

/* golden: the bytes of golden.bin, aligned to a word; clock: counts up. */
proof_t proof_run(const uint8_t *golden, uint32_t (*clock)(void));

#endif
