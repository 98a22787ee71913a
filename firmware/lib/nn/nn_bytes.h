/* Four bytes at a time, where it does not matter what they are of. */
#ifndef NN_BYTES_H
#define NN_BYTES_H

#include <string.h>

#include "nn_arithmetic.h"

/* The rest of a whole word comes with one that overlaps the word before. */
static inline void nn_copy_bytes(const int8_t *input, int32_t count, int8_t *output) {
  if (count < 4) {
    for (; count > 0; count--) {
      *output++ = *input++;
    }
    return;
  }
  const int8_t *const last = input + count - 4;
  int8_t *const last_output = output + count - 4;
  for (; input < last; input += 4, output += 4) {
    memcpy(output, input, 4);
  }
  memcpy(last_output, last, 4);
}

/* Four times the same byte. */
static inline uint32_t nn_four_bytes(int32_t value) { return (uint8_t)value * 0x01010101u; }

#ifdef NN_DSP
static inline int32_t nn_larger_four(int32_t a, int32_t b) {
  __asm(
      "ssub8 r12, %0, %1\n"
      "sel %0, %0, %1"
      : "+r"(a)
      : "r"(b)
      : "r12", "cc");
  return a;
}
#endif

static inline void nn_keep_larger_bytes(int8_t *best, const int8_t *values, int32_t count) {
#ifdef NN_DSP
  for (; count >= 4; count -= 4, best += 4, values += 4) {
    int32_t a, b;
    memcpy(&a, best, sizeof a);
    memcpy(&b, values, sizeof b);
    a = nn_larger_four(a, b);
    memcpy(best, &a, sizeof a);
  }
#endif
  for (; count > 0; count--, best++, values++) {
    *best = (int8_t)nn_max(*best, *values);
  }
}

void nn_clamp_bytes(int8_t *values, int32_t count, int32_t min, int32_t max);

#endif
