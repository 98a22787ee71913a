#include "xiao_imu.h"

/* The axes are the part's own, as Seeed's library has them. */
const imu_part_t XIAO_IMU_PARTS[XIAO_IMU_PART_COUNT] = {
    {.driver = &LSM6DS3, .revision = "1", .mounting = {.axis = {{0, 1}, {1, 1}, {2, 1}}}},
};
