#include "nn_matrix.h"

#ifdef NN_DSP

/* r0 input, r1 weights, r2 r3 a quad, r4-r7 its weights in four rows, r8-r11 their sums, lr a row's
 * first and third weight: 18 instructions for 16 multiplications. */
#define MULTIPLY_ROW(begin, sum, weights)                                                       \
  "sxtb16 lr, " weights                                                                         \
  "\n"                                                                                          \
  "sxtb16 " weights ", " weights ", ror #8\n" begin(sum) "smlad " sum ", r3, " weights ", " sum \
                                                         "\n"

#define ADD_PAIR(sum) "smlad " sum ", r2, lr, " sum "\n"
#define BEGIN_WITH_PAIR(sum) "smuad " sum ", r2, lr\n"

#define MULTIPLY_QUAD(begin)                                                                      \
  "ldmia r0!, {r2, r3}\n"                                                                         \
  "ldmia r1!, {r4, r5, r6, r7}\n" MULTIPLY_ROW(begin, "r8", "r4") MULTIPLY_ROW(begin, "r9", "r5") \
      MULTIPLY_ROW(begin, "r10", "r6") MULTIPLY_ROW(begin, "r11", "r7")

NN_MULTIPLY(nn_multiply_compact, 1, MULTIPLY_QUAD(BEGIN_WITH_PAIR), MULTIPLY_QUAD(ADD_PAIR))

#endif
