/* The board's sensor, whichever it is: found at run time, read out of its own FIFO.
 *
 * The sensor samples by its own clock into its FIFO and goes on while the board is busy; nothing
 * here has to be in time, it only has to come before the FIFO is full. A sensor that is not there,
 * or has stopped, is looked for once a second, for as long as the board runs; no single call waits
 * for longer than one transfer of the bus takes. */
#ifndef IMU_H
#define IMU_H

#include <stdbool.h>
#include <stdint.h>

#include "i2c_bus.h"
#include "imu_clock.h"
#include "imu_driver.h"
#include "sample.h"

/* A part that a board may have, and how it lies there. */
typedef struct {
  const imu_driver_t *driver;
  const char *revision; /* of the board with this part */
  imu_mounting_t mounting;
} imu_part_t;

typedef enum { IMU_SEARCHING, IMU_STARTING, IMU_RUNNING } imu_state_t;

typedef struct {
  const i2c_bus_t *bus;
  const imu_part_t *parts;
  uint8_t part_count;
  const uint8_t *firmware; /* see imu_driver.h */
  const imu_part_t *part;  /* the one that was found last; NULL until then */
  imu_state_t state;
  uint8_t candidate; /* of the search */
  uint16_t step;     /* of starting */
  imu_clock_t clock;
  imu_batch_t batch;
  uint8_t next;        /* frame of the batch */
  uint32_t next_seq;   /* of the next sample */
  uint32_t lost;       /* samples that the sensor dropped, or did not make while it was away */
  uint64_t given_us;   /* time of the sample given last */
  uint64_t heard_us;   /* when a frame was found last */
  uint64_t look_us;    /* not to be asked again before */
  uint64_t started_us; /* the last time */
} imu_t;

/* Looks for each of the parts and starts the first that is there; up to a second. False where none
 * has started by then: it is looked for again with imu_read. `bus`, `parts` and `firmware` (of a
 * BMI270, 8192 bytes) must stay. */
bool imu_begin(imu_t *imu, const i2c_bus_t *bus, const imu_part_t *parts, uint8_t part_count,
               const uint8_t *firmware);

/* The oldest sample not yet read. A sensor that has been silent for a second is SAMPLE_STOPPED; one
 * that was never found is SAMPLE_NONE. */
sample_status_t imu_read(imu_t *imu, sample_t *out);

#endif
