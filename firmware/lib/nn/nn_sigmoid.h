/* The activations of TensorFlow Lite Micro in int16: straight lines between the values of one
 * table. */
#ifndef NN_SIGMOID_H
#define NN_SIGMOID_H

#include "nn_arithmetic.h"

#define NN_SIGMOIDS_END 255
#define NN_SIGMOID_ONE 65536 /* of the table */

extern const uint16_t nn_sigmoids[NN_SIGMOIDS_END + 1];

/* Of a distance from 0, whose last `bits` are between two values of the table: in steps of
 * 2^-(16 + bits). */
static inline int32_t nn_between_sigmoids(int32_t distance, int32_t bits) {
  const int32_t at = distance >> bits;
  const int32_t part = distance & ((1 << bits) - 1);
  return (nn_sigmoids[at] << bits) + part * (nn_sigmoids[at + 1] - nn_sigmoids[at]);
}

/* Of a value in steps of which 2^17 are 32 / 3. */
static inline int32_t nn_sigmoid(int32_t value) {
  const int32_t distance = value < 0 ? -value : value;
  const int32_t up =
      distance >> 9 < NN_SIGMOIDS_END ? nn_between_sigmoids(distance, 9) : INT16_MAX << 10;
  return (value >= 0 ? up + (1 << 9) : (NN_SIGMOID_ONE << 9) - up + (1 << 9) - 1) >> 10;
}

/* tanh(x) is 2 * sigmoid(2 * x) - 1. */
static inline int32_t nn_hyperbolic_tangent(int32_t value) {
  const int32_t distance = value < 0 ? -value : value;
  const int32_t up = distance >> 8 < NN_SIGMOIDS_END ? nn_between_sigmoids(distance, 8)
                                                     : (NN_SIGMOID_ONE - 1) << 8;
  const int32_t centred = value >= 0 ? up - (NN_SIGMOID_ONE << 7) : (NN_SIGMOID_ONE << 7) - up - 1;
  return (centred + (1 << 7)) >> 8;
}

#endif
