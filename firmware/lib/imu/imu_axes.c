#include "imu_axes.h"

#define FIRST_ROTATION 3

/* Halves go away from zero. At most 32768 * 15625 fits. */
static int32_t scaled(int32_t count, int32_t numerator, int32_t denominator) {
  const int32_t product = count * numerator;
  const int32_t half = denominator / 2;
  return (product >= 0 ? product + half : product - half) / denominator;
}

void imu_axes_apply(const imu_axes_t *axes, const int16_t frame[IMU_AXES],
                    int32_t value[SAMPLE_CHANNELS]) {
  for (int c = 0; c < SAMPLE_CHANNELS; c++) {
    const int32_t count = axes->axis[c].sign * frame[axes->axis[c].from];
    value[c] = c < FIRST_ROTATION
                   ? scaled(count, axes->acceleration_numerator, axes->acceleration_denominator)
                   : scaled(count, axes->rotation_numerator, axes->rotation_denominator);
  }
}
