#include "rate.h"

static void start_block(rate_t *rate, const sample_t *sample) {
  rate->first_seq = sample->seq;
  rate->first_t_us = sample->t_us;
}

void rate_push(rate_t *rate, const sample_t *sample) {
  const uint32_t samples = sample->seq - rate->first_seq;
  if (!rate->started || sample->t_us <= rate->first_t_us) {
    rate->started = true;
    start_block(rate, sample);
    return;
  }
  const bool whole = samples >= RATE_BLOCK_SAMPLES;
  if (!whole && rate->has_block) return;
  const uint64_t rate_millihz = samples * UINT64_C(1000000000) / (sample->t_us - rate->first_t_us);
  rate->rate_millihz = rate_millihz < UINT32_MAX ? (uint32_t)rate_millihz : UINT32_MAX;
  if (!whole) return;
  rate->has_block = true;
  start_block(rate, sample);
}
