/* LSM9DS1: name, both control registers, and the FIFO of 32 in continuous mode. */
#include <string.h>

#include "part.h"

#define FRAMES 32

static uint8_t registers[128];
static int16_t fifo[FRAMES][6];
static int oldest, level;
static bool overrun, rotation_was_read;

static void switch_on(void) {
  memset(registers, 0, sizeof registers);
  registers[0x0F] = 0x68;
  registers[0x22] = 0x04;
  oldest = level = 0;
  overrun = rotation_was_read = false;
}

static bool fifo_runs(void) {
  return (registers[0x23] & 0x02) != 0 && (registers[0x2E] & 0xE0) == 0xC0;
}

/* The gyroscope's rate is that of both. */
static bool is_on(void) { return (registers[0x10] & 0xE0) != 0; }

/* Both at 119 Hz, 2000 deg/s and 4 g. */
static bool is_set(void) { return (registers[0x10] & 0xF8) == 0x78 && registers[0x20] == 0x70; }

static void make(const int16_t frame[6]) {
  if (!fifo_runs()) return;
  if (level == FRAMES) {
    oldest = (oldest + 1) % FRAMES;
    overrun = true;
    level--;
  }
  int16_t *kept = fifo[(oldest + level++) % FRAMES];
  for (int i = 0; i < 6; i++) kept[i] = is_set() ? frame[i] : (int16_t)(frame[i] / 2);
}

static void write(uint8_t reg, uint8_t value) {
  reg &= 0x7F;
  if (reg == 0x22 && (value & 1) != 0) {
    switch_on();
    return;
  }
  if (reg == 0x0F || reg == 0x2F) return;
  registers[reg] = value;
  if (reg == 0x2E && (value & 0xE0) == 0) level = 0;
}

static uint8_t read_vector(int axis, int byte) {
  const int16_t value = level > 0 ? fifo[oldest][axis] : (int16_t)0x7FFF;
  return (uint8_t)((uint16_t)value >> (8 * byte));
}

static void pop(void) {
  rotation_was_read = false;
  if (level == 0) return;
  oldest = (oldest + 1) % FRAMES;
  level--;
  overrun = false;
}

static uint8_t read(uint8_t reg) {
  reg &= 0x7F;
  if (reg == 0x2F) return (uint8_t)(level | (overrun ? 0x40 : 0));
  if (reg >= 0x18 && reg <= 0x1D) {
    rotation_was_read = true;
    return read_vector(3 + (reg - 0x18) / 2, reg % 2);
  }
  if (reg >= 0x28 && reg <= 0x2D) {
    const uint8_t byte = read_vector((reg - 0x28) / 2, reg % 2);
    if (reg == 0x2D && rotation_was_read) pop();
    return byte;
  }
  return registers[reg];
}

static void start(void) {}

static bool is_port(uint8_t reg) {
  (void)reg;
  return false;
}

const part_t LSM9DS1_PART = {0x6B, switch_on, write, read, start, is_port, is_on, make, NULL, NULL};
