#include "nn_matrix.h"

#ifdef NN_DSP

/* r0 input, r1 weights, r2 r3 a quad, r4-r7 weights of four rows, r8-r11 their sums: 11
 * instructions for 16 multiplications. */
#define MULTIPLY_QUAD(first)            \
  "ldmia r0!, {r2, r3}\n"               \
  "ldmia r1!, {r4, r5, r6, r7}\n" first \
  "ldmia r1!, {r4, r5, r6, r7}\n"       \
  "smlad r8, r3, r4, r8\n"              \
  "smlad r9, r3, r5, r9\n"              \
  "smlad r10, r3, r6, r10\n"            \
  "smlad r11, r3, r7, r11\n"

#define ADD_WORD             \
  "smlad r8, r2, r4, r8\n"   \
  "smlad r9, r2, r5, r9\n"   \
  "smlad r10, r2, r6, r10\n" \
  "smlad r11, r2, r7, r11\n"

#define BEGIN_WITH_WORD \
  "smuad r8, r2, r4\n"  \
  "smuad r9, r2, r5\n"  \
  "smuad r10, r2, r6\n" \
  "smuad r11, r2, r7\n"

NN_MULTIPLY(nn_multiply, 0, MULTIPLY_QUAD(BEGIN_WITH_WORD), MULTIPLY_QUAD(ADD_WORD))

#endif
