#include "nn_cells.h"

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

/* On the stack: 0 input, 4 quads, 8 multipliers, 12 base, 16 output, 20 end of the
 * weights, 24 shift. */
__attribute__((naked)) void nn_multiply_compact(__attribute__((unused)) const nn_matrix_t *matrix,
                                                __attribute__((unused)) const nn_half_t *input,
                                                __attribute__((unused)) const int32_t *base,
                                                __attribute__((unused)) int32_t *output) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #28\n"
      "ldmia r0, {r4, r5, r6, r7, r8}\n"
      "mul r7, r6, r7\n"
      "add r7, r4, r7, lsl #4\n" /* bytes of a quad's weights: 16 */
      "strd r1, r6, [sp, #0]\n"
      "strd r5, r2, [sp, #8]\n"
      "strd r3, r7, [sp, #16]\n"
      "str r8, [sp, #24]\n"
      "mov r1, r4\n"
      "1:\n"
      "ldrd r0, r12, [sp, #0]\n"
      MULTIPLY_QUAD(BEGIN_WITH_PAIR)
      "subs r12, #1\n"
      "beq 3f\n"
      "2:\n"
      MULTIPLY_QUAD(ADD_PAIR)
      "subs r12, #1\n"
      "bne 2b\n"
      "3:\n"
      "ldr r12, [sp, #24]\n"
      "ldrd r2, r3, [sp, #8]\n"
      "lsl r8, r8, r12\n"
      "lsl r9, r9, r12\n"
      "lsl r10, r10, r12\n"
      "lsl r11, r11, r12\n"
      "ldmia r2!, {r4, r5, r6, r7}\n"
      "str r2, [sp, #8]\n"
      "ldmia.w r3!, {r0, r2, r12, lr}\n"
      "str r3, [sp, #12]\n"
      "smmlar r8, r8, r4, r0\n"
      "smmlar r9, r9, r5, r2\n"
      "smmlar r10, r10, r6, r12\n"
      "smmlar r11, r11, r7, lr\n"
      "ldrd r2, r3, [sp, #16]\n"
      "stmia r2!, {r8-r11}\n"
      "str r2, [sp, #16]\n"
      "cmp r1, r3\n"
      "bne 1b\n"
      "add sp, #28\n"
      "pop {r4-r11, pc}\n");
}

#endif
