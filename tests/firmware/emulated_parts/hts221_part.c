/* HTS221: measures once when it is told to, with the power-up averaging in 45 ms. */
#include <string.h>

#include "part.h"

#define MEASURING_US 45000u

uint8_t calibration[16];

static uint8_t registers[64];
static uint64_t asked_us; /* 0: nothing is under way */
static air_t found;       /* when it was asked */

static void switch_on(void) {
  memset(registers, 0, sizeof registers);
  registers[0x0F] = 0xBC;
  registers[0x10] = 0x1B;
  memcpy(registers + 0x30, calibration, sizeof calibration);
  asked_us = 0;
}

static void ask_for_air(void) {
  asked_us = bus_now_us();
  found = air;
}

static void finish(void) {
  if (asked_us == 0 || bus_now_us() - asked_us < MEASURING_US) return;
  asked_us = 0;
  registers[0x21] &= 0xFE;
  registers[0x27] = 0x03;
  registers[0x28] = (uint8_t)found.humidity;
  registers[0x29] = (uint8_t)((uint32_t)found.humidity >> 8);
  registers[0x2A] = (uint8_t)found.temperature;
  registers[0x2B] = (uint8_t)((uint32_t)found.temperature >> 8);
}

/* It has to be on, and without a rate of its own. */
static void write(uint8_t reg, uint8_t value) {
  finish();
  reg &= 0x3F;
  if (reg == 0x0F || reg >= 0x27) return;
  registers[reg] = value;
  if (reg == 0x21 && (value & 1) != 0 && (registers[0x20] & 0x83) == 0x80) ask_for_air();
}

static uint8_t read(uint8_t reg) {
  finish();
  reg &= 0x3F;
  if (reg == 0x29) registers[0x27] &= 0xFD;
  if (reg == 0x2B) registers[0x27] &= 0xFE;
  return registers[reg];
}

static void start(void) {}

static bool is_port(uint8_t reg) { return (reg & 0x80) == 0; }

const part_t HTS221_PART = {0x5F, switch_on, write, read, start, is_port, NULL, NULL, NULL, NULL};
