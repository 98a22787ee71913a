#include "power.h"

#define LN2 744261118u /* in 2^-POWER_BITS */
#define TERMS 10u      /* of the series: what is left out is less than 2^-30 */
#define ROOT_BITS 32

/* 1 - y (1 - y/2 (1 - y/3 ...)) with y = fraction * ln 2. */
uint32_t power_of_half(uint32_t fraction) {
  const uint32_t one = 1u << POWER_BITS;
  const uint32_t y = (uint32_t)((uint64_t)fraction * LN2 >> POWER_FRACTION_BITS);
  uint32_t series = one;
  for (uint32_t term = TERMS; term > 0; term--) {
    series = one - (uint32_t)((uint64_t)y * series >> POWER_BITS) / term;
  }
  return series;
}

/* A bit after the other, from the highest on. */
uint32_t power_root(uint64_t square) {
  uint64_t root = 0;
  for (int bit = ROOT_BITS - 1; bit >= 0; bit--) {
    const uint64_t larger = root | (uint64_t)1 << bit;
    if (larger * larger <= square) root = larger;
  }
  return (uint32_t)root;
}
