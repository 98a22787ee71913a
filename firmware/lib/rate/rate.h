/* The rate at which samples really come, by the board's own clock. */
#ifndef RATE_H
#define RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define RATE_BLOCK_SAMPLES 128

typedef struct {
  bool started;
  uint32_t first_seq; /* of the block being measured */
  uint64_t first_t_us;
  uint32_t rate_millihz; /* of the last whole block; until then of what there is */
  bool has_block;
} rate_t;

void rate_push(rate_t *rate, const sample_t *sample);

#endif
