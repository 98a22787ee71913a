/* ST LSM9DS1, acceleration and rotation; registers after its data sheet (DocID025715). */
#include "i2c_setting.h"
#include "imu_driver.h"

#define ADDRESS 0x6Bu
#define WHO_AM_I 0x0Fu
#define IS_LSM9DS1 0x68u
#define CTRL_REG1_G 0x10u
#define G_119_HZ_2000_DPS 0x78u
#define OUT_X_G 0x18u
#define CTRL_REG6_XL 0x20u
#define XL_119_HZ_4_G 0x70u
#define CTRL_REG8 0x22u
#define RESET 0x05u        /* and addresses that count up in a transfer */
#define WHOLE_VALUES 0x44u /* no value changes between its two bytes */
#define CTRL_REG9 0x23u
#define FIFO_ENABLE 0x02u
#define OUT_X_XL 0x28u
#define FIFO_CTRL 0x2Eu
#define FIFO_BYPASS 0x00u /* empties it */
#define FIFO_CONTINUOUS 0xC0u
#define FIFO_SRC 0x2Fu
#define FIFO_OVERRUN 0x40u
#define FIFO_LEVEL 0x3Fu
#define FIFO_FRAMES 32u
#define VECTOR_BYTES 6u
#define COUNT_UP 0x80u /* of an address: the bytes of a transfer are at rising ones */

#define RESET_US 10000u
#define SETTLE_US 60000u /* the first samples after switching on are not yet right */

static bool set(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_set(bus, ADDRESS, reg, value);
}

static bool command(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_command(bus, ADDRESS, reg, value);
}

static bool is_there(const i2c_bus_t *bus) {
  uint8_t name = 0;
  return bus->read(ADDRESS, WHO_AM_I, &name, 1) && name == IS_LSM9DS1;
}

static bool configure(const i2c_bus_t *bus) {
  return set(bus, CTRL_REG8, WHOLE_VALUES) && set(bus, CTRL_REG1_G, G_119_HZ_2000_DPS) &&
         set(bus, CTRL_REG6_XL, XL_119_HZ_4_G) && set(bus, CTRL_REG9, FIFO_ENABLE);
}

static bool empty_fifo(const i2c_bus_t *bus) {
  return set(bus, FIFO_CTRL, FIFO_BYPASS) && set(bus, FIFO_CTRL, FIFO_CONTINUOUS);
}

static imu_start_t start(const i2c_bus_t *bus, const uint8_t *firmware, uint16_t *step,
                         uint32_t *wait_us) {
  (void)firmware;
  switch ((*step)++) {
    case 0:
      *wait_us = RESET_US;
      return command(bus, CTRL_REG8, RESET) ? IMU_START_GOES_ON : IMU_START_FAILED;
    case 1:
      *wait_us = SETTLE_US;
      return configure(bus) ? IMU_START_GOES_ON : IMU_START_FAILED;
    default:
      return empty_fifo(bus) ? IMU_START_DONE : IMU_START_FAILED;
  }
}

static bool read_vector(const i2c_bus_t *bus, uint8_t reg, int16_t vector[3]) {
  uint8_t bytes[VECTOR_BYTES];
  if (!bus->read(ADDRESS, reg | COUNT_UP, bytes, sizeof bytes)) return false;
  for (int i = 0; i < 3; i++) vector[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
  return true;
}

static bool read_fifo(const i2c_bus_t *bus, imu_batch_t *batch) {
  uint8_t state;
  if (!bus->read(ADDRESS, FIFO_SRC, &state, 1)) return false;
  const uint8_t level = state & FIFO_LEVEL;
  if (level > FIFO_FRAMES) return false;
  *batch = (imu_batch_t){.overrun = (state & FIFO_OVERRUN) != 0};
  const uint8_t wanted = level < IMU_BATCH_FRAMES ? level : IMU_BATCH_FRAMES;
  /* The FIFO goes on once both vectors have been read. */
  while (batch->count < wanted && read_vector(bus, OUT_X_G, batch->frame[batch->count] + 3) &&
         read_vector(bus, OUT_X_XL, batch->frame[batch->count])) {
    batch->count++;
  }
  batch->left = (uint16_t)(level - batch->count);
  return batch->count > 0 || wanted == 0;
}

const imu_driver_t LSM9DS1 = {
    .name = "LSM9DS1",
    .rate_millihz = 119000,
    .fifo_frames = FIFO_FRAMES,
    .scale = {.acceleration_numerator = 61, /* 0.122 mg */
              .acceleration_denominator = 500,
              .rotation_numerator = 70, /* 70 mdeg/s */
              .rotation_denominator = 1},
    .is_there = is_there,
    .start = start,
    .read_fifo = read_fifo,
};
