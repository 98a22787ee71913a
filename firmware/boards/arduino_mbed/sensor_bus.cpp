#include "sensor_bus.h"

#include <Arduino.h>
#include <nrf.h>

#include "arduino_board.h"
#include "board_time.h"

extern "C" {
#include "i2c_guard.h"
}

namespace {

const uint32_t BUS_HZ = 400000;
const uint32_t PULSE_US = 5;
const int PULSES = 9; /* the rest of any byte, and its acknowledgement */
const uint32_t SHORTEST_SLEEP_US = 2000;

/* What the TWI wants of its pins (nRF52840 Product Specification, TWI, pin configuration): pulled
 * up, and driven low only. */
const uint32_t INPUT_CNF = GPIO_PIN_CNF_PULL_Pullup << GPIO_PIN_CNF_PULL_Pos |
                           GPIO_PIN_CNF_DRIVE_S0D1 << GPIO_PIN_CNF_DRIVE_Pos;
const uint32_t OUTPUT_CNF = INPUT_CNF | GPIO_PIN_CNF_DIR_Output << GPIO_PIN_CNF_DIR_Pos;

i2c_guard_t guard;

bool receive_now(uint8_t address, uint8_t *bytes, size_t count) {
  TwoWire &wire = *ARDUINO_BOARD.bus;
  if (wire.requestFrom(address, count) != count) return false;
  for (size_t i = 0; i < count; i++) bytes[i] = static_cast<uint8_t>(wire.read());
  return true;
}

bool read_now(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  TwoWire &wire = *ARDUINO_BOARD.bus;
  wire.beginTransmission(address);
  wire.write(reg);
  return wire.endTransmission(false) == 0 && receive_now(address, bytes, count);
}

bool write_now(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  TwoWire &wire = *ARDUINO_BOARD.bus;
  wire.beginTransmission(address);
  wire.write(reg);
  if (count > 0) wire.write(bytes, static_cast<int>(count));
  return wire.endTransmission() == 0;
}

/* A transfer as the guard allows it. */
template <typename Transfer>
bool guarded(Transfer transfer) {
  const uint64_t began_us = board_now_us();
  if (!i2c_guard_allows(&guard, began_us)) return false;
  const bool worked = transfer();
  i2c_guard_note(&guard, worked, began_us, board_now_us());
  return worked;
}

bool bus_receive(uint8_t address, uint8_t *bytes, size_t count) {
  return guarded([=] { return receive_now(address, bytes, count); });
}

bool bus_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  return guarded([=] { return read_now(address, reg, bytes, count); });
}

bool bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  return guarded([=] { return write_now(address, reg, bytes, count); });
}

NRF_GPIO_Type *port_of(uint32_t pin) { return pin < 32 ? NRF_P0 : NRF_P1; }

void drive(uint32_t pin, bool high) {
  if (high) {
    port_of(pin)->OUTSET = 1u << pin % 32;
  } else {
    port_of(pin)->OUTCLR = 1u << pin % 32;
  }
  delayMicroseconds(PULSE_US);
}

void configure(uint32_t pin, uint32_t configuration) {
  port_of(pin)->PIN_CNF[pin % 32] = configuration;
}

/* The peripheral that owns the bus's pins while it is enabled: Wire.end() leaves it so. NULL where
 * nothing was transferred yet. */
NRF_TWI_Type *owner() {
  if (NRF_TWI0->PSEL.SCL == ARDUINO_BOARD.scl_pin) return NRF_TWI0;
  return NRF_TWI1->PSEL.SCL == ARDUINO_BOARD.scl_pin ? NRF_TWI1 : nullptr;
}

/* A part that was interrupted while it sends lets go of the data line once its byte is clocked out,
 * and is back at its start after a stop: the data line rises while the clock is high. */
void clock_out(uint32_t sda, uint32_t scl) {
  for (int i = 0; i < PULSES; i++) {
    drive(scl, false);
    drive(scl, true);
  }
  drive(scl, false);
  drive(sda, false);
  drive(scl, true);
  drive(sda, true);
}

void bus_recover() {
  const uint32_t sda = ARDUINO_BOARD.sda_pin, scl = ARDUINO_BOARD.scl_pin;
  NRF_TWI_Type *twi = owner();
  const uint32_t was_enabled = twi != nullptr ? twi->ENABLE : 0;
  if (twi != nullptr) twi->ENABLE = 0;
  drive(sda, true);
  drive(scl, true);
  configure(sda, OUTPUT_CNF);
  configure(scl, OUTPUT_CNF);
  clock_out(sda, scl);
  configure(sda, INPUT_CNF);
  configure(scl, INPUT_CNF);
  if (twi != nullptr) twi->ENABLE = was_enabled;
  i2c_guard_reset(&guard);
}

/* The core's delay(n) sleeps from n - 1 to n ms. */
void bus_wait_us(uint32_t us) {
  if (us < SHORTEST_SLEEP_US) {
    delayMicroseconds(us);
  } else {
    delay((us + 999) / 1000 + 1);
  }
}

}  // namespace

const i2c_bus_t SENSOR_BUS = {bus_read,    bus_write,    bus_receive,
                              bus_recover, board_now_us, bus_wait_us};

void sensor_bus_begin() {
  ARDUINO_BOARD.bus->begin();
  ARDUINO_BOARD.bus->setClock(BUS_HZ);
}
