#include "nn_cells.h"

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

/* On the stack: 0 input, 4 quads, 8 multipliers, 12 base, 16 output, 20 end of the
 * weights. */
__attribute__((naked)) void nn_multiply(__attribute__((unused)) const nn_matrix_t *matrix,
                                        __attribute__((unused)) const nn_half_t *input,
                                        __attribute__((unused)) const int32_t *base,
                                        __attribute__((unused)) int32_t *output) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #28\n"
      "ldmia r0, {r4, r5, r6, r7}\n"
      "mul r7, r6, r7\n"
      "add r7, r4, r7, lsl #5\n" /* bytes of a quad's weights: 32 */
      "strd r1, r6, [sp, #0]\n"
      "strd r5, r2, [sp, #8]\n"
      "strd r3, r7, [sp, #16]\n"
      "mov r1, r4\n"
      "1:\n"
      "ldrd r0, r12, [sp, #0]\n"
      MULTIPLY_QUAD(BEGIN_WITH_WORD)
      "subs r12, #1\n"
      "beq 3f\n"
      "2:\n"
      MULTIPLY_QUAD(ADD_WORD)
      "subs r12, #1\n"
      "bne 2b\n"
      "3:\n"
      "ldrd r2, r3, [sp, #8]\n"
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
