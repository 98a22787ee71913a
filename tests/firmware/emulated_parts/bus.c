#include "part.h"

#define BYTE_NS 22500u
#define STUCK_US 50000u
#define MADE_MAX 200000u

static const part_t *part;
static bool plugged, held_low, numbers;
static uint64_t now_ns, next_frame_ns;
static uint64_t period_ns;
static int16_t shown[6];
static uint64_t made_us[MADE_MAX];
static uint32_t made, transfers, fail_every;

uint64_t bus_now_us(void) { return now_ns / 1000; }

uint64_t bus_made_us(uint32_t number) { return made_us[number % MADE_MAX]; }

uint32_t bus_transfers(void) { return transfers; }

static void make(void) {
  int16_t frame[6];
  for (int i = 0; i < 6; i++) frame[i] = shown[i];
  if (numbers) frame[3] = (int16_t)made;
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

void bus_plug(const part_t *new_part, uint32_t rate_mhz) {
  part = new_part;
  period_ns = UINT64_C(1000000000000) / rate_mhz;
  bus_plug_again();
}

void bus_plug_again(void) {
  plugged = true;
  if (part != NULL) part->switch_on();
}

void bus_count_anew(void) { made = 0; }

void bus_unplug(void) { plugged = false; }

void bus_hold_low(void) { held_low = true; }

void bus_show(const int16_t frame[6]) {
  numbers = false;
  for (int i = 0; i < 6; i++) shown[i] = frame[i];
}

void bus_show_numbers(void) { numbers = true; }

void bus_fail_every(uint32_t every) { fail_every = every; }

static bool transfer(uint8_t address, size_t count) {
  transfers++;
  if (held_low) {
    advance_ns(STUCK_US * UINT64_C(1000));
    return false;
  }
  advance_ns((count + 3) * BYTE_NS);
  if (fail_every > 0 && transfers % fail_every == 0) return false;
  return part != NULL && plugged && address == part->address;
}

static bool bus_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  if (!transfer(address, count) || count > IMU_BUS_MAX_BYTES) return false;
  part->start();
  for (size_t i = 0; i < count; i++) {
    bytes[i] = part->read(reg);
    if (!part->is_port(reg)) reg++;
  }
  return true;
}

static bool bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  if (!transfer(address, count) || count > IMU_BUS_MAX_BYTES) return false;
  part->start();
  for (size_t i = 0; i < count; i++) {
    part->write(reg, bytes[i]);
    if (!part->is_port(reg)) reg++;
  }
  return true;
}

static void bus_recover(void) { held_low = false; }

const imu_bus_t PART_BUS = {bus_read, bus_write, bus_recover, bus_now_us, bus_advance};
