#include "rate_lock.h"

/* In thousandths of the wanted rate. */
#define DIRECT_WITHIN 10u
#define LEAST 800u
#define MOST 10000u
#define WHOLE 1000u

static rate_state_t state_at(const rate_lock_t *lock) {
  const bool is_known = lock->rate.has_block || lock->sensor_millihz != 0;
  if (lock->wanted_millihz == 0 || !is_known) return RATE_DIRECT;
  const uint64_t share = (uint64_t)lock->sensor_millihz * WHOLE;
  const uint64_t wanted = lock->wanted_millihz;
  if (share < wanted * LEAST || share > wanted * MOST) return RATE_OFF;
  const bool near =
      share >= wanted * (WHOLE - DIRECT_WITHIN) && share <= wanted * (WHOLE + DIRECT_WITHIN);
  /* Once resampled, always: going back would tear a hole, and resampling is right there too. */
  return near && lock->state == RATE_DIRECT ? RATE_DIRECT : RATE_RESAMPLED;
}

void rate_lock_begin(rate_lock_t *lock, uint32_t nominal_millihz, uint32_t wanted_millihz) {
  *lock = (rate_lock_t){.wanted_millihz = wanted_millihz, .sensor_millihz = nominal_millihz};
  lock->state = state_at(lock);
}

static void enter(rate_lock_t *lock, rate_state_t state, const sample_t *sample) {
  const bool was_resampled = lock->state == RATE_RESAMPLED;
  lock->state = state;
  if (state == RATE_RESAMPLED) {
    resample_begin(&lock->resample, lock->wanted_millihz, &lock->last);
    resample_push(&lock->resample, sample);
  } else if (was_resampled) {
    lock->seq_ahead = lock->last.seq + 1 - sample->seq;
  }
}

static void pass(rate_lock_t *lock, const sample_t *sample) {
  lock->next = *sample;
  lock->next.seq += lock->seq_ahead;
  lock->has_next = true;
}

static void push_first(rate_lock_t *lock, const sample_t *sample) {
  lock->has_last = true;
  lock->last = *sample;
  pass(lock, sample);
  if (lock->state == RATE_RESAMPLED) resample_begin(&lock->resample, lock->wanted_millihz, sample);
}

bool rate_lock_push(rate_lock_t *lock, const sample_t *sample) {
  rate_push(&lock->rate, sample);
  if (lock->rate.has_block) lock->sensor_millihz = lock->rate.rate_millihz;
  if (!lock->has_last) {
    push_first(lock, sample);
    return false;
  }
  const rate_state_t state = state_at(lock);
  const bool changed = state != lock->state;
  if (changed) {
    enter(lock, state, sample);
  } else if (state == RATE_RESAMPLED) {
    resample_push(&lock->resample, sample);
  }
  if (state != RATE_RESAMPLED) pass(lock, sample);
  return changed;
}

bool rate_lock_pop(rate_lock_t *lock, sample_t *out) {
  if (lock->has_next) {
    *out = lock->next;
    lock->has_next = false;
  } else if (lock->state != RATE_RESAMPLED || !resample_pop(&lock->resample, out)) {
    return false;
  }
  lock->last = *out;
  return true;
}

const char *rate_state_name(rate_state_t state) {
  static const char *const names[] = {
      [RATE_DIRECT] = "direct", [RATE_RESAMPLED] = "resampled", [RATE_OFF] = "off"};
  return names[state];
}
