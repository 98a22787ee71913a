/* ST HTS221, temperature and humidity; registers after its data sheet (DocID026333). */
#include "environment_driver.h"
#include "i2c_setting.h"

#define ADDRESS 0x5Fu
#define WHO_AM_I 0x0Fu
#define IS_HTS221 0xBCu
#define AV_CONF 0x10u
#define AVERAGE_16_AND_32 0x1Bu /* of temperature and of humidity, as after power-up */
#define CTRL_REG1 0x20u
#define ON_WHEN_ASKED 0x84u /* no rate of its own; no value changes between its two bytes */
#define CTRL_REG2 0x21u
#define ONE_SHOT 0x01u
#define STATUS_REG 0x27u
#define BOTH_THERE 0x03u
#define HUMIDITY_OUT_L 0x28u /* then the temperature */
#define OUT_BYTES 4u
#define COUNT_UP 0x80u /* of an address: the bytes of a transfer are at rising ones */

/* Two points of either line, section 8: set at the factory, another line in every part. */
#define CALIBRATION 0x30u
#define CALIBRATION_BYTES 16u
enum { H0_RH_X2 = 0, H1_RH_X2 = 1, T0_DEGC_X8 = 2, T1_DEGC_X8 = 3, T1_T0_HIGH = 5 };
enum { H0_OUT = 6, H1_OUT = 10, T0_OUT = 12, T1_OUT = 14 };
#define HALF_PERCENT 500 /* thousandths */
#define EIGHTH_DEGREE 125

static bool set(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_set(bus, ADDRESS, reg, value);
}

static bool command(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_command(bus, ADDRESS, reg, value);
}

static int32_t int16_at(const uint8_t *bytes) { return (int16_t)(bytes[0] | bytes[1] << 8); }

static bool is_there(const i2c_bus_t *bus) {
  uint8_t name = 0;
  return bus->read(ADDRESS, WHO_AM_I, &name, 1) && name == IS_HTS221;
}

static bool begin(const i2c_bus_t *bus, environment_scale_t scale[ENVIRONMENT_PART_VALUES]) {
  uint8_t bytes[CALIBRATION_BYTES];
  if (!set(bus, AV_CONF, AVERAGE_16_AND_32) || !set(bus, CTRL_REG1, ON_WHEN_ASKED) ||
      !bus->read(ADDRESS, CALIBRATION | COUNT_UP, bytes, sizeof bytes)) {
    return false;
  }
  const int32_t t0 = bytes[T0_DEGC_X8] | (bytes[T1_T0_HIGH] & 0x03) << 8;
  const int32_t t1 = bytes[T1_DEGC_X8] | (bytes[T1_T0_HIGH] & 0x0C) << 6;
  scale[0] = (environment_scale_t){int16_at(bytes + T0_OUT), int16_at(bytes + T1_OUT),
                                   t0 * EIGHTH_DEGREE, t1 * EIGHTH_DEGREE};
  scale[1] = (environment_scale_t){int16_at(bytes + H0_OUT), int16_at(bytes + H1_OUT),
                                   bytes[H0_RH_X2] * HALF_PERCENT, bytes[H1_RH_X2] * HALF_PERCENT};
  /* Without a calibration there is no line. */
  return scale[0].low_count != scale[0].high_count && scale[1].low_count != scale[1].high_count;
}

static bool read_out(const i2c_bus_t *bus, uint8_t bytes[OUT_BYTES]) {
  return bus->read(ADDRESS, HUMIDITY_OUT_L | COUNT_UP, bytes, OUT_BYTES);
}

/* What is there is of an earlier measurement, and must not be taken for this one's. */
static bool measure(const i2c_bus_t *bus) {
  uint8_t earlier[OUT_BYTES];
  return read_out(bus, earlier) && command(bus, CTRL_REG2, ONE_SHOT);
}

static bool read(const i2c_bus_t *bus, int32_t count[ENVIRONMENT_PART_VALUES]) {
  uint8_t status, bytes[OUT_BYTES];
  if (!bus->read(ADDRESS, STATUS_REG, &status, 1) || (status & BOTH_THERE) != BOTH_THERE ||
      !read_out(bus, bytes)) {
    return false;
  }
  count[0] = int16_at(bytes + 2);
  count[1] = int16_at(bytes);
  return true;
}

const environment_driver_t HTS221 = {
    .is_there = is_there, .begin = begin, .measure = measure, .read = read};
