/* What every part that measures the environment can do; environment.h finds those that are there.
 *
 * A part measures on command and sleeps in between. */
#ifndef ENVIRONMENT_DRIVER_H
#define ENVIRONMENT_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "i2c_bus.h"

#define ENVIRONMENT_PART_VALUES 2 /* at most: temperature and humidity, or pressure alone */

/* Two points of the straight line from a part's counts to thousandths. */
typedef struct {
  int32_t low_count, high_count;
  int32_t low_value, high_value;
} environment_scale_t;

typedef struct {
  /* Whether the part answers with its own name, where it has one. */
  bool (*is_there)(const i2c_bus_t *bus);
  /* Sets the part up, and finds what its counts mean. Does not wait. */
  bool (*begin)(const i2c_bus_t *bus, environment_scale_t scale[ENVIRONMENT_PART_VALUES]);
  /* Starts one measurement. Does not wait. */
  bool (*measure)(const i2c_bus_t *bus);
  /* What that measurement gave. False while it is under way, and where the bus fails. */
  bool (*read)(const i2c_bus_t *bus, int32_t count[ENVIRONMENT_PART_VALUES]);
} environment_driver_t;

extern const environment_driver_t HTS221;  /* temperature and humidity, revision 1 */
extern const environment_driver_t HS3003;  /* temperature and humidity, revision 2 */
extern const environment_driver_t LPS22HB; /* pressure, both */

#endif
