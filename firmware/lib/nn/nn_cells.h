/* What recurrent cells share. */
#ifndef NN_CELLS_H
#define NN_CELLS_H

#include <string.h>

#include "nn_arithmetic.h"
#include "nn_recurrent.h"

#define NN_TANH_BITS 10   /* of a gate, between two places of the table */
#define NN_TANH_REACH 256 /* places of the table to either side */
#define NN_ONE 32768      /* of an int16 */

/* tanh in steps of 1/32 from -8 to 8. */
extern const int16_t nn_tanh_table[2 * NN_TANH_REACH + 1];

/* output[i] = base[i] + what row i gives; base and output may be the same. */
typedef void nn_multiply_t(const nn_matrix_t *matrix, const nn_half_t *input, const int32_t *base,
                           int32_t *output);
nn_multiply_t nn_multiply, nn_multiply_compact;

/* A cell, made with each of the two: no call goes through a pointer, and an image has only what its
 * network calls. */
#define NN_CELL static inline __attribute__((always_inline)) void

/* A cell's input, widened to the begin of the scratch memory where it is int8; what is left of
 * that goes to `gates`. */
const nn_half_t *nn_take_input(const nn_cell_t *cell, const int8_t *input, int32_t *scratch,
                               int32_t **gates);

/* All gates, before their activation. */
static inline void nn_sum_gates(const nn_cell_t *cell, const nn_half_t *x, const nn_half_t *h,
                                int32_t *gates, nn_multiply_t *multiply) {
  multiply(&cell->input, x, cell->bias, gates);
  multiply(&cell->recurrent, h, gates, gates);
}

/* The middle of nn_tanh_table, which compilers do not see through: it stays in a register. */
static inline const int16_t *nn_tanh_middle(void) {
  const int16_t *middle = nn_tanh_table + NN_TANH_REACH;
  __asm("" : "+r"(middle));
  return middle;
}

/* value * multiplier / 2^32 + added, to the nearest, ties upwards. */
static inline int32_t nn_multiply_add(int32_t value, int32_t multiplier, int32_t added) {
#ifdef NN_DSP
  __asm("smmlar %0, %1, %2, %0" : "+r"(added) : "r"(value), "r"(multiplier));
  return added;
#else
  return added + (int32_t)(((int64_t)value * multiplier + (1LL << 31)) >> 32);
#endif
}

/* Interpolated in the table, to the nearest, ties upwards. */
static inline int32_t nn_tanh(const int16_t *middle, int32_t value) {
  const int32_t one = 1 << NN_TANH_BITS;
#ifdef NN_DSP
  int32_t inside, sum, two;
  __asm("ssat %0, #19, %1" : "=r"(inside) : "r"(value));
  memcpy(&two, middle + (inside >> NN_TANH_BITS), sizeof two);
  const int32_t part = inside & (one - 1);
  const int32_t parts = (part << 16) + one - part;
  __asm("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(two), "r"(parts), "r"(one / 2));
  return sum >> NN_TANH_BITS;
#else
  const int32_t reach = NN_TANH_REACH * one;
  const int32_t inside = nn_min(nn_max(value, -reach), reach - 1);
  const int16_t *const place = middle + (inside >> NN_TANH_BITS);
  const int32_t part = inside & (one - 1);
  return (place[0] * (one - part) + place[1] * part + one / 2) >> NN_TANH_BITS;
#endif
}

/* value * sigmoid(x), from tanh(x / 2). */
static inline int32_t nn_gate(int32_t opened, int32_t value) {
  return ((opened + NN_ONE) * value + NN_ONE) >> 16;
}

#endif
