/* HS3003: any write asks for a measurement, of 34 ms; what is fetched twice is stale. */
#include <string.h>

#include "part.h"

#define MEASURING_US 34000u
#define STALE 0x40

static uint8_t bytes[4];
static uint64_t asked_us; /* 0: nothing is under way */
static air_t found;       /* when it was asked */
static bool fresh;
static int sent;

static void switch_on(void) {
  memset(bytes, 0, sizeof bytes);
  asked_us = 0;
  fresh = false;
}

static void finish(void) {
  if (asked_us == 0 || bus_now_us() - asked_us < MEASURING_US) return;
  asked_us = 0;
  fresh = true;
  bytes[0] = (uint8_t)(found.humidity >> 8);
  bytes[1] = (uint8_t)found.humidity;
  bytes[2] = (uint8_t)(found.temperature >> 6);
  bytes[3] = (uint8_t)(found.temperature << 2);
}

static void start(void) {
  finish();
  sent = 0;
}

static void ask(void) {
  asked_us = bus_now_us();
  found = air;
}

static uint8_t receive(void) {
  const uint8_t byte = (uint8_t)(bytes[sent & 3] | (sent == 0 && !fresh ? STALE : 0));
  sent++;
  if (sent == 4) fresh = false;
  return byte;
}

const part_t HS3003_PART = {0x44, switch_on, NULL, NULL, start, NULL, NULL, NULL, ask, receive};
