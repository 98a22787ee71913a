#include "nn_planes.h"

#ifdef NN_DSP

/* Channels 0 and 2 of a neighbour are in `even`, 1 and 3 in `odd`; r4 `plane`. */
#define STORE_HALVES(even, odd, at) \
  "strh " #even ", [r9, #" #at      \
  "]\n"                             \
  "strh " #odd ", [r10, #" #at      \
  "]\n"                             \
  "add r11, r9, r4, lsl #1\n"       \
  "lsrs " #even ", " #even          \
  ", #16\n"                         \
  "strh " #even ", [r11, #" #at     \
  "]\n"                             \
  "add r11, r10, r4, lsl #1\n"      \
  "lsrs " #odd ", " #odd            \
  ", #16\n"                         \
  "strh " #odd ", [r11, #" #at "]\n"

/* r0 argument, r1 `output`, r2 input of the row, r3 pitch, r4 plane, r5 step, r6 and r7 two
 * neighbours, r8 input, r9 r10 output of channels 0 and 1, r12 lr neighbours, count: 19
 * instructions for 8 bytes. Inputs are loaded from any address, as in nn_pairs_dsp.c. */
__attribute__((naked)) void nn_part_channels(__attribute__((unused)) const nn_planes_t *planes) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #4\n"
      "ldmia.w r0, {r3-r5}\n"
      "ldr r2, [r0, #20]\n" /* input */
      "ldr r1, [r0, #28]\n" /* output */
      "1:\n"
      "str r2, [sp]\n"
      "mov r8, r2\n"
      "mov r9, r1\n"
      "add r10, r9, r4\n"
      "ldrd r6, lr, [r0, #12]\n" /* lead, count */
      "cbz r6, 2f\n"
      "ldr r6, [r8]\n"
      "add r8, r5\n"
      "sxtb16 r7, r6, ror #8\n"
      "sxtb16 r6, r6\n" STORE_HALVES(r6, r7, 2)
      "add r9, r3\n"
      "add r10, r3\n"
      "2:\n"
      "subs lr, #2\n"
      "bmi 4f\n"
      "3:\n"
      "ldr r6, [r8]\n"
      "ldr r7, [r8, r5]\n"
      "add r8, r8, r5, lsl #1\n"
      "sxtb16 r11, r6\n"
      "sxtb16 r12, r7\n"
      "sxtb16 r6, r6, ror #8\n"
      "sxtb16 r7, r7, ror #8\n"
      "subs lr, #2\n"
      "pkhtb r2, r12, r11, asr #16\n"
      "pkhbt r11, r11, r12, lsl #16\n"
      "pkhtb r12, r7, r6, asr #16\n"
      "pkhbt r6, r6, r7, lsl #16\n"
      "str r2, [r9, r4, lsl #1]\n"
      "str r11, [r9]\n"
      "str r12, [r10, r4, lsl #1]\n"
      "str r6, [r10]\n"
      "add r9, r3\n"
      "add r10, r3\n"
      "bpl 3b\n"
      "4:\n"
      "lsls lr, lr, #31\n" /* -1 where one is left */
      "beq 5f\n"
      "ldr r6, [r8]\n"
      "sxtb16 r7, r6, ror #8\n"
      "sxtb16 r6, r6\n" STORE_HALVES(r6, r7, 0)
      "5:\n"
      "ldr r2, [sp]\n"
      "ldr r6, [r0, #24]\n" /* row_step */
      "ldr r7, [r0, #32]\n" /* end */
      "add r2, r6\n"
      "adds r1, #4\n"
      "cmp r1, r7\n"
      "bne 1b\n"
      "add sp, #4\n"
      "pop {r4-r11, pc}\n");
}

#endif
