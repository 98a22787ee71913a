/* The motion sensors of the Nano 33 BLE Sense's two revisions, and how they lie on it. */
#ifndef NANO33BLE_IMU_H
#define NANO33BLE_IMU_H

#include "imu.h"

#define NANO33BLE_IMU_PART_COUNT 2

extern const imu_part_t NANO33BLE_IMU_PARTS[NANO33BLE_IMU_PART_COUNT];

#endif
