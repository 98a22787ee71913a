#include "nn_quads.h"

#ifdef NN_DSP

/* r12 inputs 0 and 2, lr inputs 1 and 3, r4-r7 weights of two outputs each; r8 and r10 sum
 * even + 256 * odd, r9 and r11 even alone: 16 instructions for 16 multiplications. The larger sums
 * may wrap around, their differences do not. */
#define LOAD_QUAD                 \
  "ldr r12, [r0], #4\n"           \
  "ldmia r1!, {r4, r5, r6, r7}\n" \
  "sxtb16 lr, r12, ror #8\n"      \
  "sxtb16 r12, r12\n"

#define MULTIPLY_QUAD         \
  LOAD_QUAD                   \
  "smlad r8, r4, r12, r8\n"   \
  "sxtb16 r4, r4\n"           \
  "smlad r9, r4, r12, r9\n"   \
  "smlad r10, r6, r12, r10\n" \
  "sxtb16 r6, r6\n"           \
  "smlad r11, r6, r12, r11\n" MULTIPLY_ODD_INPUTS

#define MULTIPLY_FIRST_QUAD \
  LOAD_QUAD                 \
  "smuad r8, r4, r12\n"     \
  "sxtb16 r4, r4\n"         \
  "smuad r9, r4, r12\n"     \
  "smuad r10, r6, r12\n"    \
  "sxtb16 r6, r6\n"         \
  "smuad r11, r6, r12\n" MULTIPLY_ODD_INPUTS

#define MULTIPLY_ODD_INPUTS  \
  "smlad r8, r5, lr, r8\n"   \
  "sxtb16 r5, r5\n"          \
  "smlad r9, r5, lr, r9\n"   \
  "smlad r10, r7, lr, r10\n" \
  "sxtb16 r7, r7\n"          \
  "smlad r11, r7, lr, r11\n"

/* Inputs are loaded from any address, as in nn_pairs_dsp.c. The loop has four quads, and is entered
 * so that the first round does what would be left over. */
__attribute__((naked)) void nn_sum_quads(__attribute__((unused)) const int8_t *first,
                                         __attribute__((unused)) const int16_t *weights,
                                         __attribute__((unused)) int32_t more,
                                         __attribute__((unused)) int32_t sums[NN_BLOCK],
                                         __attribute__((unused)) const int8_t *rest) {
  __asm volatile("push {r4-r11, lr}\n" MULTIPLY_FIRST_QUAD
                 "ldr r0, [sp, #36]\n" /* rest */
                 "cmp r2, #0\n"
                 "beq.w 3f\n"
                 "adr.w r4, 2f\n"
                 "ands r5, r2, #3\n"
                 "it eq\n"
                 "moveq r5, #4\n"
                 "movs r6, #62\n" /* bytes of MULTIPLY_QUAD */
                 "mls r4, r5, r6, r4\n"
                 "orr r4, r4, #1\n"
                 "bx r4\n"
                 ".balign 4\n" /* of the function too, which adr relies on */
                 "1:\n"
                 ".rept 4\n" MULTIPLY_QUAD
                 ".endr\n"
                 "2:\n"
                 "subs r2, r2, #4\n"
                 "bgt 1b\n"
                 "3:\n"
                 "sub r8, r8, r9\n"
                 "sub r10, r10, r11\n"
                 "asr r5, r8, #8\n"
                 "asr r7, r10, #8\n"
                 "mov r4, r9\n"
                 "mov r6, r11\n"
                 "stmia r3!, {r4, r5, r6, r7}\n"
                 "pop {r4-r11, pc}\n");
}

#endif
