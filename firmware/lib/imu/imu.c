#include "imu.h"

#include <stddef.h>

#define SILENT_US 1000000u /* a sensor that gives nothing for so long has stopped */
#define BEGIN_US 1000000u  /* to wait for it at boot */
#define WAIT_US 100000u    /* at most, a call */
#define MISSING_FRAMES 4u  /* that the clock may be wrong by */
#define BACK_OFF_US 20000u /* a bus that fails may take long to say so */

static void search_from(imu_t *imu, uint64_t at_us) {
  imu->state = IMU_SEARCHING;
  imu->candidate = 0;
  imu->look_us = at_us;
}

/* Asks one part. The bus is freed before the first of them. */
static void search(imu_t *imu) {
  if (imu->candidate == 0) imu->bus->recover();
  const imu_part_t *part = &imu->parts[imu->candidate++];
  if (part->driver->is_there(imu->bus)) {
    /* One that is found for the first time has not been silent. */
    if (imu->part == NULL) imu->heard_us = imu->bus->now_us();
    imu->part = part;
    imu->state = IMU_STARTING;
    imu->step = 0;
  } else if (imu->candidate == imu->part_count) {
    search_from(imu, imu->bus->now_us() + SILENT_US);
  }
}

static void start(imu_t *imu) {
  uint32_t wait_us = 0;
  const imu_driver_t *driver = imu->part->driver;
  const imu_start_t result = driver->start(imu->bus, imu->firmware, &imu->step, &wait_us);
  const uint64_t now_us = imu->bus->now_us();
  imu->look_us = now_us + wait_us;
  if (result == IMU_START_FAILED) search_from(imu, now_us + SILENT_US);
  if (result != IMU_START_DONE) return;
  imu->state = IMU_RUNNING;
  imu->batch = (imu_batch_t){0};
  imu->next = 0;
  imu->started_us = now_us;
  if (imu->next_seq == 0) imu->heard_us = now_us; /* it was not away: it begins */
  imu_clock_begin(&imu->clock, driver->rate_millihz, now_us);
}

/* One step towards a sensor that runs. */
static void advance(imu_t *imu) {
  if (imu->state == IMU_SEARCHING) {
    search(imu);
  } else if (imu->state == IMU_STARTING) {
    start(imu);
  }
}

bool imu_begin(imu_t *imu, const i2c_bus_t *bus, const imu_part_t *parts, uint8_t part_count,
               const uint8_t *firmware) {
  *imu = (imu_t){.bus = bus, .parts = parts, .part_count = part_count, .firmware = firmware};
  const uint64_t begin_us = bus->now_us();
  imu->heard_us = imu->look_us = begin_us;
  while (imu->state != IMU_RUNNING && imu->look_us - begin_us < BEGIN_US) {
    const uint64_t now_us = bus->now_us();
    const uint64_t wait_us = imu->look_us > now_us ? imu->look_us - now_us : 0;
    if (wait_us > 0) bus->wait_us(wait_us < WAIT_US ? (uint32_t)wait_us : WAIT_US);
    if (bus->now_us() >= imu->look_us) advance(imu);
  }
  return imu->state == IMU_RUNNING;
}

/* How many unread frames are gone, as the sensor reports; by the clock where it reports none, or
 * where far more are missing than the sensor's rate may be off. */
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

/* Counts what a sensor missed that was started again, so that the host sees the gap. */
static void skip_absence(imu_t *imu) {
  if (imu->started_us <= imu->heard_us) return;
  const uint64_t away_us = imu->started_us - imu->heard_us;
  const uint64_t missed = away_us * imu->part->driver->rate_millihz / UINT64_C(1000000000);
  imu->lost += (uint32_t)missed;
  imu->next_seq += (uint32_t)missed;
}

static void look(imu_t *imu, uint64_t now_us) {
  const uint16_t left_before = imu->batch.left;
  imu->next = 0;
  if (!imu->part->driver->read_fifo(imu->bus, &imu->batch)) {
    imu->batch = (imu_batch_t){.left = left_before};
    imu->look_us = now_us + BACK_OFF_US;
    return;
  }
  account(imu, left_before, now_us);
  if (imu->batch.count == 0) return;
  skip_absence(imu);
  imu->heard_us = now_us;
}

static void deliver(imu_t *imu, sample_t *out) {
  const uint32_t newer = (uint32_t)(imu->batch.count - 1 - imu->next) + imu->batch.left;
  const uint64_t t_us = imu_clock_us(&imu->clock, newer);
  imu->given_us = t_us > imu->given_us ? t_us : imu->given_us + 1;
  out->t_us = imu->given_us;
  out->seq = imu->next_seq++;
  imu_axes_apply(&imu->part->driver->scale, &imu->part->mounting, imu->batch.frame[imu->next++],
                 out->value);
}

/* Takes frames out of the FIFO where it is time. */
static void read_frames(imu_t *imu) {
  const uint64_t now_us = imu->bus->now_us();
  const bool may_look = imu->batch.left > 0 || imu_clock_is_time(&imu->clock, now_us);
  if (imu->next == imu->batch.count && may_look && now_us >= imu->look_us) look(imu, now_us);
}

static bool is_silent(const imu_t *imu, uint64_t since_us) {
  return imu->bus->now_us() - since_us >= SILENT_US;
}

sample_status_t imu_read(imu_t *imu, sample_t *out) {
  if (imu->state != IMU_RUNNING) {
    if (imu->bus->now_us() >= imu->look_us) advance(imu);
  } else {
    read_frames(imu);
    if (imu->next < imu->batch.count) {
      deliver(imu, out);
      return SAMPLE_READY;
    }
    if (is_silent(imu, imu->heard_us) && is_silent(imu, imu->started_us)) search_from(imu, 0);
  }
  return imu->part != NULL && is_silent(imu, imu->heard_us) ? SAMPLE_STOPPED : SAMPLE_NONE;
}
