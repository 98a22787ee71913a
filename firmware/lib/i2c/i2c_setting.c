#include "i2c_setting.h"

#define TRIES 2 /* a bus that is stuck fails at once the second time, see i2c_guard.h */

bool i2c_command(const i2c_bus_t *bus, uint8_t address, uint8_t reg, uint8_t value) {
  return bus->write(address, reg, &value, 1);
}

static bool set_once(const i2c_bus_t *bus, uint8_t address, uint8_t reg, uint8_t value) {
  uint8_t set = 0;
  return i2c_command(bus, address, reg, value) && bus->read(address, reg, &set, 1) && set == value;
}

bool i2c_set(const i2c_bus_t *bus, uint8_t address, uint8_t reg, uint8_t value) {
  for (int tries = 0; tries < TRIES; tries++) {
    if (set_once(bus, address, reg, value)) return true;
  }
  return false;
}
