#include "i2c_guard.h"
#include "part.h"

#define BYTE_NS 22500u
/* How long a transfer on a stuck bus takes on the real core: 60 to 100 ms, by turns. */
#define STUCK_LEAST_US 60000u
#define STUCK_STEP_US 20000u
#define STUCK_STEPS 3u
#ifndef MADE_MAX
#define MADE_MAX 200000u /* fewer where they run on a board */
#endif
#define OTHERS_MAX 2

static const part_t *part;
static const part_t *others[OTHERS_MAX];
static bool plugged, held_low, stays_stuck, numbers;
static uint64_t now_ns, next_frame_ns;
static uint64_t period_ns;
static int16_t shown[6];
static uint64_t made_us[MADE_MAX];
static uint32_t made, transfers, fail_every, garbled_write;
static uint8_t garbled_bits;
static void (*source)(uint32_t number, int16_t frame[6]);

uint64_t bus_now_us(void) { return now_ns / 1000; }

uint64_t bus_made_us(uint32_t number) { return made_us[number % MADE_MAX]; }

uint32_t bus_transfers(void) { return transfers; }

static void make(void) {
  int16_t frame[6];
  for (int i = 0; i < 6; i++) frame[i] = shown[i];
  if (numbers) frame[3] = (int16_t)made;
  if (source != NULL) source(made, frame);
  made_us[made++ % MADE_MAX] = next_frame_ns / 1000;
  part->make(frame);
}

static void advance_ns(uint64_t ns) {
  now_ns += ns;
  if (part == NULL || !plugged || !part->is_on()) {
    next_frame_ns = now_ns + period_ns;
    return;
  }
  for (; next_frame_ns <= now_ns; next_frame_ns += period_ns) make();
}

void bus_advance(uint32_t us) { advance_ns(us * UINT64_C(1000)); }

void bus_add(const part_t *other) {
  for (int i = 0; i < OTHERS_MAX; i++) {
    if (others[i] != NULL) continue;
    others[i] = other;
    other->switch_on();
    return;
  }
}

void bus_remove(const part_t *other) {
  for (int i = 0; i < OTHERS_MAX; i++) {
    if (others[i] == other) others[i] = NULL;
  }
}

/* NULL where nothing at that address acknowledges. */
static const part_t *part_at(uint8_t address) {
  for (int i = 0; i < OTHERS_MAX; i++) {
    if (others[i] != NULL && others[i]->address == address) return others[i];
  }
  return part != NULL && plugged && part->address == address ? part : NULL;
}

void bus_plug(const part_t *new_part, uint32_t rate_millihz) {
  part = new_part;
  period_ns = UINT64_C(1000000000000) / rate_millihz;
  bus_plug_again();
}

void bus_plug_again(void) {
  plugged = true;
  if (part != NULL) part->switch_on();
}

void bus_count_anew(void) { made = 0; }

void bus_unplug(void) { plugged = false; }

void bus_hold_low(void) { held_low = true; }

void bus_jam(bool is_jammed) { held_low = stays_stuck = is_jammed; }

void bus_show(const int16_t frame[6]) {
  numbers = false;
  for (int i = 0; i < 6; i++) shown[i] = frame[i];
}

void bus_show_numbers(void) { numbers = true; }

void bus_play(void (*frame_at)(uint32_t number, int16_t frame[6])) { source = frame_at; }

void bus_fail_every(uint32_t every) { fail_every = every; }

/* The part that acknowledges. */
static const part_t *transfer(uint8_t address, size_t count) {
  transfers++;
  if (held_low) {
    advance_ns((STUCK_LEAST_US + transfers % STUCK_STEPS * STUCK_STEP_US) * UINT64_C(1000));
    return NULL;
  }
  advance_ns((count + 3) * BYTE_NS);
  if (fail_every > 0 && transfers % fail_every == 0) return NULL;
  return count > I2C_BUS_MAX_BYTES ? NULL : part_at(address);
}

bool bus_raw_probe(uint8_t address) { return transfer(address, 1) != NULL; }

bool bus_raw_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL || asked->read == NULL) return false;
  asked->start();
  for (size_t i = 0; i < count; i++) {
    bytes[i] = asked->read(reg);
    if (!asked->is_port(reg)) reg++;
  }
  return true;
}

bool bus_raw_receive(uint8_t address, uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL || asked->receive == NULL) return false;
  asked->start();
  for (size_t i = 0; i < count; i++) bytes[i] = asked->receive();
  return true;
}

/* The byte as it arrives. */
static uint8_t arrived(uint8_t byte, size_t count) {
  if (count != 1 || garbled_write == 0 || --garbled_write > 0) return byte;
  return (uint8_t)(byte ^ garbled_bits);
}

void bus_garble(uint32_t write, uint8_t bits) {
  garbled_write = write;
  garbled_bits = bits;
}

bool bus_raw_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL) return false;
  asked->start();
  if (asked->ask != NULL) asked->ask();
  for (size_t i = 0; i < count && asked->write != NULL; i++) {
    asked->write(reg, arrived(bytes[i], count));
    if (!asked->is_port(reg)) reg++;
  }
  return true;
}

void bus_clock_free(void) { held_low = stays_stuck; }

/* As a board's bus is guarded. */
static i2c_guard_t guard;

static bool noted(bool worked, uint64_t began_us) {
  i2c_guard_note(&guard, worked, began_us, now_ns / 1000);
  return worked;
}

static bool bus_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  const uint64_t us = now_ns / 1000;
  return i2c_guard_allows(&guard, us) && noted(bus_raw_read(address, reg, bytes, count), us);
}

static bool bus_receive(uint8_t address, uint8_t *bytes, size_t count) {
  const uint64_t us = now_ns / 1000;
  return i2c_guard_allows(&guard, us) && noted(bus_raw_receive(address, bytes, count), us);
}

static bool bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  const uint64_t us = now_ns / 1000;
  return i2c_guard_allows(&guard, us) && noted(bus_raw_write(address, reg, bytes, count), us);
}

static void bus_recover(void) {
  bus_clock_free();
  i2c_guard_reset(&guard);
}

const i2c_bus_t PART_BUS = {bus_read, bus_write, bus_receive, bus_recover, bus_now_us, bus_advance};
