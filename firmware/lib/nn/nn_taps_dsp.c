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

/* A sum, doubled and rescaled as in nn_windows_dsp.c; r2 scales, lr halves. */
#define RESCALE(sum, place)  \
  "ldmia r2!, {r10, r12}\n"  \
  "lsl r11, lr, r12\n"       \
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
/* r3 output, r8 from one to the next. */
#define RESCALE_TWO(a, b) \
  RESCALE(a, "[r3]")      \
  RESCALE(b, "[r3, r8]")  \
  "add r3, r3, r8, lsl #1\n"

/* The argument's words up to the input are copied to the stack in their order; scales, output and
 * bias change with the block. The loop over a row is entered so that its first round does what
 * would be left over. On the stack: 0 scales, 4 output, 8 its step, 12 halves, 16 bias, 20 its end,
 * 24 gaps between blocks, 32 column step, 36 rows, 40 bytes of a row's weights, 44 gaps between
 * rows, 52 entry, 56 what comes after a row, 60 after a block's last row. */
__attribute__((naked)) void nn_sum_taps(__attribute__((unused)) const nn_window_taps_t *taps) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #64\n"
      "ldmia.w r0!, {r1-r12, lr}\n"
      "stmia.w sp, {r1-r12, lr}\n"
      "mov r8, r9\n" /* column_step */
      "lsrs r2, r11, #2\n"
      "subs r2, #1\n"
      "it cs\n"
      "andcs r2, #3\n"
      "adds r2, #1\n"  /* taps in the first round: 1..4, or none */
      "movs r3, #42\n" /* bytes of MULTIPLY_TAP */
      "adr.w r4, 4f\n"
      "mls r2, r2, r3, r4\n"
      "adr.w r4, 6f\n"
      "cmp r1, #0\n"
      "it eq\n"
      "addeq r4, #(8f - 6f)\n"
      "adr.w r3, 5f\n"
      "cmp r10, #1\n"
      "it eq\n"
      "moveq r3, r4\n"
      "add r7, sp, #52\n"
      "orr r2, #1\n"
      "orr r3, #1\n"
      "orr r4, #1\n"
      "stmia r7!, {r2-r4}\n"
      "ldmia.w r0, {r0, r1, r9}\n" /* input and what follows */
      "ldr r2, [sp, #16]\n"
      "1:\n" /* a block */
      "ldmia r2!, {r4-r7}\n"
      "str r2, [sp, #16]\n"
      "ldrd r2, r3, [sp, #36]\n"
      "2:\n" /* a row */
      "add r3, r1\n"
      "ldr pc, [sp, #52]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      "3:\n"
      ".rept 4\n" MULTIPLY_TAP
      ".endr\n"
      "4:\n"
      "cmp r1, r3\n"
      "bne 3b\n"
      "ldr pc, [sp, #56]\n"
      "5:\n" /* one of several rows ends */
      "subs r2, #1\n"
      "beq 9f\n"
      "ldrd r3, r12, [sp, #44]\n"
      "add r0, r3\n"
      "add r1, r12\n"
      "ldr r3, [sp, #40]\n"
      "b 2b\n"
      "6:\n" /* a block ends */
      "ldmia.w sp, {r2, r3, r8, lr}\n" RESCALE_TWO(r4, r5) RESCALE_TWO(r6, r7)
      "strd r2, r3, [sp, #0]\n"
      "7:\n"
      "ldr r8, [sp, #32]\n"
      "ldrd r10, r11, [sp, #24]\n"
      "ldrd r2, r3, [sp, #16]\n"
      "add r0, r10\n"
      "add r1, r11\n"
      "cmp r2, r3\n"
      "bne 1b\n"
      "add sp, #64\n"
      "pop {r4-r11, pc}\n"
      "8:\n" /* its sums are kept */
      "ldr r3, [sp, #4]\n"
      "stmia r3!, {r4-r7}\n"
      "str r3, [sp, #4]\n"
      "b 7b\n"
      "9:\n"
      "ldr pc, [sp, #60]\n");
}

#endif
