/* From a sensor's own counts and axes to those of a sample: the tables of docs/sensors.md. */
#ifndef IMU_AXES_H
#define IMU_AXES_H

#include <stdint.h>

#include "sample.h"

#define IMU_AXES SAMPLE_CHANNELS

/* Thousandths of g and of deg/s a count, as fractions. */
typedef struct {
  int32_t acceleration_numerator, acceleration_denominator;
  int32_t rotation_numerator, rotation_denominator;
} imu_scale_t;

/* How a sensor lies on its board: the board's axis c is the sensor's axis from, times sign. */
typedef struct {
  struct {
    uint8_t from; /* 0 to 2: x, y, z */
    int8_t sign;
  } axis[3];
} imu_mounting_t;

/* frame: counts, ax ay az gx gy gz on the sensor's axes; value: thousandths, rounded, halves away
 * from zero. */
void imu_axes_apply(const imu_scale_t *scale, const imu_mounting_t *mounting,
                    const int16_t frame[IMU_AXES], int32_t value[SAMPLE_CHANNELS]);

#endif
