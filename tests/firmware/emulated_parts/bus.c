#include "part.h"

#define BYTE_NS 22500u
#define STUCK_US 50000u
#define MADE_MAX 200000u
#define OTHERS_MAX 2

static const part_t *part;
static const part_t *others[OTHERS_MAX];
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

/* The part that acknowledges. */
static const part_t *transfer(uint8_t address, size_t count) {
  transfers++;
  if (held_low) {
    advance_ns(STUCK_US * UINT64_C(1000));
    return NULL;
  }
  advance_ns((count + 3) * BYTE_NS);
  if (fail_every > 0 && transfers % fail_every == 0) return NULL;
  return count > I2C_BUS_MAX_BYTES ? NULL : part_at(address);
}

static bool bus_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL || asked->read == NULL) return false;
  asked->start();
  for (size_t i = 0; i < count; i++) {
    bytes[i] = asked->read(reg);
    if (!asked->is_port(reg)) reg++;
  }
  return true;
}

static bool bus_receive(uint8_t address, uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL || asked->receive == NULL) return false;
  asked->start();
  for (size_t i = 0; i < count; i++) bytes[i] = asked->receive();
  return true;
}

static bool bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  const part_t *asked = transfer(address, count);
  if (asked == NULL) return false;
  asked->start();
  if (asked->ask != NULL) asked->ask();
  for (size_t i = 0; i < count && asked->write != NULL; i++) {
    asked->write(reg, bytes[i]);
    if (!asked->is_port(reg)) reg++;
  }
  return true;
}

static void bus_recover(void) { held_low = false; }

const i2c_bus_t PART_BUS = {bus_read, bus_write, bus_receive, bus_recover, bus_now_us, bus_advance};
