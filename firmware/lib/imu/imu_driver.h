/* What every kind of sensor can do; imu.h finds the one that is there. A driver knows its part and
 * nothing of the board that the part is on. */
#ifndef IMU_DRIVER_H
#define IMU_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "i2c_bus.h"
#include "imu_axes.h"

#define IMU_BATCH_FRAMES 16u

/* Frames out of a sensor's FIFO, oldest first, as the sensor counts. */
typedef struct {
  uint8_t count;
  int16_t frame[IMU_BATCH_FRAMES][IMU_AXES]; /* ax ay az gx gy gz on the sensor's own axes */
  uint16_t left;                             /* frames that stay in the FIFO */
  bool overrun;                              /* the FIFO was full: frames before these are lost */
  uint16_t lost;                             /* how many; 0 where the sensor does not say */
} imu_batch_t;

typedef enum { IMU_START_GOES_ON, IMU_START_DONE, IMU_START_FAILED } imu_start_t;

typedef struct {
  const char *name;      /* of the part */
  uint32_t rate_millihz; /* to which starting sets it */
  uint16_t fifo_frames;
  imu_scale_t scale;
  /* Whether the part answers with its own name. */
  bool (*is_there)(const i2c_bus_t *bus);
  /* One step of resetting the part and starting it with an empty FIFO: some ms of transfers, no
   * more of them after a register that cannot be set, and no wait. `step` is 0 at first and counted
   * by the driver; `wait_us` is 0 and set to how long to wait before the next step. `firmware` is
   * what the part itself runs, where it needs any. */
  imu_start_t (*start)(const i2c_bus_t *bus, const uint8_t *firmware, uint16_t *step,
                       uint32_t *wait_us);
  /* Takes what the FIFO has, at most IMU_BATCH_FRAMES. False where the bus fails before the first
   * frame or what comes makes no sense; then nothing of the batch counts. */
  bool (*read_fifo)(const i2c_bus_t *bus, imu_batch_t *batch);
} imu_driver_t;

extern const imu_driver_t LSM9DS1;
extern const imu_driver_t BMI270;
extern const imu_driver_t LSM6DS3;

#endif
