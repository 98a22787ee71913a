/* ST LSM6DS3TR-C, acceleration and rotation; registers and FIFO after its data sheet (DocID030071)
 * and application note AN5130. */
#include "i2c_setting.h"
#include "imu_driver.h"

#define ADDRESS 0x6Au
#define FIFO_CTRL3 0x08u
#define FIFO_EVERY_SAMPLE 0x09u /* of both, none left out */
#define FIFO_CTRL5 0x0Au
#define FIFO_BYPASS 0x00u            /* empties it */
#define FIFO_CONTINUOUS_208_HZ 0x2Eu /* the oldest give way */
#define WHO_AM_I 0x0Fu
#define IS_LSM6DS3TR_C 0x6Au
#define CTRL1_XL 0x10u
#define XL_208_HZ_4_G 0x58u
#define CTRL2_G 0x11u
#define G_208_HZ_2000_DPS 0x5Cu
#define CTRL3_C 0x12u
#define RESET 0x05u        /* and addresses that count up in a transfer */
#define WHOLE_VALUES 0x44u /* no value changes between its two bytes */
#define CTRL8_XL 0x17u
#define XL_LOW_PASS 0x80u  /* a quarter of the rate: 52 Hz */
#define FIFO_STATUS1 0x3Au /* words to read, then the place of the next one in its frame */
#define STATUS_BYTES 4u
#define STATUS_OVERRUN 0x40u /* of the second byte; a full FIFO reads as 0 words then */
#define WORDS_MASK 0x07FFu
#define PATTERN_MASK 0x03FFu
#define FIFO_DATA 0x3Eu /* the address goes back to the first byte of the word by itself */

#define FIFO_WORDS 2048u
#define FRAME_WORDS IMU_AXES
#define WORD_BYTES 2u
#define FRAME_BYTES (FRAME_WORDS * WORD_BYTES)
#define RESET_US 10000u
#define SETTLE_US 80000u /* the gyroscope's turn-on time */

static bool set(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_set(bus, ADDRESS, reg, value);
}

static bool command(const i2c_bus_t *bus, uint8_t reg, uint8_t value) {
  return i2c_command(bus, ADDRESS, reg, value);
}

static bool is_there(const i2c_bus_t *bus) {
  uint8_t name = 0;
  return bus->read(ADDRESS, WHO_AM_I, &name, 1) && name == IS_LSM6DS3TR_C;
}

static bool configure(const i2c_bus_t *bus) {
  return set(bus, CTRL3_C, WHOLE_VALUES) && set(bus, CTRL1_XL, XL_208_HZ_4_G) &&
         set(bus, CTRL2_G, G_208_HZ_2000_DPS) && set(bus, CTRL8_XL, XL_LOW_PASS) &&
         set(bus, FIFO_CTRL3, FIFO_EVERY_SAMPLE);
}

static bool empty_fifo(const i2c_bus_t *bus) {
  return set(bus, FIFO_CTRL5, FIFO_BYPASS) && set(bus, FIFO_CTRL5, FIFO_CONTINUOUS_208_HZ);
}

static imu_start_t start(const i2c_bus_t *bus, const uint8_t *firmware, uint16_t *step,
                         uint32_t *wait_us) {
  (void)firmware;
  switch ((*step)++) {
    case 0:
      *wait_us = RESET_US;
      return command(bus, CTRL3_C, RESET) ? IMU_START_GOES_ON : IMU_START_FAILED;
    case 1:
      *wait_us = SETTLE_US;
      return configure(bus) ? IMU_START_GOES_ON : IMU_START_FAILED;
    default:
      return empty_fifo(bus) ? IMU_START_DONE : IMU_START_FAILED;
  }
}

/* Words come as x, y, z of the rotation, then of the acceleration. */
static void take_frame(imu_batch_t *batch, const uint8_t *bytes) {
  int16_t *frame = batch->frame[batch->count++];
  for (int i = 0; i < IMU_AXES; i++) {
    frame[(i + 3) % IMU_AXES] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
  }
}

typedef struct {
  uint32_t words; /* to read */
  uint32_t place; /* of the next one in its frame */
  bool overrun;   /* the oldest gave way */
} fifo_status_t;

static bool read_status(const i2c_bus_t *bus, fifo_status_t *out) {
  uint8_t status[STATUS_BYTES];
  if (!bus->read(ADDRESS, FIFO_STATUS1, status, sizeof status)) return false;
  out->words = (uint32_t)(status[0] | status[1] << 8) & WORDS_MASK;
  out->place = (uint32_t)(status[2] | status[3] << 8) & PATTERN_MASK;
  out->overrun = (status[1] & STATUS_OVERRUN) != 0;
  if (out->words == 0 && out->overrun) out->words = FIFO_WORDS;
  return out->place < FRAME_WORDS;
}

/* Words that give way while others are read would shift all that follow. */
static bool ends_between_frames(const i2c_bus_t *bus) {
  fifo_status_t after;
  return read_status(bus, &after) && after.place == 0;
}

/* Where the oldest gave way, what is left may begin in the middle of a frame. */
static bool read_fifo(const i2c_bus_t *bus, imu_batch_t *batch) {
  static uint8_t bytes[(1 + IMU_BATCH_FRAMES) * FRAME_BYTES];
  fifo_status_t status;
  if (!read_status(bus, &status)) return false;
  *batch = (imu_batch_t){.overrun = status.overrun};
  const uint32_t rest = status.place == 0 ? 0 : FRAME_WORDS - status.place;
  const uint32_t frames = status.words > rest ? (status.words - rest) / FRAME_WORDS : 0;
  const uint32_t count = frames < IMU_BATCH_FRAMES ? frames : IMU_BATCH_FRAMES;
  if (count == 0) return true;
  const uint8_t *frame = bytes + rest * WORD_BYTES;
  if (!bus->read(ADDRESS, FIFO_DATA, bytes, rest * WORD_BYTES + count * FRAME_BYTES)) return false;
  if (status.overrun && !ends_between_frames(bus)) return false;
  for (uint32_t i = 0; i < count; i++) take_frame(batch, frame + i * FRAME_BYTES);
  batch->left = (uint16_t)(frames - count);
  return true;
}

const imu_driver_t LSM6DS3 = {
    .name = "LSM6DS3",
    .rate_millihz = 208000,
    .fifo_frames = FIFO_WORDS / FRAME_WORDS,
    .scale = {.acceleration_numerator = 61, /* 0.122 mg */
              .acceleration_denominator = 500,
              .rotation_numerator = 70, /* 70 mdeg/s */
              .rotation_denominator = 1},
    .is_there = is_there,
    .start = start,
    .read_fifo = read_fifo,
};
