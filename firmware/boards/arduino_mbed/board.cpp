/* A board with an nRF52840 and the Arduino core on Mbed OS. What is here needs that core; how the
 * sensors are driven is in firmware/lib/imu and firmware/lib/environment, and what is one board's
 * own in its folder. */
#include <Arduino.h>
#include <cmsis_os2.h>
#include <nrf.h>
#include <string.h>

#include "arduino_board.h"
#include "board_time.h"
#include "flash_store.h"
#include "hang_guard.h"
#include "sensor_bus.h"
#include "usb_port.h"

extern "C" {
#include "board.h"
#include "environment.h"
#include "imu.h"
}

namespace {

const uint32_t STREAM_MILLIHZ = 119000; /* of all these boards, so that their recordings mix */
const uint32_t WRITE_LIMIT_US = 50000;

imu_t imu;
environment_t environment;
transmitter_t transmitter;

void publish_sensor() {
  board.imu = imu.part->driver->name;
  board.revision = imu.part->revision;
  board.sensor_millihz = imu.part->driver->rate_millihz;
  board.stream_millihz = STREAM_MILLIHZ;
}

bool find_environment() {
  const bool is_found = environment_find(&environment);
  if (is_found) board.environment = environment.name;
  return is_found;
}

void start_cycle_counter() {
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->CYCCNT = 0;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

/* Off at a reset (nRF52840 Product Specification, NVMC), and Mbed OS leaves it so. */
void start_instruction_cache() { NRF_NVMC->ICACHECNF = NVMC_ICACHECNF_CACHEEN_Enabled; }

bool begin() {
  hang_guard_begin(); /* what follows takes 1.3 s at most */
  start_instruction_cache();
  board.store_pages = flash_store_pages();
  transmitter_begin(&transmitter, &USB_PORT, WRITE_LIMIT_US);
  start_cycle_counter();
  if (ARDUINO_BOARD.power_sensors != nullptr) ARDUINO_BOARD.power_sensors();
  sensor_bus_begin();
  const bool has_started = imu_begin(&imu, &SENSOR_BUS, ARDUINO_BOARD.imu_parts,
                                     ARDUINO_BOARD.imu_part_count, ARDUINO_BOARD.imu_firmware);
  if (imu.part != nullptr) publish_sensor();
  environment_begin(&environment, &SENSOR_BUS);
  find_environment();
  return has_started;
}

sample_status_t read_sample(sample_t *out) {
  const imu_part_t *known = imu.part;
  const sample_status_t status = imu_read(&imu, out);
  if (imu.part != known) publish_sensor();
  return status;
}

uint32_t overruns() { return imu.lost; }

void measure() { environment_measure(&environment); }

reading_status_t read_environment(reading_t *out) { return environment_read(&environment, out); }

uint32_t ticks() { return DWT->CYCCNT; }

bool write(const char *text, size_t length) {
  return transmitter_write(&transmitter, text, length);
}

void idle() {
  transmitter_poll(&transmitter);
  delay(1);
}

uint32_t stack_unused() { return osThreadGetStackSpace(osThreadGetId()); }

bool read_image(uint32_t offset, void *bytes, size_t count) {
  const uint32_t room = ARDUINO_BOARD.image_room_bytes;
  if (offset > room || count > room - offset) return false;
  memcpy(bytes, reinterpret_cast<const void *>(ARDUINO_BOARD.image_address + offset), count);
  return true;
}

void reboot() {
  usb_port_flush();
  NVIC_SystemReset();
}

}  // namespace

board_t board = {ARDUINO_BOARD.name,
                 "none",
                 "none",
                 "unknown",
                 64000000,
                 0,
                 0,
                 0,
                 begin,
                 read_sample,
                 overruns,
                 find_environment,
                 measure,
                 read_environment,
                 board_now_us,
                 ticks,
                 write,
                 usb_port_read,
                 idle,
                 hang_guard_feed,
                 hang_guard_reason,
                 stack_unused,
                 read_image,
                 flash_store_page,
                 flash_store_erase,
                 flash_store_write,
                 reboot};
