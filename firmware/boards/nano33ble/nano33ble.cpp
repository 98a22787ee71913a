/* Arduino Nano 33 BLE Sense, both revisions: which of them it is is found at run time. */
#include <Arduino.h>
/* Bosch's library comes for one thing: the firmware that a BMI270 must be given at each start. */
#include <Arduino_BMI270_BMM150.h>

#include "arduino_board.h"

extern "C" {
#include "nano33ble_imu.h"

extern const uint8_t bmi270_config_file[];
}

const arduino_board_t ARDUINO_BOARD = {
    .name = "nano33ble",
    .bus = &Wire1,
    .sda_pin = 14,
    .scl_pin = 15,
    .imu_parts = NANO33BLE_IMU_PARTS,
    .imu_part_count = NANO33BLE_IMU_PART_COUNT,
    .imu_firmware = bmi270_config_file,
    .image_address = 0x10000,
    .image_room_bytes = 0xF0000,
    .power_sensors = nullptr,
};
