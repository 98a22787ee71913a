/* The board's sensor, whichever it is: found at run time, read out of its own FIFO.
 *
 * The sensor samples by its own clock into its FIFO and goes on while the board is busy; nothing
 * here has to be in time, it only has to come before the FIFO is full. */
#ifndef IMU_H
#define IMU_H

#include <stdbool.h>
#include <stdint.h>

#include "i2c_bus.h"
#include "imu_clock.h"
#include "imu_driver.h"
#include "sample.h"

typedef struct {
  const i2c_bus_t *bus;
  const uint8_t *firmware;    /* see imu_driver.h */
  const imu_driver_t *driver; /* NULL where none was found */
  imu_clock_t clock;
  imu_batch_t batch;
  uint8_t next;      /* frame of the batch */
  uint32_t next_seq; /* of the next sample */
  uint32_t lost;     /* samples that the sensor dropped, or did not make while it was away */
  uint64_t given_us; /* time of the sample given last */
  uint64_t heard_us; /* when a frame was found last */
  uint64_t look_us;  /* not to be asked again before */
  uint64_t retry_us; /* not to be started anew before */
} imu_t;

/* Looks for each sensor we know and starts it; up to a second. False where there is none. `bus`
 * and `firmware` (of a BMI270, 8192 bytes) must stay. */
bool imu_begin(imu_t *imu, const i2c_bus_t *bus, const uint8_t *firmware);

/* The oldest sample not yet read. A sensor that has been silent for a second is SAMPLE_STOPPED,
 * and is started anew once a second, which takes up to half a second. */
sample_status_t imu_read(imu_t *imu, sample_t *out);

#endif
