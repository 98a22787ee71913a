#include "profile.h"

#include <string.h>

#include "board.h"

static uint32_t ticks[PROFILE_LAYERS + 1]; /* the last: of doing nothing */
static uint32_t calls[PROFILE_LAYERS + 1];
static uint32_t layer_start;

void profile_start_run(void) { layer_start = board.ticks(); }

void nn_layer_done(int32_t layer) {
  ticks[layer] += board.ticks() - layer_start;
  calls[layer]++;
  layer_start = board.ticks();
}

void profile_begin(void) {
  memset(ticks, 0, sizeof ticks);
  memset(calls, 0, sizeof calls);
  profile_start_run();
  for (uint32_t run = 0; run < PROFILE_RUNS; run++) nn_layer_done(PROFILE_LAYERS);
}

uint32_t profile_ticks(int32_t layer) {
  const uint32_t own = ticks[PROFILE_LAYERS] * calls[layer] / PROFILE_RUNS;
  return ticks[layer] > own ? ticks[layer] - own : 0;
}
