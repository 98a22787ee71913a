#include "nn_taps.h"

#ifdef NN_DSP

/* r0 input of the position, r1 of the tap, r2 r3 weights and their end, r4-r7 sums, r8 column step,
 * r9 r10 weights of a tap, r11 channels 0 and 2, r12 channels 1 and 3, lr where the sums go: 11
 * instructions for 4 multiplications. Inputs are loaded from any address, as in nn_pairs_dsp.c. The
 * argument's words are copied to the stack in their order. */
__attribute__((naked)) void nn_sum_taps(__attribute__((unused)) const nn_tap_row_t *row) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #36\n"
      "ldmia.w r0, {r0-r8}\n"
      "stmia.w sp, {r0-r8}\n"
      "mov lr, r6\n" /* sums */
      "mov r8, r1\n" /* column_step */
      "1:\n"
      "ldrd r2, r3, [sp, #8]\n"   /* weights, weights_end */
      "ldrd r1, r12, [sp, #16]\n" /* from, from_step */
      "ldmia.w r1, {r4-r7}\n"
      "add r1, r12\n"
      "str r1, [sp, #16]\n"
      "mov r1, r0\n"
      "2:\n"
      "ldr r12, [r1]\n"
      "ldmia.w r2!, {r9, r10}\n"
      "add r1, r8\n"
      "sxtb16 r11, r12\n"
      "sxtb16 r12, r12, ror #8\n"
      "smlabb r4, r11, r9, r4\n"
      "smlabb r5, r12, r10, r5\n"
      "smlatt r6, r11, r9, r6\n"
      "smlatt r7, r12, r10, r7\n"
      "cmp r2, r3\n"
      "bne 2b\n"
      "stmia.w lr!, {r4-r7}\n"
      "ldrd r11, r12, [sp, #28]\n" /* sums_end, step */
      "add r0, r12\n"
      "cmp lr, r11\n"
      "bne 1b\n"
      "add sp, #36\n"
      "pop {r4-r11, pc}\n");
}

#endif
