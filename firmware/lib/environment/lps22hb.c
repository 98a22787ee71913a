/* ST LPS22HB, pressure; registers after its data sheet (DocID027083). */
#include "environment_driver.h"
#include "i2c_setting.h"

#define ADDRESS 0x5Cu
#define WHO_AM_I 0x0Fu
#define IS_LPS22HB 0xB1u
#define CTRL_REG1 0x10u
#define ON_WHEN_ASKED 0x02u /* no rate of its own; no value changes between its bytes */
#define CTRL_REG2 0x11u
#define ONE_SHOT 0x11u /* and addresses that count up in a transfer */
#define RES_CONF 0x1Au
#define LOW_NOISE 0x00u
#define STATUS 0x27u
#define PRESSURE_THERE 0x01u
#define PRESS_OUT_XL 0x28u
#define OUT_BYTES 3u
#define COUNTS_A_HPA 4096 /* section 4.4 */

static bool set(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_set(bus, ADDRESS, reg, value);
}

static bool command(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_command(bus, ADDRESS, reg, value);
}

static bool is_there(const i2c_bus_t *bus) {
  uint8_t name = 0;
  return bus->read(ADDRESS, WHO_AM_I, &name, 1) && name == IS_LPS22HB;
}

static bool begin(const i2c_bus_t *bus, environment_scale_t scale[ENVIRONMENT_PART_VALUES]) {
  scale[0] = (environment_scale_t){0, COUNTS_A_HPA, 0, 1000};
  return set(bus, RES_CONF, LOW_NOISE) && set(bus, CTRL_REG1, ON_WHEN_ASKED);
}

static bool read_out(const i2c_bus_t *bus, uint8_t bytes[OUT_BYTES]) {
  return bus->read(ADDRESS, PRESS_OUT_XL, bytes, OUT_BYTES);
}

/* What is there is of an earlier measurement, and must not be taken for this one's. */
static bool measure(const i2c_bus_t *bus) {
  uint8_t earlier[OUT_BYTES];
  return read_out(bus, earlier) && command(bus, CTRL_REG2, ONE_SHOT);
}

static bool read(const i2c_bus_t *bus, int32_t count[ENVIRONMENT_PART_VALUES]) {
  uint8_t status, bytes[OUT_BYTES];
  if (!bus->read(ADDRESS, STATUS, &status, 1) || (status & PRESSURE_THERE) == 0 ||
      !read_out(bus, bytes)) {
    return false;
  }
  /* 24 bits; no pressure that it measures has the highest one set. */
  count[0] = bytes[0] | bytes[1] << 8 | (int32_t)bytes[2] << 16;
  return true;
}

const environment_driver_t LPS22HB = {
    .is_there = is_there, .begin = begin, .measure = measure, .read = read};
