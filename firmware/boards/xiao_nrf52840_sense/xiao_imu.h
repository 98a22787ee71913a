/* The motion sensor of the XIAO nRF52840 Sense, and how it lies on it. */
#ifndef XIAO_IMU_H
#define XIAO_IMU_H

#include "imu.h"

#define XIAO_IMU_PART_COUNT 1

extern const imu_part_t XIAO_IMU_PARTS[XIAO_IMU_PART_COUNT];

#endif
