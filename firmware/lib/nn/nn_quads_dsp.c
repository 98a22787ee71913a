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

/* r0 input, r1 weights, r2 quads left, r4 both, r5 even alone, r6 inputs 0 and 2, r7 inputs 1 and
 * 3, r8 r9 weights: 12 instructions for 8 multiplications. */
__attribute__((naked)) void nn_sum_quads_of_pair(__attribute__((unused)) const int8_t *first,
                                                 __attribute__((unused)) const int16_t *weights,
                                                 __attribute__((unused)) int32_t more,
                                                 __attribute__((unused)) int32_t sums[2],
                                                 __attribute__((unused)) const int8_t *rest) {
  __asm volatile(
      "push {r4-r9}\n"
      "ldr r6, [r0]\n"
      "ldr r0, [sp, #24]\n" /* rest */
      "movs r4, #0\n"
      "movs r5, #0\n"
      "b 2f\n"
      "1:\n"
      "ldr r6, [r0], #4\n"
      "2:\n"
      "ldmia r1!, {r8, r9}\n"
      "sxtb16 r7, r6, ror #8\n"
      "sxtb16 r6, r6\n"
      "smlad r4, r8, r6, r4\n"
      "sxtb16 r8, r8\n"
      "smlad r5, r8, r6, r5\n"
      "smlad r4, r9, r7, r4\n"
      "sxtb16 r9, r9\n"
      "smlad r5, r9, r7, r5\n"
      "subs r2, #1\n"
      "bpl 1b\n"
      "subs r4, r4, r5\n"
      "asrs r4, r4, #8\n"
      "strd r5, r4, [r3]\n"
      "pop {r4-r9}\n"
      "bx lr\n");
}

/* Twice the sums of two outputs; bias in two registers. */
#define TAKE_APART(both, even, bias_even, bias_odd) \
  "sub " both ", " both ", " even                   \
  "\n"                                              \
  "add " even ", " bias_even ", " even              \
  ", lsl #1\n"                                      \
  "add " both ", " bias_odd ", " both ", asr #7\n"

/* As in nn_windows_dsp.c, with the scale in r4-r6. */
#define RESCALE(sum)          \
  "ldmia r0!, {r4, r5, r6}\n" \
  "add r7, r5, " sum          \
  ", asr #31\n"               \
  "smmlar " sum ", " sum      \
  ", r4, r7\n"                \
  "asr " sum ", " sum         \
  ", r6\n"                    \
  "ssat " sum ", #8, " sum    \
  "\n"                        \
  "strb " sum ", [r2], #1\n"

/* The argument's words are copied to the stack in their order; 36: where the loop over the quads is
 * entered. r1 and r3 go through all weights and
 * biases. */
__attribute__((naked)) void nn_sum_dense(__attribute__((unused)) const nn_dense_t *dense) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #44\n"
      "ldmia.w r0, {r1-r9}\n"
      "stmia.w sp, {r1-r9}\n"
      "mov r1, r2\n"
      "cbz r3, 1f\n"
      "subs r3, #1\n"
      "and r3, #3\n"
      "adds r3, #1\n" /* quads of the first round: 1..4 */
      "1:\n"
      "movs r2, #62\n" /* bytes of MULTIPLY_QUAD */
      "adr.w r4, 4f\n"
      "mls r4, r3, r2, r4\n"
      "orr r4, #1\n"
      "str r4, [sp, #36]\n"
      "ldr r3, [sp, #16]\n" /* bias */
      "2:\n"
      "ldr r0, [sp]\n" MULTIPLY_FIRST_QUAD
      "ldrd r2, r0, [sp, #8]\n" /* more, rest */
      "ldr pc, [sp, #36]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      "3:\n"
      ".rept 4\n" MULTIPLY_QUAD
      ".endr\n"
      "4:\n"
      "subs r2, r2, #4\n"
      "bgt 3b\n"
      "ldmia r3!, {r4, r5, r6, r7}\n"
      TAKE_APART("r8", "r9", "r4", "r5")
      TAKE_APART("r10", "r11", "r6", "r7")
      "ldrd r0, r2, [sp, #20]\n" /* scales, output */
      RESCALE("r9")
      RESCALE("r8")
      RESCALE("r11")
      RESCALE("r10")
      "ldrd r4, r5, [sp, #28]\n" /* output_end, scales_back */
      "subs r0, r0, r5\n"
      "strd r0, r2, [sp, #20]\n"
      "cmp r2, r4\n"
      "bne.w 2b\n"
      "add sp, #44\n"
      "pop {r4-r11, pc}\n");
}

#endif
