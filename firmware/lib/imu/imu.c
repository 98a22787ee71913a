#include "imu.h"

#include <stddef.h>

#define SILENT_US 1000000u /* a sensor that gives nothing for so long has stopped */
#define MISSING_FRAMES 4u  /* that the clock may be wrong by */
#define BACK_OFF_US 20000u /* a bus that fails may take long to say so */

static const imu_driver_t *const DRIVERS[] = {&LSM9DS1, &BMI270};

static bool start(imu_t *imu) {
  const bool started = imu->driver->begin(imu->bus, imu->firmware);
  imu->batch = (imu_batch_t){0};
  imu->next = 0;
  imu_clock_begin(&imu->clock, imu->driver->rate_mhz, imu->bus->now_us());
  return started;
}

bool imu_begin(imu_t *imu, const i2c_bus_t *bus, const uint8_t *firmware) {
  *imu = (imu_t){.bus = bus, .firmware = firmware};
  bus->recover();
  for (size_t i = 0; i < sizeof DRIVERS / sizeof DRIVERS[0] && imu->driver == NULL; i++) {
    if (DRIVERS[i]->is_there(bus)) imu->driver = DRIVERS[i];
  }
  const bool started = imu->driver != NULL && start(imu);
  imu->heard_us = bus->now_us();
  return started;
}

/* How many unread frames are gone: as the sensor tells, or else by the clock. That is asked too
 * where far more frames are missing than the sensor's rate may be off. */
static uint32_t lost_frames(const imu_t *imu, uint32_t before, uint32_t there, uint64_t now_us) {
  const imu_batch_t *batch = &imu->batch;
  const uint32_t expected = before + imu_clock_due(&imu->clock, now_us);
  const uint32_t missing = expected > there ? expected - there : 0;
  if (batch->lost > 0) return batch->lost;
  if (batch->overrun) return missing > 0 ? missing : 1;
  const bool is_running = imu->clock.frames > 0;
  return is_running && missing > MISSING_FRAMES + expected / 8 ? missing : 0;
}

/* How many frames were made since the last look, and how many of all unread ones are gone. */
static void account(imu_t *imu, uint32_t before, uint64_t now_us) {
  const uint32_t there = (uint32_t)imu->batch.count + imu->batch.left;
  const uint32_t lost = lost_frames(imu, before, there, now_us);
  const uint32_t made = there + lost > before ? there + lost - before : 0;
  imu_clock_found(&imu->clock, made, now_us);
  imu->lost += lost;
  imu->next_seq += lost;
}

/* The host shall see how long the sensor was away, and the rate must not suffer from it. */
static void skip_silence(imu_t *imu, uint64_t now_us) {
  const uint64_t silent_us = now_us - imu->heard_us;
  if (silent_us < SILENT_US) return;
  const uint64_t missed = silent_us * imu->driver->rate_mhz / UINT64_C(1000000000);
  imu->lost += (uint32_t)missed;
  imu->next_seq += (uint32_t)missed;
}

static void start_anew(imu_t *imu) {
  imu->bus->recover();
  (void)start(imu); /* whether it goes again shows by its frames */
  imu->retry_us = imu->bus->now_us() + SILENT_US;
}

static void look(imu_t *imu, uint64_t now_us) {
  const uint16_t left_before = imu->batch.left;
  imu->next = 0;
  if (!imu->driver->read_fifo(imu->bus, &imu->batch)) {
    imu->batch = (imu_batch_t){.left = left_before};
    imu->look_us = now_us + BACK_OFF_US;
    return;
  }
  account(imu, left_before, now_us);
  if (imu->batch.count == 0) return;
  skip_silence(imu, now_us);
  imu->heard_us = now_us;
}

static void deliver(imu_t *imu, sample_t *out) {
  const uint32_t newer = (uint32_t)(imu->batch.count - 1 - imu->next) + imu->batch.left;
  const uint64_t t_us = imu_clock_us(&imu->clock, newer);
  imu->given_us = t_us > imu->given_us ? t_us : imu->given_us + 1;
  out->t_us = imu->given_us;
  out->seq = imu->next_seq++;
  imu_axes_apply(&imu->driver->axes, imu->batch.frame[imu->next++], out->value);
}

sample_status_t imu_read(imu_t *imu, sample_t *out) {
  if (imu->driver == NULL) return SAMPLE_NONE;
  const uint64_t now_us = imu->bus->now_us();
  const bool has_frames = imu->next < imu->batch.count;
  const bool may_look = imu->batch.left > 0 || imu_clock_is_time(&imu->clock, now_us);
  if (!has_frames && may_look && now_us >= imu->look_us) look(imu, now_us);
  if (imu->next < imu->batch.count) {
    deliver(imu, out);
    return SAMPLE_READY;
  }
  if (now_us - imu->heard_us < SILENT_US) return SAMPLE_NONE;
  if (now_us >= imu->retry_us) start_anew(imu);
  return SAMPLE_STOPPED;
}
