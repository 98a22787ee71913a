/* Seeed XIAO nRF52840 Sense, with Seeed's Arduino core on Mbed OS (pins of its variant 2.9.2). */
#include <Arduino.h>
#include <nrf.h>

#include "arduino_board.h"

extern "C" {
#include "xiao_imu.h"
}

namespace {

const uint32_t POWER_PIN = 8; /* P1.08 feeds the sensor: it needs the strong driver */
const uint32_t POWER_CNF = GPIO_PIN_CNF_DIR_Output << GPIO_PIN_CNF_DIR_Pos |
                           GPIO_PIN_CNF_DRIVE_H0H1 << GPIO_PIN_CNF_DRIVE_Pos;
const unsigned long POWER_UP_MS = 37; /* booting takes 35 ms; delay(n) sleeps n - 1 ms at least */

void power_sensors() {
  NRF_P1->OUTSET = 1u << POWER_PIN;
  NRF_P1->PIN_CNF[POWER_PIN] = POWER_CNF;
  delay(POWER_UP_MS);
}

}  // namespace

const arduino_board_t ARDUINO_BOARD = {
    .name = "xiao_nrf52840_sense",
    .bus = &Wire1,
    .sda_pin = 7,
    .scl_pin = 27,
    .imu_parts = XIAO_IMU_PARTS,
    .imu_part_count = XIAO_IMU_PART_COUNT,
    .imu_firmware = nullptr,
    .image_address = 0x27000, /* after the bootloader's first part and room for a SoftDevice */
    .image_room_bytes = 0xC6000,
    .power_sensors = power_sensors,
};
