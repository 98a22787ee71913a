/* What every kind of sensor can do; imu.h finds the one that is there. */
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
  uint16_t lost;                             /* how many; 0 where the sensor does not tell */
} imu_batch_t;

typedef struct {
  const char *name;     /* of the part */
  const char *revision; /* of the Nano 33 BLE Sense that has it */
  uint32_t rate_mhz;    /* to which begin() sets it, samples per 1000 s */
  uint16_t fifo_frames;
  imu_axes_t axes;
  /* Whether the part answers with its own name. */
  bool (*is_there)(const i2c_bus_t *bus);
  /* Resets the part and starts it with an empty FIFO; up to half a second. `firmware` is what the
   * part itself runs, where it needs any. */
  bool (*begin)(const i2c_bus_t *bus, const uint8_t *firmware);
  /* Takes what the FIFO has, at most IMU_BATCH_FRAMES. False where the bus fails before the first
   * frame or what comes makes no sense; then nothing of the batch counts. */
  bool (*read_fifo)(const i2c_bus_t *bus, imu_batch_t *batch);
} imu_driver_t;

extern const imu_driver_t LSM9DS1;
extern const imu_driver_t BMI270;

#endif
