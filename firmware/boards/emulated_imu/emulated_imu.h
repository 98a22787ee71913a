/* An inertial sensor that lives in memory: a recording the host put there, or one it goes on
 * writing while the board runs. Used by the virtual and the native board.
 *
 * All numbers are little endian. A header of 32 bytes is followed by records of 32 bytes:
 *
 *   header: u32 magic "IMU1" = 0x31554D49, u32 version = 1, u32 count, u32 period_us,
 *           u32 flags, u32 stream_millihz, u32 rate_millihz, u32 reserved
 *   record: u32 t_us_low, u32 t_us_high, i32 value[6] (thousandths, as in sample_t)
 *
 * `count` is how many samples were written since the start; the host raises it after the records
 * are in place. Flag bit 0 says that no more will come. Record i is at place i modulo
 * EMULATED_IMU_CAPACITY, so that a host may write for ever. It is delivered as seq i with its own
 * t_us, once as much board time has passed since the first record was seen as lies between their
 * times. A count of 0 at the start is a sensor that is silent until the host begins.
 *
 * Flag bit 1 says that all samples are there at the start and come again and again: after the last
 * one the first, a period later, with numbers and times that go on.
 *
 * Bit 31 of t_us_high marks a sample that the sensor drops: its number is used up, it counts as
 * lost, and it is never delivered; its time is that of the next one. `stream_millihz` is the rate
 * to which the board brings the samples before all else, as it does with a real BMI270; 0: as they
 * come. `rate_millihz` is what the sensor is set to; 0: as the period says. */
#ifndef EMULATED_IMU_H
#define EMULATED_IMU_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"
#include "sample.h"

#define EMULATED_IMU_BYTES (16u << 20)
#define EMULATED_IMU_RECORD_BYTES 32u
#define EMULATED_IMU_CAPACITY (EMULATED_IMU_BYTES / EMULATED_IMU_RECORD_BYTES - 1u) /* records */
#define EMULATED_IMU_FIFO 256u /* samples that are due and unread before the oldest is lost */

typedef struct {
  const volatile uint32_t *memory; /* EMULATED_IMU_BYTES */
  bool present;
  bool started;
  uint32_t places; /* of records, in the order in which they are used again */
  uint64_t lap_us; /* of a loop; 0 where it is none */
  uint32_t next;   /* record */
  uint32_t lost;
  uint64_t first_t_us; /* of the first record */
  uint64_t start_us;   /* board time at which it was seen */
} emulated_imu_t;

/* Bytes of the memory that the header and its `count` say are in use. */
uint64_t emulated_imu_used_bytes(const volatile void *memory);

/* False where the memory holds no sensor. */
bool emulated_imu_begin(emulated_imu_t *imu, const volatile void *memory);

/* Samples per 1000 s that the header promises. */
uint32_t emulated_imu_rate_millihz(const emulated_imu_t *imu);

/* See above. */
uint32_t emulated_imu_stream_millihz(const emulated_imu_t *imu);

sample_status_t emulated_imu_read(emulated_imu_t *imu, uint64_t now_us, sample_t *out);

/* How long nothing will be due, at most `limit_us`. */
uint32_t emulated_imu_wait_us(const emulated_imu_t *imu, uint64_t now_us, uint32_t limit_us);

#endif
