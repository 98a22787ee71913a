/* What differs between boards where both have an nRF52840 and the Arduino core on Mbed OS: a
 * table that each board's own folder fills in. */
#ifndef ARDUINO_BOARD_H
#define ARDUINO_BOARD_H

#include <Wire.h>
#include <stdint.h>

extern "C" {
#include "imu.h"
}

typedef struct {
  const char *name;
  TwoWire *bus;              /* of the sensors */
  uint32_t sda_pin, scl_pin; /* of the chip: 0 to 31 on P0, 32 and more on P1 */
  const imu_part_t *imu_parts;
  uint8_t imu_part_count;
  const uint8_t *imu_firmware; /* of a BMI270; NULL on boards without one */
  uintptr_t image_address;     /* in the flash, after the bootloader */
  uint32_t image_room_bytes;
  void (*power_sensors)(void); /* NULL where the core has done so */
} arduino_board_t;

extern const arduino_board_t ARDUINO_BOARD;

#endif
