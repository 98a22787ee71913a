/* Renesas HS3003, temperature and humidity; transfers after its data sheet (HS300x, section 6).
 *
 * It has no registers while it measures: what is written to it, whatever it is, asks for a
 * measurement, and what is read is the newest one. It has no name either. */
#include "environment_driver.h"

#define ADDRESS 0x44u
#define OUT_BYTES 4u      /* humidity, then temperature, high bytes first */
#define STATUS_MASK 0xC0u /* of the first byte: 0, or the values have been read before */
#define FULL_COUNT 0x3FFF /* 14 bits */
#define FULL_HUMIDITY 100000
#define LEAST_TEMPERATURE (-40000)
#define MOST_TEMPERATURE 125000

static bool receive(const i2c_bus_t *bus, uint8_t bytes[OUT_BYTES]) {
  return bus->receive(ADDRESS, bytes, OUT_BYTES);
}

static bool is_there(const i2c_bus_t *bus) {
  uint8_t bytes[OUT_BYTES];
  return receive(bus, bytes);
}

static bool begin(const i2c_bus_t *bus, environment_scale_t scale[ENVIRONMENT_PART_VALUES]) {
  (void)bus;
  scale[0] = (environment_scale_t){0, FULL_COUNT, LEAST_TEMPERATURE, MOST_TEMPERATURE};
  scale[1] = (environment_scale_t){0, FULL_COUNT, 0, FULL_HUMIDITY};
  return true;
}

/* What is there is of an earlier measurement, and must not be taken for this one's. */
static bool measure(const i2c_bus_t *bus) {
  uint8_t earlier[OUT_BYTES];
  return receive(bus, earlier) && bus->write(ADDRESS, 0, NULL, 0);
}

static bool read(const i2c_bus_t *bus, int32_t count[ENVIRONMENT_PART_VALUES]) {
  uint8_t bytes[OUT_BYTES];
  if (!receive(bus, bytes) || (bytes[0] & STATUS_MASK) != 0) return false;
  count[0] = (bytes[2] << 8 | bytes[3]) >> 2;
  count[1] = bytes[0] << 8 | bytes[1];
  return true;
}

const environment_driver_t HS3003 = {
    .is_there = is_there, .begin = begin, .measure = measure, .read = read};
