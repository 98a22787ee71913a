/* Temperature, pressure and humidity around the board. The parts are found at run time, and measure
 * when a reading is wanted. */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "environment_driver.h"
#include "reading.h"

typedef struct {
  const environment_driver_t *driver;
  environment_scale_t scale[ENVIRONMENT_PART_VALUES];
  int32_t count[ENVIRONMENT_PART_VALUES];
  bool is_set_up;
  bool is_asked; /* to measure */
  bool is_ready;
} environment_part_t;

typedef struct {
  const i2c_bus_t *bus;
  const char *name;        /* of the parts; NULL where not all are there */
  environment_part_t air;  /* temperature and humidity */
  environment_part_t baro; /* pressure */
  bool measuring;
  uint64_t began_us;
  uint64_t look_us; /* not to be asked again before */
} environment_t;

/* No part is known yet. `bus` must stay. */
void environment_begin(environment_t *environment, const i2c_bus_t *bus);

/* Looks for the parts where they are not known. False where one of the three values has none; ask
 * again later. */
bool environment_find(environment_t *environment);

/* Begins a measurement; one that is under way is forgotten. */
void environment_measure(environment_t *environment);

/* The outcome, asked for again and again: takes some 50 ms to come and 250 ms at most. All but
 * `seq` is written. A part that gave nothing is set up again for the next measurement. */
reading_status_t environment_read(environment_t *environment, reading_t *out);

#endif
