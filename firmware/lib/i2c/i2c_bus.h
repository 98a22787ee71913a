/* The I2C bus as the drivers see it; all that is not portable about a sensor. */
#ifndef I2C_BUS_H
#define I2C_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define I2C_BUS_MAX_BYTES 240u /* of one transfer */

/* Transfers answer false where the part does not acknowledge, soon, or where the bus is stuck, at
 * the latest after 100 ms; then all fail at once for a while (i2c_guard.h). */
typedef struct {
  bool (*read)(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count);
  bool (*write)(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count);
  /* Reads from a part that has no registers. */
  bool (*receive)(uint8_t address, uint8_t *bytes, size_t count);
  /* Frees a bus that a part holds low because it was interrupted in the midst of a transfer. */
  void (*recover)(void);
  uint64_t (*now_us)(void);
  /* Waits at least so long; at most 100 ms a call. */
  void (*wait_us)(uint32_t us);
} i2c_bus_t;

#endif
