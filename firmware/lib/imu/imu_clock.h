/* When the frames of a FIFO were made, estimated from the times at which they were read.
 *
 * A frame is found late, by chance more or less, but never before it was made. So the estimate is
 * put back at once where frames come earlier than it says, and goes forward slowly where they come
 * later. The period is measured over some ten seconds to a minute, the older half of which is
 * forgotten again and again. */
#ifndef IMU_CLOCK_H
#define IMU_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t at_us;
  uint64_t frame;
} imu_clock_mark_t;

typedef struct {
  uint64_t period_ns;
  uint64_t newest_ns; /* when the newest frame was made */
  uint64_t frames;    /* ever made, lost ones too */
  imu_clock_mark_t from, half;
} imu_clock_t;

/* An empty FIFO at `now_us`. */
void imu_clock_begin(imu_clock_t *clock, uint32_t rate_millihz, uint64_t now_us);

/* `frames` more had been made when the FIFO was looked at. */
void imu_clock_found(imu_clock_t *clock, uint32_t frames, uint64_t now_us);

/* How many frames should have been made by now that have not been found. */
uint32_t imu_clock_due(const imu_clock_t *clock, uint64_t now_us);

/* Whether the next frame may be there: the estimate is early by an eighth of a period, so that a
 * frame that is earlier than thought is seen. */
bool imu_clock_is_time(const imu_clock_t *clock, uint64_t now_us);

/* The time of the frame that was made `frames` before the newest. */
uint64_t imu_clock_us(const imu_clock_t *clock, uint32_t frames);

#endif
