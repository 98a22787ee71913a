#include "nn_threes.h"

#ifdef NN_DSP

/* r0 input, r1 output, r2 pitch, r3-r5 two neighbours of three rows, r6 and r7 sums of a pair,
 * r8-r10 the first two weights of each row, r11 r12 lr the last two. */
#define PAIR_OF_STRIDE_1     \
  "ldmia r0, {r3, r4, r5}\n" \
  "ldr r7, [sp, #12]\n"      \
  "add r0, r2\n"             \
  "smlad r6, r3, r8, r7\n"   \
  "smlatb r7, r3, r8, r7\n"  \
  "smlad r6, r4, r9, r6\n"   \
  "smlatb r7, r4, r9, r7\n"  \
  "smlad r6, r5, r10, r6\n"  \
  "smlatb r7, r5, r10, r7\n" \
  "ldmia r0, {r3, r4, r5}\n" \
  "smlabt r6, r3, r11, r6\n" \
  "smlad r7, r3, r11, r7\n"  \
  "smlabt r6, r4, r12, r6\n" \
  "smlad r7, r4, r12, r7\n"  \
  "smlabt r6, r5, lr, r6\n"  \
  "smlad r7, r5, lr, r7\n"

#define PAIR_OF_STRIDE_2     \
  "ldmia r0, {r3, r4, r5}\n" \
  "ldr r7, [sp, #12]\n"      \
  "add r0, r2\n"             \
  "smlad r6, r3, r8, r7\n"   \
  "smlad r6, r4, r9, r6\n"   \
  "smlad r6, r5, r10, r6\n"  \
  "ldmia r0, {r3, r4, r5}\n" \
  "add r0, r2\n"             \
  "smlad r7, r3, r8, r7\n"   \
  "smlabt r6, r3, r11, r6\n" \
  "smlad r7, r4, r9, r7\n"   \
  "smlabt r6, r4, r12, r6\n" \
  "smlad r7, r5, r10, r7\n"  \
  "smlabt r6, r5, lr, r6\n"  \
  "ldmia r0, {r3, r4, r5}\n" \
  "smlabt r7, r3, r11, r7\n" \
  "smlabt r7, r4, r12, r7\n" \
  "smlabt r7, r5, lr, r7\n"

#define RESCALE                \
  "ldmia.w sp, {r3, r4, r5}\n" \
  "smmulr r6, r6, r3\n"        \
  "smmulr r7, r7, r3\n"        \
  "add r6, r6, r6, asr #31\n"  \
  "add r7, r7, r7, asr #31\n"  \
  "add r6, r4\n"               \
  "add r7, r4\n"               \
  "asrs r6, r5\n"              \
  "asrs r7, r5\n"

/* The rounding of negative values is lost in -128. */
#define RESCALE_RELU           \
  "ldmia.w sp, {r3, r4, r5}\n" \
  "smmlar r6, r6, r3, r4\n"    \
  "smmlar r7, r7, r3, r4\n"    \
  "asrs r6, r5\n"              \
  "asrs r7, r5\n"

/* Of three weights of a row, the first two and the last two. */
#define WIDEN_ROW(row, first, last)    \
  "sxtb16 " #last ", " #row            \
  ", ror #8\n"                         \
  "sxtb16 " #row ", " #row             \
  "\n"                                 \
  "pkhbt " #first ", " #row ", " #last \
  ", lsl #16\n"                        \
  "pkhbt " #last ", " #last ", " #row "\n"

#define ROW(pair, rescale)   \
  "1:\n" pair rescale        \
  "ldrd r3, r4, [sp, #16]\n" \
  "ssat r6, #8, r6\n"        \
  "ssat r7, #8, r7\n"        \
  "cmp r0, r3\n"             \
  "strb r6, [r1]\n"          \
  "it ls\n"                  \
  "strbls r7, [r1, r4]\n"    \
  "add r1, r1, r4, lsl #1\n" \
  "blo 1b\n"                 \
  "b.w 9f\n"

/* The argument's words are copied to the stack in their order; `length` becomes the end of the
 * row, `last_row` its place. */
__attribute__((naked)) void nn_sum_threes(__attribute__((unused)) const nn_threes_t *threes) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #56\n"
      "ldmia r0!, {r1-r7}\n"
      "stmia.w sp, {r1-r7}\n"
      "adds r5, r7\n" /* length, input */
      "mov r8, r7\n"
      "str r5, [sp, #16]\n"
      "ldmia.w r0, {r1-r7}\n"
      "add r6, r8\n" /* last_row */
      "add r0, sp, #28\n"
      "stmia r0!, {r1-r7}\n"
      "mov r2, r4\n"              /* pitch */
      "ldr r3, [r5]\n" /* weights, from any address as in nn_pairs_dsp.c */
      "ldr r6, [r5, #3]\n"
      "ldr r7, [r5, #5]\n" /* so that no byte after them is read */
      "lsrs r7, #8\n"
      WIDEN_ROW(r3, r8, r11) WIDEN_ROW(r6, r9, r12) WIDEN_ROW(r7, r10, lr)
      "sadd16 r8, r8, r8\n" /* so that sums are doubled */
      "sadd16 r9, r9, r9\n"
      "sadd16 r10, r10, r10\n"
      "sadd16 r11, r11, r11\n"
      "sadd16 r12, r12, r12\n"
      "sadd16 lr, lr, lr\n"
      "ldrd r0, r1, [sp, #24]\n"
      "2:\n"
      "ldr r3, [sp, #52]\n" /* kind */
      "tbh [pc, r3, lsl #1]\n"
      "3:\n"
      ".hword (4f - 3b) / 2, (5f - 3b) / 2, (6f - 3b) / 2, (7f - 3b) / 2\n"
      "4:\n" ROW(PAIR_OF_STRIDE_1, RESCALE)
      "5:\n" ROW(PAIR_OF_STRIDE_1, RESCALE_RELU)
      "6:\n" ROW(PAIR_OF_STRIDE_2, RESCALE)
      "7:\n" ROW(PAIR_OF_STRIDE_2, RESCALE_RELU)
      "9:\n" /* a row ends */
      "ldrd r0, r1, [sp, #24]\n"
      "ldrd r3, r4, [sp, #32]\n"
      "ldr r5, [sp, #16]\n"
      "ldr r6, [sp, #48]\n"
      "add r0, r3\n"
      "add r1, r4\n"
      "add r5, r3\n"
      "strd r0, r1, [sp, #24]\n"
      "str r5, [sp, #16]\n"
      "cmp r0, r6\n"
      "bls.w 2b\n"
      "add sp, #56\n"
      "pop {r4-r11, pc}\n");
}

#endif
