#include "emulated_imu.h"

#define MAGIC 0x31554D49u
#define VERSION 1u
#define FLAG_ENDED 1u
#define FLAG_LOOPS 2u
#define LIVE_POLL_US 2000u /* how soon a sample is seen that the host has just written */

enum { WORD_MAGIC, WORD_VERSION, WORD_COUNT, WORD_PERIOD, WORD_FLAGS, WORD_STREAM, WORD_RATE };
#define WORDS_A_RECORD 8u
#define DROPPED_BIT (1u << 31) /* of t_us_high */

static const volatile uint32_t *record(const emulated_imu_t *imu, uint32_t index) {
  return imu->memory + (1u + index % imu->places) * WORDS_A_RECORD;
}

static uint64_t time_of(const emulated_imu_t *imu, uint32_t index) {
  const volatile uint32_t *words = record(imu, index);
  const uint64_t t_us = words[0] | (uint64_t)(words[1] & ~DROPPED_BIT) << 32;
  return t_us + index / imu->places * imu->lap_us;
}

static bool loops(const emulated_imu_t *imu) { return imu->lap_us > 0; }

/* How many samples there are so far; of a loop there are always more than anyone has read. */
static uint32_t count_of(const emulated_imu_t *imu) {
  return loops(imu) ? imu->next + UINT32_MAX / 2u : imu->memory[WORD_COUNT];
}

static void begin_loop(emulated_imu_t *imu, uint32_t count) {
  imu->places = count;
  imu->lap_us = time_of(imu, count - 1u) - time_of(imu, 0) + imu->memory[WORD_PERIOD];
}

static bool is_dropped(const emulated_imu_t *imu, uint32_t index) {
  return (record(imu, index)[1] & DROPPED_BIT) != 0;
}

/* Microseconds until the record is due; not positive once it is. */
static int64_t due_in_us(const emulated_imu_t *imu, uint32_t index, uint64_t now_us) {
  return (int64_t)(time_of(imu, index) - imu->first_t_us) - (int64_t)(now_us - imu->start_us);
}

uint64_t emulated_imu_used_bytes(const volatile void *memory) {
  const uint32_t count = ((const volatile uint32_t *)memory)[WORD_COUNT];
  const uint32_t places = count < EMULATED_IMU_CAPACITY ? count : EMULATED_IMU_CAPACITY;
  return (1u + (uint64_t)places) * EMULATED_IMU_RECORD_BYTES;
}

bool emulated_imu_begin(emulated_imu_t *imu, const volatile void *memory) {
  *imu = (emulated_imu_t){.memory = memory, .places = EMULATED_IMU_CAPACITY};
  imu->present = imu->memory[WORD_MAGIC] == MAGIC && imu->memory[WORD_VERSION] == VERSION;
  /* After a restart late in a long session the oldest records have been written over. */
  const uint32_t count = imu->present ? imu->memory[WORD_COUNT] : 0;
  if (count > EMULATED_IMU_CAPACITY) imu->next = count - EMULATED_IMU_FIFO;
  if (count > 0 && (imu->memory[WORD_FLAGS] & FLAG_LOOPS) != 0) begin_loop(imu, count);
  return imu->present;
}

uint32_t emulated_imu_rate_millihz(const emulated_imu_t *imu) {
  if (!imu->present) return 0;
  if (imu->memory[WORD_RATE] != 0) return imu->memory[WORD_RATE];
  const uint32_t period_us = imu->memory[WORD_PERIOD];
  return period_us > 0 ? UINT32_C(1000000000) / period_us : 0;
}

uint32_t emulated_imu_stream_millihz(const emulated_imu_t *imu) {
  return imu->present ? imu->memory[WORD_STREAM] : 0;
}

static void lose_what_nobody_read(emulated_imu_t *imu, uint32_t count, uint64_t now_us) {
  while (count - imu->next > EMULATED_IMU_FIFO &&
         due_in_us(imu, imu->next + EMULATED_IMU_FIFO, now_us) <= 0) {
    imu->next++;
    imu->lost++;
  }
}

static void lose_what_is_dropped(emulated_imu_t *imu, uint32_t count) {
  while (imu->next != count && is_dropped(imu, imu->next)) {
    imu->next++;
    imu->lost++;
  }
}

static void deliver(emulated_imu_t *imu, sample_t *out) {
  const volatile uint32_t *words = record(imu, imu->next);
  out->seq = imu->next;
  out->t_us = time_of(imu, imu->next);
  for (int c = 0; c < SAMPLE_CHANNELS; c++) out->value[c] = (int32_t)words[2 + c];
  imu->next++;
}

sample_status_t emulated_imu_read(emulated_imu_t *imu, uint64_t now_us, sample_t *out) {
  if (!imu->present) return SAMPLE_NONE;
  /* Flags first: once they say `ended`, the count read after them is the last one. */
  const bool ended = (imu->memory[WORD_FLAGS] & FLAG_ENDED) != 0;
  const uint32_t count = count_of(imu);
  lose_what_is_dropped(imu, count);
  if (imu->next == count) return ended ? SAMPLE_STOPPED : SAMPLE_NONE;
  if (!imu->started) {
    imu->started = true;
    imu->first_t_us = time_of(imu, imu->next);
    imu->start_us = now_us;
  }
  lose_what_nobody_read(imu, count, now_us);
  lose_what_is_dropped(imu, count);
  if (due_in_us(imu, imu->next, now_us) > 0) return SAMPLE_NONE;
  deliver(imu, out);
  return SAMPLE_READY;
}

uint32_t emulated_imu_wait_us(const emulated_imu_t *imu, uint64_t now_us, uint32_t limit_us) {
  if (!imu->present) return limit_us;
  if (!imu->started || imu->next == count_of(imu)) {
    const bool ended = (imu->memory[WORD_FLAGS] & FLAG_ENDED) != 0;
    return ended || limit_us < LIVE_POLL_US ? limit_us : LIVE_POLL_US;
  }
  const int64_t wait_us = due_in_us(imu, imu->next, now_us);
  if (wait_us <= 0) return 0;
  return wait_us < limit_us ? (uint32_t)wait_us : limit_us;
}
