/* Arduino Nano 33 BLE Sense: revision 1 has an LSM9DS1, revision 2 a BMI270; found at run time. */
#include <Arduino.h>
#include <Arduino_BMI270_BMM150.h>
#include <Arduino_LSM9DS1.h>
#include <drivers/Watchdog.h>
#include <math.h>

extern "C" {
#include "board.h"
}

namespace {

const float LSM9DS1_RATE_HZ = 119.0f;
const float BMI270_RATE_HZ = 99.84f;
const uint32_t STOPPED_AFTER_US = 1000000;
const uint32_t WATCHDOG_MS = 2000;
const uint32_t WRITE_LIMIT_US = 50000;

enum Sensor { NO_SENSOR, LSM9DS1, BMI270 };

Sensor sensor = NO_SENSOR;
float period_us = 0;
uint32_t next_seq = 0;
uint64_t last_t_us = 0; /* of the newest sample, or of the start */
uint32_t lost = 0;
uint32_t reset_reason = 0;

uint64_t now_us() {
  static uint64_t total_us = 0;
  static uint32_t last_us = 0; /* micros() wraps after 71 minutes */
  const uint32_t us = micros();
  total_us += us - last_us;
  last_us = us;
  return total_us;
}

bool find_sensor() {
  if (IMU_LSM9DS1.begin()) {
    sensor = LSM9DS1;
    board.imu = "LSM9DS1";
    board.revision = "1";
    period_us = 1e6f / LSM9DS1_RATE_HZ;
  } else if (IMU_BMI270_BMM150.begin()) {
    sensor = BMI270;
    board.imu = "BMI270";
    board.revision = "2";
    period_us = 1e6f / BMI270_RATE_HZ;
  }
  return sensor != NO_SENSOR;
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
  mbed::Watchdog::get_instance().start(WATCHDOG_MS);
  last_t_us = now_us();
  return found;
}

template <typename Imu>
bool read_imu(Imu &imu, float value[SAMPLE_CHANNELS]) {
  return imu.accelerationAvailable() && imu.gyroscopeAvailable() &&
         imu.readAcceleration(value[0], value[1], value[2]) &&
         imu.readGyroscope(value[3], value[4], value[5]);
}

bool read_sensor(float value[SAMPLE_CHANNELS]) {
  switch (sensor) {
    case LSM9DS1:
      return read_imu(IMU_LSM9DS1, value);
    case BMI270:
      return read_imu(IMU_BMI270_BMM150, value);
    default:
      return false;
  }
}

/* The libraries hold one sample: those that went by unread are known by the time that passed. */
void count_lost(uint64_t t_us) {
  if (next_seq == 0) return;
  const uint32_t periods = static_cast<uint32_t>((t_us - last_t_us) / period_us + 0.5f);
  if (periods <= 1) return;
  lost += periods - 1;
  next_seq += periods - 1;
}

sample_status_t read_sample(sample_t *out) {
  float value[SAMPLE_CHANNELS];
  const uint64_t t_us = now_us();
  if (!read_sensor(value)) {
    const bool silent = sensor != NO_SENSOR && t_us - last_t_us > STOPPED_AFTER_US;
    return silent ? SAMPLE_STOPPED : SAMPLE_NONE;
  }
  count_lost(t_us);
  last_t_us = t_us;
  out->seq = next_seq++;
  out->t_us = t_us;
  for (int c = 0; c < SAMPLE_CHANNELS; c++) {
    out->value[c] = static_cast<int32_t>(lroundf(value[c] * 1000.0f));
  }
  return SAMPLE_READY;
}

uint32_t overruns() { return lost; }

uint32_t ticks() { return DWT->CYCCNT; }

/* A host that has stopped reading is waited for once, not once a line. */
void write(const char *text, size_t length) {
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

void reboot() { NVIC_SystemReset(); }

}  // namespace

board_t board = {
    "nano33ble", "none", "unknown", 64000000, begin,         read_sample,   overruns,     now_us,
    ticks,       write,  read_byte, idle,     feed_watchdog, restart_fault, stack_unused, reboot,
};
