/* From a sensor's own counts, axes and signs to those of a sample: the table of docs/sensors.md. */
#ifndef IMU_AXES_H
#define IMU_AXES_H

#include <stdint.h>

#include "sample.h"

#define IMU_AXES SAMPLE_CHANNELS

/* sample[c] = sign * frame[from] * numerator / denominator, in thousandths, rounded. */
typedef struct {
  struct {
    uint8_t from;
    int8_t sign;
  } axis[IMU_AXES];
  int32_t acceleration_numerator, acceleration_denominator;
  int32_t rotation_numerator, rotation_denominator;
} imu_axes_t;

void imu_axes_apply(const imu_axes_t *axes, const int16_t frame[IMU_AXES],
                    int32_t value[SAMPLE_CHANNELS]);

#endif
