/* LSM6DS3TR-C: name, control registers, and a FIFO of 4 KB whose oldest words give way one by one,
 * so that what is left may begin in the middle of a frame (AN5130, continuous mode). Its count has
 * 11 bits, so that of a full FIFO reads 0. */
#include <string.h>

#include "part.h"

#define WORDS 2048
#define FRAME_WORDS 6

static uint8_t registers[128];
static int16_t fifo[WORDS];
static uint32_t first, level, place; /* place: of the oldest word in its frame */
static bool overrun, low_byte_was_read;

static void switch_on(void) {
  memset(registers, 0, sizeof registers);
  registers[0x0F] = 0x6A;
  registers[0x12] = 0x04;
  first = level = place = 0;
  overrun = low_byte_was_read = false;
}

static bool is_on(void) { return (registers[0x10] & 0xF0) != 0 && (registers[0x11] & 0xF0) != 0; }

/* Both at 208 Hz, 4 g and 2000 deg/s. */
static bool is_set(void) { return registers[0x10] == 0x58 && registers[0x11] == 0x5C; }

static bool fifo_runs(void) { return registers[0x08] == 0x09 && registers[0x0A] == 0x2E; }

static void drop_oldest(void) {
  first = (first + 1) % WORDS;
  level--;
  place = (place + 1) % FRAME_WORDS;
}

static void push(int16_t word) {
  if (level == WORDS) {
    drop_oldest();
    overrun = true;
  }
  fifo[(first + level++) % WORDS] = word;
}

static void make(const int16_t frame[6]) {
  if (!fifo_runs()) return;
  for (int i = 0; i < FRAME_WORDS; i++) {
    const int16_t value = frame[(i + 3) % FRAME_WORDS];
    push(is_set() ? value : (int16_t)(value / 2));
  }
}

static void write(uint8_t reg, uint8_t value) {
  if (reg == 0x12 && (value & 1) != 0) {
    switch_on();
    return;
  }
  if (reg == 0x0F || reg >= 0x3A) return;
  registers[reg] = value;
  if (reg == 0x0A && value == 0) {
    first = level = place = 0;
    overrun = false;
  }
}

/* Both bytes of a word, by turns: the second takes it out. */
static uint8_t read_word(void) {
  const uint16_t word = level > 0 ? (uint16_t)fifo[first] : 0;
  low_byte_was_read = !low_byte_was_read;
  if (low_byte_was_read) return (uint8_t)word;
  if (level > 0) drop_oldest();
  return (uint8_t)(word >> 8);
}

static uint8_t read(uint8_t reg) {
  switch (reg) {
    case 0x3A:
      return (uint8_t)level;
    case 0x3B: {
      const uint8_t flags = (uint8_t)((overrun ? 0x40 : 0) | (level == 0 ? 0x10 : 0));
      overrun = false;
      return (uint8_t)((level >> 8 & 0x07) | flags);
    }
    case 0x3C:
      return (uint8_t)place;
    case 0x3D:
      return 0;
    case 0x3E:
      return read_word();
    default:
      return registers[reg];
  }
}

static void start(void) { low_byte_was_read = false; }

static bool is_port(uint8_t reg) { return reg == 0x3E; }

const part_t LSM6DS3_PART = {0x6A, switch_on, write, read, start, is_port, is_on, make, NULL, NULL};
