/* One value of a sample, from thousandths of its unit to the int8 that the network reads. */
#ifndef SCALE_H
#define SCALE_H

#include <stdint.h>

#include "model.h"

static inline int8_t scale_sample(int32_t thousandths, const model_scale_t *scale, uint8_t shift) {
  int64_t scaled = ((int64_t)thousandths * scale->multiplier + scale->offset) >> shift;
  if (scaled < INT8_MIN) return INT8_MIN;
  if (scaled > INT8_MAX) return INT8_MAX;
  return (int8_t)scaled;
}

#endif
