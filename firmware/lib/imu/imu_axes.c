#include "imu_axes.h"

#define AXES 3

/* At most 32768 * 15625 fits. */
static int32_t scaled(int32_t count, int32_t numerator, int32_t denominator) {
  const int32_t product = count * numerator;
  const int32_t half = denominator / 2;
  return (product >= 0 ? product + half : product - half) / denominator;
}

void imu_axes_apply(const imu_scale_t *scale, const imu_mounting_t *mounting,
                    const int16_t frame[IMU_AXES], int32_t value[SAMPLE_CHANNELS]) {
  for (int c = 0; c < AXES; c++) {
    const int from = mounting->axis[c].from;
    const int32_t sign = mounting->axis[c].sign;
    value[c] =
        scaled(sign * frame[from], scale->acceleration_numerator, scale->acceleration_denominator);
    value[AXES + c] =
        scaled(sign * frame[AXES + from], scale->rotation_numerator, scale->rotation_denominator);
  }
}
