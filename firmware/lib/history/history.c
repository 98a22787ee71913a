#include "history.h"

void history_push(history_t *history, const sample_t *sample) {
  history->sample[history->next] = *sample;
  history->next = (history->next + 1) % HISTORY_SAMPLES;
  if (history->count < HISTORY_SAMPLES) history->count++;
}

static uint32_t oldest(const history_t *history) {
  return (history->next + HISTORY_SAMPLES - history->count) % HISTORY_SAMPLES;
}

bool history_find(const history_t *history, uint32_t seq, sample_t *out) {
  for (uint32_t i = 0; i < history->count; i++) {
    const sample_t *sample = &history->sample[(oldest(history) + i) % HISTORY_SAMPLES];
    if (sample->seq < seq) continue;
    *out = *sample;
    return true;
  }
  return false;
}
