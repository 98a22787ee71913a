/* Arduino Nano 33 BLE Sense, both revisions: sensors are found at run time on the inner I2C bus.
 * What is here needs the Arduino core; how the sensors are driven is in firmware/lib/imu and
 * firmware/lib/environment. */
#include <Arduino.h>
/* Bosch's library comes for one thing: the firmware that a BMI270 must be given at each start. */
#include <Arduino_BMI270_BMM150.h>
#include <Wire.h>
#include <drivers/Watchdog.h>
#include <string.h>

extern "C" {
#include "board.h"
#include "environment.h"
#include "imu.h"

extern const uint8_t bmi270_config_file[];
}

namespace {

const uint32_t STREAM_MHZ = 119000; /* of both revisions, so that their recordings mix */
const uint32_t BUS_HZ = 400000;
const uint32_t BUS_PULSE_US = 5;
const int BUS_PULSES = 9; /* the rest of any byte, and its acknowledgement */
const uint32_t WATCHDOG_MS = 2000;
const uint32_t WRITE_LIMIT_US = 50000;
const uintptr_t IMAGE_ADDRESS = 0x10000; /* after the bootloader */
const uint32_t IMAGE_ROOM_BYTES = 0xF0000;

imu_t imu;
environment_t environment;
uint32_t reset_reason = 0;

uint64_t now_us() {
  static uint64_t total_us = 0;
  static uint32_t last_us = 0; /* micros() wraps after 71 minutes */
  const uint32_t us = micros();
  total_us += us - last_us;
  last_us = us;
  return total_us;
}

bool bus_receive(uint8_t address, uint8_t *bytes, size_t count) {
  if (Wire1.requestFrom(address, count) != count) return false;
  for (size_t i = 0; i < count; i++) bytes[i] = static_cast<uint8_t>(Wire1.read());
  return true;
}

bool bus_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count) {
  Wire1.beginTransmission(address);
  Wire1.write(reg);
  return Wire1.endTransmission(false) == 0 && bus_receive(address, bytes, count);
}

bool bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count) {
  Wire1.beginTransmission(address);
  Wire1.write(reg);
  Wire1.write(bytes, count);
  return Wire1.endTransmission() == 0;
}

/* A part that was interrupted while it sends lets go of the data line once its byte is clocked
 * out. The lines are pulled up and only ever pulled down. */
void bus_recover() {
  Wire1.end();
  pinMode(PIN_WIRE_SDA1, INPUT_PULLUP);
  for (int i = 0; i < BUS_PULSES; i++) {
    pinMode(PIN_WIRE_SCL1, OUTPUT);
    digitalWrite(PIN_WIRE_SCL1, LOW);
    delayMicroseconds(BUS_PULSE_US);
    pinMode(PIN_WIRE_SCL1, INPUT_PULLUP);
    delayMicroseconds(BUS_PULSE_US);
  }
  Wire1.begin();
  Wire1.setClock(BUS_HZ);
}

void bus_wait_us(uint32_t us) { delay((us + 999) / 1000); }

const i2c_bus_t BUS = {bus_read, bus_write, bus_receive, bus_recover, now_us, bus_wait_us};

bool find_sensor() {
  const bool started = imu_begin(&imu, &BUS, bmi270_config_file);
  if (imu.driver != nullptr) {
    board.imu = imu.driver->name;
    board.revision = imu.driver->revision;
    board.sensor_mhz = imu.driver->rate_mhz;
    board.stream_mhz = STREAM_MHZ;
  }
  return started;
}

void start_cycle_counter() {
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->CYCCNT = 0;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

bool begin() {
  reset_reason = NRF_POWER->RESETREAS;
  NRF_POWER->RESETREAS = reset_reason; /* a one written clears its bit */
  Serial.begin(115200);
  start_cycle_counter();
  const bool found = find_sensor();
  if (environment_begin(&environment, &BUS)) board.environment = environment.name;
  mbed::Watchdog::get_instance().start(WATCHDOG_MS);
  return found;
}

sample_status_t read_sample(sample_t *out) { return imu_read(&imu, out); }

uint32_t overruns() { return imu.lost; }

void measure() { environment_measure(&environment); }

reading_status_t read_environment(reading_t *out) { return environment_read(&environment, out); }

uint32_t ticks() { return DWT->CYCCNT; }

/* A host that has stopped reading is waited for once, not once a line; on a battery there is none,
 * and nothing is waited for. */
bool write(const char *text, size_t length) {
  static bool host_reads = true;
  const uint32_t start_us = micros();
  const uint32_t limit_us = host_reads ? WRITE_LIMIT_US : 0;
  while (length > 0 && Serial.connected()) {
    uint32_t sent = 0;
    Serial.send_nb(reinterpret_cast<uint8_t *>(const_cast<char *>(text)), length, &sent);
    text += sent;
    length -= sent;
    if (sent == 0 && micros() - start_us >= limit_us) break;
  }
  host_reads = length == 0;
  return host_reads;
}

int read_byte() { return Serial.available() > 0 ? Serial.read() : -1; }

void idle() { delay(1); }

void feed_watchdog() { mbed::Watchdog::get_instance().kick(); }

const char *restart_fault() {
  if (reset_reason & POWER_RESETREAS_DOG_Msk) return "watchdog";
  if (reset_reason & POWER_RESETREAS_LOCKUP_Msk) return "lockup";
  return nullptr;
}

uint32_t stack_unused() { return 0; }

bool read_image(uint32_t offset, void *bytes, size_t count) {
  if (offset > IMAGE_ROOM_BYTES || count > IMAGE_ROOM_BYTES - offset) return false;
  memcpy(bytes, reinterpret_cast<const void *>(IMAGE_ADDRESS + offset), count);
  return true;
}

void reboot() { NVIC_SystemReset(); }

}  // namespace

board_t board = {"nano33ble",
                 "none",
                 "none",
                 "unknown",
                 64000000,
                 0,
                 0,
                 begin,
                 read_sample,
                 overruns,
                 measure,
                 read_environment,
                 now_us,
                 ticks,
                 write,
                 read_byte,
                 idle,
                 feed_watchdog,
                 restart_fault,
                 stack_unused,
                 read_image,
                 reboot};
