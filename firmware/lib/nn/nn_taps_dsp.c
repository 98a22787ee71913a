#include "nn_taps.h"

#ifdef NN_DSP

/* r0 input, r1 weights, r2 rows left, r3 where the row's weights end, r4-r7 sums of a block, r8
 * column step, r9 offset: 11 instructions for 4 multiplications, in 42 bytes. Inputs are loaded
 * from any address, as in nn_pairs_dsp.c. */
#define MULTIPLY_TAP               \
  "ldr r10, [r0]\n"                \
  "ldr r11, [r1], #4\n"            \
  "add r0, r8\n"                   \
  "sxtab16 r12, r9, r10\n"         \
  "sxtab16 r10, r9, r10, ror #8\n" \
  "sxtb16 lr, r11\n"               \
  "sxtb16 r11, r11, ror #8\n"      \
  "smlabb r4, r12, lr, r4\n"       \
  "smlabb r5, r10, r11, r5\n"      \
  "smlatt r6, r12, lr, r6\n"       \
  "smlatt r7, r10, r11, r7\n"

/* A sum, doubled and rescaled as in nn_windows_dsp.c; r2 halves, r3 scales. */
#define RESCALE(sum, place)  \
  "ldmia r3!, {r10, r12}\n"  \
  "lsl r11, r2, r12\n"       \
  "add r11, r11, " #sum      \
  ", asr #31\n"              \
  "lsls " #sum               \
  ", #1\n"                   \
  "smmlar " #sum ", " #sum   \
  ", r10, r11\n"             \
  "asr " #sum ", " #sum      \
  ", r12\n"                  \
  "ssat " #sum ", #8, " #sum \
  ", asr #1\n"               \
  "strb " #sum ", " place "\n"
/* r0 output, r1 from one to the next. */
#define RESCALE_TWO(a, b) \
  RESCALE(a, "[r0]")      \
  RESCALE(b, "[r0, r1]")  \
  "add r0, r0, r1, lsl #1\n"

/* The argument's words are copied to the stack in their order, and change with the block. The loop
 * over a row is entered so that its first round does what would be left over. On the stack: 0
 * input, 4 weights of the block, 8 bias, 12 sums, 16 end of the bias, 28 bytes of a row's weights,
 * 32 row gap, 36 weights gap, 40 rows, 44 weights step, 48 entry, 52 scales, 56 output, 60 its
 * step, 64 halves of the scales. */
__attribute__((naked)) void nn_sum_taps(__attribute__((unused)) const nn_window_taps_t *taps) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #68\n"
      "ldmia r0!, {r1-r7}\n"
      "stmia.w sp, {r1-r7}\n"
      "mov r9, r6\n"                      /* offset */
      "mov r8, r7\n"                      /* column_step */
      "ldmia r0!, {r1, r3, r4, r5, r6}\n" /* columns and what follows */
      "mov lr, r0\n"
      "subs r0, r1, #1\n"
      "and r0, #3\n"
      "adds r0, #1\n"  /* taps in the first round: 1..4 */
      "movs r7, #42\n" /* bytes of MULTIPLY_TAP */
      "adr.w r10, 4f\n"
      "mls r7, r0, r7, r10\n"
      "orr r7, #1\n"
      "lsls r1, #2\n"
      "add r0, sp, #28\n"
      "stmia r0!, {r1, r3, r4, r5, r6, r7}\n"
      "ldmia.w lr, {r3, r4, r5, r6}\n" /* scales and what follows */
      "stmia r0!, {r3, r4, r5, r6}\n"
      "1:\n" /* a block */
      "ldmia.w sp, {r0, r1, r3}\n"
      "ldr r2, [sp, #40]\n"
      "ldmia r3!, {r4-r7}\n"
      "str r3, [sp, #8]\n"
      "2:\n" /* a row */
      "ldr r3, [sp, #28]\n"
      "add r3, r1\n"
      "ldr pc, [sp, #48]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      "3:\n"
      ".rept 4\n" MULTIPLY_TAP
      ".endr\n"
      "4:\n"
      "cmp r1, r3\n"
      "bne 3b\n"
      "subs r2, #1\n"
      "beq 5f\n"
      "ldrd r11, r12, [sp, #32]\n" /* gaps */
      "add r0, r11\n"
      "add r1, r12\n"
      "b 2b\n"
      "5:\n" /* a block ends */
      "ldr r3, [sp, #52]\n"
      "cmp r3, #0\n"
      "beq 7f\n"
      "ldrd r0, r1, [sp, #56]\n"
      "ldr r2, [sp, #64]\n" RESCALE_TWO(r4, r5) RESCALE_TWO(r6, r7)
      "strd r3, r0, [sp, #52]\n"
      "6:\n"
      "ldmia.w sp, {r0, r1, r2}\n"
      "ldr r3, [sp, #16]\n"  /* bias_end */
      "ldr r12, [sp, #44]\n" /* weights_step */
      "adds r0, #4\n"
      "add r1, r12\n"
      "strd r0, r1, [sp, #0]\n"
      "cmp r2, r3\n"
      "bne 1b\n"
      "add sp, #68\n"
      "pop {r4-r11, pc}\n"
      "7:\n"
      "ldr r2, [sp, #12]\n"
      "stmia r2!, {r4-r7}\n"
      "str r2, [sp, #12]\n"
      "b 6b\n");
}

#endif
