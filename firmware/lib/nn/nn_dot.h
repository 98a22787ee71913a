/* Products of bytes as they are stored, where weights cannot be paired. */
#ifndef NN_DOT_H
#define NN_DOT_H

#include <string.h>

#include "nn_arithmetic.h"

/* sum + weights[0..3] * values[0..3] */
static inline int32_t nn_dot_quad(int32_t sum, const int8_t *weights, const int8_t *values) {
#ifdef NN_DSP
  int32_t w, x, even_w, even_x;
  memcpy(&w, weights, sizeof w);
  memcpy(&x, values, sizeof x);
  __asm("sxtb16 %0, %1" : "=r"(even_w) : "r"(w));
  __asm("sxtb16 %0, %1" : "=r"(even_x) : "r"(x));
  __asm("sxtb16 %0, %0, ror #8" : "+r"(w));
  __asm("sxtb16 %0, %0, ror #8" : "+r"(x));
  __asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(even_w), "r"(even_x));
  __asm("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(w), "r"(x));
  return sum;
#else
  return sum + weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2] +
         weights[3] * values[3];
#endif
}

static inline int32_t nn_dot(int32_t sum, const int8_t *weights, const int8_t *values,
                             int32_t count) {
  for (; count >= 4; count -= 4, weights += 4, values += 4) {
    sum = nn_dot_quad(sum, weights, values);
  }
  for (; count > 0; count--) {
    sum += *weights++ * *values++;
  }
  return sum;
}

#endif
