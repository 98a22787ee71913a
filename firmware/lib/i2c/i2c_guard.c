#include "i2c_guard.h"

#define SLOW_US 10000u /* a part that does not acknowledge fails in less than 1 ms */
#define REST_US 400000u

bool i2c_guard_allows(const i2c_guard_t *guard, uint64_t now_us) {
  return now_us >= guard->rests_until_us;
}

void i2c_guard_note(i2c_guard_t *guard, bool worked, uint64_t began_us, uint64_t now_us) {
  if (!worked && now_us - began_us >= SLOW_US) guard->rests_until_us = now_us + REST_US;
}

void i2c_guard_reset(i2c_guard_t *guard) { guard->rests_until_us = 0; }
