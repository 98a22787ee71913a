#include "nano33ble_imu.h"

/* The axes are those of Arduino's libraries, which revision 1 defines. */
const imu_part_t NANO33BLE_IMU_PARTS[NANO33BLE_IMU_PART_COUNT] = {
    {.driver = &LSM9DS1, .revision = "1", .mounting = {.axis = {{0, 1}, {1, 1}, {2, 1}}}},
    {.driver = &BMI270, .revision = "2", .mounting = {.axis = {{1, -1}, {0, -1}, {2, 1}}}},
};
