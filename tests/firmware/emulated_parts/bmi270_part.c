/* BMI270: it starts only with its firmware, loaded in the right order, and has a FIFO of 2 KB with
 * headers whose oldest frames give way. */
#include <string.h>

#include "part.h"

#define FIFO_BYTES 2048
#define FRAME_BYTES 13
#define FRAMES (FIFO_BYTES / FRAME_BYTES)
#define START_US 20000u

uint8_t firmware[FIRMWARE_BYTES];

static uint8_t registers[128];
static uint8_t loaded[FIRMWARE_BYTES];
static uint32_t load_at;
static uint64_t started_us;
static int16_t fifo[FRAMES][6];
static int oldest, level, skipped;
static uint8_t sent[FRAME_BYTES]; /* of the frame being read */
static int sent_length, sent_at;

static void empty_fifo(void) { oldest = level = skipped = 0; }

static void switch_on(void) {
  memset(registers, 0, sizeof registers);
  memset(loaded, 0, sizeof loaded);
  registers[0x00] = 0x24;
  registers[0x40] = 0xA8;
  registers[0x41] = 0x02;
  registers[0x42] = 0xA9;
  registers[0x45] = 0x88;
  registers[0x48] = 0x02;
  registers[0x49] = 0x10;
  registers[0x7C] = 0x03;
  started_us = 0;
  empty_fifo();
}

static bool has_started(void) {
  return registers[0x59] == 1 && memcmp(loaded, firmware, sizeof loaded) == 0 &&
         bus_now_us() - started_us >= START_US;
}

static bool is_on(void) { return has_started() && (registers[0x7D] & 0x06) == 0x06; }

/* Both at 200 Hz, 4 g and 2000 deg/s. */
static bool is_set(void) {
  return (registers[0x40] & 0x0F) == 9 && (registers[0x42] & 0x0F) == 9 && registers[0x41] == 1 &&
         registers[0x43] == 0;
}

static void make(const int16_t frame[6]) {
  if ((registers[0x49] & 0xD0) != 0xD0) return;
  if (level == FRAMES) {
    if (registers[0x48] & 1) return;
    oldest = (oldest + 1) % FRAMES;
    level--;
    if (skipped < 255) skipped++;
  }
  int16_t *kept = fifo[(oldest + level++) % FRAMES];
  for (int i = 0; i < 6; i++) kept[i] = is_set() ? frame[i] : (int16_t)(frame[i] / 2);
}

static void write(uint8_t reg, uint8_t value) {
  if (reg == 0x7E) {
    if (value == 0xB6) switch_on();
    if (value == 0xB0) empty_fifo();
    return;
  }
  if (reg == 0x5E) {
    if (registers[0x59] == 0 && registers[0x7C] == 0) loaded[load_at++ % FIRMWARE_BYTES] = value;
    return;
  }
  registers[reg] = value;
  if (reg == 0x5B || reg == 0x5C) load_at = 2u * (registers[0x5B] + 16u * registers[0x5C]);
  if (reg == 0x59 && value == 1) started_us = bus_now_us();
}

static void prepare_frame(void) {
  sent_at = 0;
  if (skipped > 0) {
    sent[0] = 0x40;
    sent[1] = (uint8_t)skipped;
    sent_length = 2;
  } else if (level > 0) {
    static const int from[6] = {3, 4, 5, 0, 1, 2};
    sent[0] = 0x8C;
    for (int i = 0; i < 6; i++) {
      sent[1 + 2 * i] = (uint8_t)fifo[oldest][from[i]];
      sent[2 + 2 * i] = (uint8_t)((uint16_t)fifo[oldest][from[i]] >> 8);
    }
    sent_length = FRAME_BYTES;
  } else {
    sent[0] = 0x80;
    sent[1] = 0x00;
    sent_length = 2;
  }
}

static void frame_is_out(void) {
  if (sent[0] == 0x40) skipped = 0;
  if (sent[0] != 0x8C) return;
  oldest = (oldest + 1) % FRAMES;
  level--;
}

static uint8_t read_fifo(void) {
  if (sent_at == sent_length) prepare_frame();
  const uint8_t byte = sent[sent_at++];
  if (sent_at == sent_length) frame_is_out();
  return byte;
}

static uint8_t read(uint8_t reg) {
  const int bytes = level * FRAME_BYTES + (skipped > 0 ? 2 : 0);
  if (reg == 0x21) return has_started() ? 1 : registers[0x59] ? 2 : 0;
  if (reg == 0x24) return (uint8_t)bytes;
  if (reg == 0x25) return (uint8_t)(bytes >> 8);
  if (reg == 0x26) return read_fifo();
  return registers[reg];
}

/* A frame that was not read to its end comes again. */
static void start(void) { sent_at = sent_length = 0; }

static bool is_port(uint8_t reg) { return reg == 0x26 || reg == 0x5E; }

const part_t BMI270_PART = {0x68, switch_on, write, read, start, is_port, is_on, make, NULL, NULL};
