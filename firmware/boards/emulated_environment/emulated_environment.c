#include "emulated_environment.h"

#include <stddef.h>

#define MAGIC 0x31564E45u
#define VERSION 1u
#define US_A_MS 1000

enum { WORD_MAGIC, WORD_VERSION, WORD_COUNT, WORD_PERIOD };
#define WORDS_A_RECORD (EMULATED_ENVIRONMENT_RECORD_BYTES / 4u)
#define CAPACITY (EMULATED_ENVIRONMENT_BYTES / EMULATED_ENVIRONMENT_RECORD_BYTES - 1u)

static const volatile uint32_t *record(const emulated_environment_t *environment, uint32_t index) {
  return environment->memory + (1u + index) * WORDS_A_RECORD;
}

/* Since the first record. */
static int64_t time_of(const emulated_environment_t *environment, uint32_t index) {
  const volatile uint32_t *words = record(environment, index);
  const volatile uint32_t *first = record(environment, 0);
  return (int64_t)((words[0] | (uint64_t)words[1] << 32) - (first[0] | (uint64_t)first[1] << 32));
}

uint64_t emulated_environment_used_bytes(const volatile void *memory) {
  const uint32_t count = ((const volatile uint32_t *)memory)[WORD_COUNT];
  return (1u + (uint64_t)count) * EMULATED_ENVIRONMENT_RECORD_BYTES;
}

bool emulated_environment_begin(emulated_environment_t *environment, const volatile void *memory) {
  const volatile uint32_t *header = memory;
  *environment = (emulated_environment_t){0};
  const bool known = header[WORD_MAGIC] == MAGIC && header[WORD_VERSION] == VERSION;
  if (!known || header[WORD_COUNT] == 0 || header[WORD_COUNT] > CAPACITY) return false;
  environment->memory = header;
  return true;
}

void emulated_environment_measure(emulated_environment_t *environment, uint64_t now_us) {
  environment->measuring = environment->memory != NULL;
  environment->measure_us = now_us;
  if (environment->started) return;
  environment->started = true;
  environment->start_us = now_us;
}

/* How far the nearest record is from a time; negative where it is earlier. */
static int64_t find_nearest(emulated_environment_t *environment, int64_t time_us) {
  const uint32_t last = environment->memory[WORD_COUNT] - 1u;
  int64_t away_us = time_of(environment, environment->nearest) - time_us;
  while (environment->nearest < last) {
    const int64_t next_us = time_of(environment, environment->nearest + 1u) - time_us;
    if (next_us > -away_us) break;
    environment->nearest++;
    away_us = next_us;
  }
  return away_us;
}

bool emulated_environment_is_past(const emulated_environment_t *environment, uint64_t now_us) {
  const int64_t last_us = time_of(environment, environment->memory[WORD_COUNT] - 1u);
  const int64_t period_us = (int64_t)environment->memory[WORD_PERIOD] * US_A_MS;
  return (int64_t)(now_us - environment->start_us) > last_us + 2 * period_us;
}

reading_status_t emulated_environment_read(emulated_environment_t *environment, reading_t *out) {
  if (!environment->measuring) return READING_NONE;
  environment->measuring = false;
  const int64_t time_us = (int64_t)(environment->measure_us - environment->start_us);
  const int64_t away_us = find_nearest(environment, time_us);
  const int64_t reach_us = (int64_t)environment->memory[WORD_PERIOD] * US_A_MS * 3 / 4;
  const bool is_last = environment->nearest == environment->memory[WORD_COUNT] - 1u;
  environment->ended = is_last && away_us < -reach_us;
  if (environment->ended) return READING_ENDED;
  if (away_us < -reach_us || away_us > reach_us) return READING_FAILED;
  const volatile uint32_t *words = record(environment, environment->nearest);
  out->t_us = environment->measure_us;
  for (int v = 0; v < READING_VALUES; v++) out->value[v] = (int32_t)words[2 + v];
  return READING_READY;
}
