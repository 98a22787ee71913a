/* Bosch BMI270; registers and FIFO frames after its data sheet (BST-BMI270-DS000). */
#include "i2c_setting.h"
#include "imu_driver.h"

#define ADDRESS 0x68u
#define CHIP_ID 0x00u
#define IS_BMI270 0x24u
#define INTERNAL_STATUS 0x21u
#define STATUS_MESSAGE 0x0Fu
#define STATUS_READY 0x01u
#define FIFO_LENGTH_0 0x24u
#define FIFO_DATA 0x26u
#define ACC_CONF 0x40u
#define ACC_200_HZ_OSR2 0x99u /* filter for performance, half the usual bandwidth: about 40 Hz */
#define ACC_RANGE 0x41u
#define ACC_4_G 0x01u
#define GYR_CONF 0x42u
#define GYR_200_HZ_OSR2 0xD9u
#define GYR_RANGE 0x43u
#define GYR_2000_DPS 0x00u
#define FIFO_DOWNS 0x45u
#define FIFO_FILTERED 0x88u
#define FIFO_CONFIG_0 0x48u
#define FIFO_OLDEST_GIVES_WAY 0x00u
#define FIFO_CONFIG_1 0x49u
#define FIFO_HEADER_ACC_GYR 0xD0u
#define INIT_CTRL 0x59u
#define INIT_LOAD 0x00u
#define INIT_START 0x01u
#define INIT_ADDR_0 0x5Bu
#define INIT_DATA 0x5Eu
#define PWR_CONF 0x7Cu
#define PWR_ALWAYS_ON 0x00u
#define PWR_CTRL 0x7Du
#define PWR_ACC_GYR_TEMP 0x0Eu
#define CMD 0x7Eu
#define CMD_RESET 0xB6u
#define CMD_EMPTY_FIFO 0xB0u

#define FIRMWARE_BYTES 8192u
#define FIRMWARE_CHUNK_BYTES 128u
#define RESET_US 2000u
#define WAKE_US 450u
#define START_US 10000u
#define SETTLE_US 60000u

/* Steps of starting: the firmware is loaded a piece a step, and its start is awaited. */
enum {
  RESET,
  WAKE,
  PREPARE_LOAD,
  LOAD,
  START = LOAD + FIRMWARE_BYTES / FIRMWARE_CHUNK_BYTES,
  FIRST_TRY,
  LAST_TRY = FIRST_TRY + 15,
  EMPTY_FIFO,
};

#define FRAME_HEADER 0x8Cu /* rotation, then acceleration */
#define FRAME_BYTES 13u
#define ACC_HEADER 0x84u /* one of the two without the other: of no use */
#define GYR_HEADER 0x88u
#define HALF_BYTES 7u
#define SKIP_HEADER 0x40u /* then how many frames were lost, 255 for more */
#define SKIP_BYTES 2u
#define TIME_HEADER 0x44u
#define TIME_BYTES 4u
#define CONFIG_HEADER 0x48u
#define CONFIG_BYTES 5u
#define NO_MORE_HEADER 0x80u
#define HEADER_MASK 0xFCu /* the other bits are of interrupt pins */
#define FIFO_LENGTH_MASK 0x3FFFu
#define FIFO_BYTES 2048u

static bool set(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_set(bus, ADDRESS, reg, value);
}

static bool command(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_command(bus, ADDRESS, reg, value);
}

static bool is_there(const i2c_bus_t *bus) {
  uint8_t name = 0;
  return bus->read(ADDRESS, CHIP_ID, &name, 1) && name == IS_BMI270;
}

/* A piece of the firmware, at its place. */
static bool load(const i2c_bus_t *bus, const uint8_t *firmware, uint32_t at) {
  const uint32_t word = at / 2;
  const uint8_t place[] = {word & 0x0Fu, (uint8_t)(word >> 4)};
  return bus->write(ADDRESS, INIT_ADDR_0, place, sizeof place) &&
         bus->write(ADDRESS, INIT_DATA, firmware + at, FIRMWARE_CHUNK_BYTES);
}

static bool configure(const i2c_bus_t *bus) {
  static const struct {
    uint8_t reg, value;
  } settings[] = {
      {ACC_CONF, ACC_200_HZ_OSR2},  {ACC_RANGE, ACC_4_G},
      {GYR_CONF, GYR_200_HZ_OSR2},  {GYR_RANGE, GYR_2000_DPS},
      {FIFO_DOWNS, FIFO_FILTERED},  {FIFO_CONFIG_0, FIFO_OLDEST_GIVES_WAY},
      {PWR_CTRL, PWR_ACC_GYR_TEMP}, {FIFO_CONFIG_1, FIFO_HEADER_ACC_GYR},
  };
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    if (!set(bus, settings[i].reg, settings[i].value)) return false;
  }
  return true;
}

static imu_start_t check_started(const i2c_bus_t *bus, uint16_t *step, uint32_t *wait_us) {
  uint8_t status = 0;
  if (!bus->read(ADDRESS, INTERNAL_STATUS, &status, 1)) return IMU_START_FAILED;
  if ((status & STATUS_MESSAGE) != STATUS_READY) {
    *wait_us = START_US;
    return *step < LAST_TRY ? IMU_START_GOES_ON : IMU_START_FAILED;
  }
  *step = EMPTY_FIFO;
  *wait_us = SETTLE_US;
  return configure(bus) ? IMU_START_GOES_ON : IMU_START_FAILED;
}

static bool take_step(const i2c_bus_t *bus, const uint8_t *firmware, uint16_t step,
                      uint32_t *wait_us) {
  switch (step) {
    case RESET:
      *wait_us = RESET_US;
      return command(bus, CMD, CMD_RESET);
    case WAKE:
      *wait_us = WAKE_US;
      return set(bus, PWR_CONF, PWR_ALWAYS_ON);
    case PREPARE_LOAD:
      return command(bus, INIT_CTRL, INIT_LOAD);
    case START:
      *wait_us = START_US;
      return command(bus, INIT_CTRL, INIT_START);
    default:
      return load(bus, firmware, (step - LOAD) * FIRMWARE_CHUNK_BYTES);
  }
}

static imu_start_t start(const i2c_bus_t *bus, const uint8_t *firmware, uint16_t *step,
                         uint32_t *wait_us) {
  if (firmware == NULL) return IMU_START_FAILED;
  const uint16_t now = (*step)++;
  if (now == EMPTY_FIFO)
    return command(bus, CMD, CMD_EMPTY_FIFO) ? IMU_START_DONE : IMU_START_FAILED;
  if (now > START) return check_started(bus, step, wait_us);
  return take_step(bus, firmware, now, wait_us) ? IMU_START_GOES_ON : IMU_START_FAILED;
}

/* Bytes of the frame that starts with `header`; 0 for what we did not ask for. */
static size_t frame_bytes(uint8_t header) {
  switch (header & HEADER_MASK) {
    case FRAME_HEADER:
      return FRAME_BYTES;
    case ACC_HEADER:
    case GYR_HEADER:
      return HALF_BYTES;
    case SKIP_HEADER:
      return SKIP_BYTES;
    case TIME_HEADER:
      return TIME_BYTES;
    case CONFIG_HEADER:
      return CONFIG_BYTES;
    default:
      return 0;
  }
}

static void take_frame(imu_batch_t *batch, const uint8_t *values) {
  int16_t *frame = batch->frame[batch->count++];
  for (int i = 0; i < IMU_AXES; i++) {
    const int16_t value = (int16_t)(values[2 * i] | values[2 * i + 1] << 8);
    frame[(i + 3) % IMU_AXES] = value; /* the sensor gives rotation first */
  }
}

/* A frame cut by the end of what was read comes again, whole, with the next reading. */
static bool parse(const uint8_t *bytes, size_t count, imu_batch_t *batch) {
  for (size_t at = 0; at < count;) {
    const uint8_t header = bytes[at];
    if (header == NO_MORE_HEADER) return true;
    const size_t length = frame_bytes(header);
    if (length == 0) return false;
    if (length > count - at) return true;
    if (length == FRAME_BYTES) take_frame(batch, bytes + at + 1);
    if (length == SKIP_BYTES) {
      batch->overrun = true;
      batch->lost = (uint16_t)(batch->lost + bytes[at + 1]);
    }
    at += length;
  }
  return true;
}

static bool read_fifo(const i2c_bus_t *bus, imu_batch_t *batch) {
  static uint8_t bytes[IMU_BATCH_FRAMES * FRAME_BYTES];
  uint8_t length[2];
  *batch = (imu_batch_t){0};
  if (!bus->read(ADDRESS, FIFO_LENGTH_0, length, sizeof length)) return false;
  const size_t there = (size_t)(length[0] | length[1] << 8) & FIFO_LENGTH_MASK;
  if (there > FIFO_BYTES) return false;
  const size_t count = there < sizeof bytes ? there : sizeof bytes;
  if (count == 0) return true;
  if (!bus->read(ADDRESS, FIFO_DATA, bytes, count) || !parse(bytes, count, batch)) return false;
  const size_t taken = batch->count * FRAME_BYTES;
  batch->left = (uint16_t)(there > taken ? (there - taken) / FRAME_BYTES : 0);
  return true;
}

const imu_driver_t BMI270 = {
    .name = "BMI270",
    .rate_millihz = 200000,
    .fifo_frames = FIFO_BYTES / FRAME_BYTES,
    .scale = {.acceleration_numerator = 125, /* 1/8192 g */
              .acceleration_denominator = 1024,
              .rotation_numerator = 15625, /* 1/16.384 deg/s */
              .rotation_denominator = 256},
    .is_there = is_there,
    .start = start,
    .read_fifo = read_fifo,
};
