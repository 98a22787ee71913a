#include "nn_pairs.h"

#ifdef NN_DSP

/* Written as whole functions in assembly, because eight sums, two pointers and four operands are
 * all the registers there are, and compilers spill some of them.
 *
 * r0 input, r1 weights, r2 r3 two elements of a and of b, r4 r5 weights of two channels, r6-r9 sums
 * of a, r10-r12 lr sums of b: 11 instructions for 16 multiplications, in 38 bytes. */
#define MULTIPLY_PAIR        \
  "ldmia r0!, {r2, r3}\n"    \
  "ldmia r1!, {r4, r5}\n"    \
  "smlad r6, r2, r4, r6\n"   \
  "smlad r10, r3, r4, r10\n" \
  "smlad r7, r2, r5, r7\n"   \
  "smlad r11, r3, r5, r11\n" \
  "ldmia r1!, {r4, r5}\n"    \
  "smlad r8, r2, r4, r8\n"   \
  "smlad r12, r3, r4, r12\n" \
  "smlad r9, r2, r5, r9\n"   \
  "smlad lr, r3, r5, lr\n"

/* The first pair: r10-r12 and lr hold the bias. */
#define MULTIPLY_FIRST_PAIR  \
  "ldmia r0!, {r2, r3}\n"    \
  "ldmia r1!, {r4, r5}\n"    \
  "smlad r6, r2, r4, r10\n"  \
  "smlad r10, r3, r4, r10\n" \
  "smlad r7, r2, r5, r11\n"  \
  "smlad r11, r3, r5, r11\n" \
  "ldmia r1!, {r4, r5}\n"    \
  "smlad r8, r2, r4, r12\n"  \
  "smlad r12, r3, r4, r12\n" \
  "smlad r9, r2, r5, lr\n"   \
  "smlad lr, r3, r5, lr\n"

/* The larger of two sums, rescaled: multiply and round, shift, clamp to int8. */
#define RESCALE(a, b)         \
  "cmp " #a ", " #b           \
  "\n"                        \
  "it lt\n"                   \
  "movlt " #a ", " #b         \
  "\n"                        \
  "ldmia r3!, {r1, r2, r4}\n" \
  "smmlar " #a ", " #a        \
  ", r1, r2\n"                \
  "asr " #a ", " #a           \
  ", r4\n"                    \
  "ssat " #a ", #8, " #a "\n"

/* The argument's words are copied to the stack in their order, so that two of them that are needed
 * together come with one load. The loop over the taps is entered in the middle, where `steps` is
 * not one more than a multiple of seven; this place takes that of `steps`. */
__attribute__((naked)) void nn_sum_pairs(__attribute__((unused)) const nn_pairs_t *pairs) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #40\n"
      "ldmia.w r0, {r1-r10}\n"
      "stmia.w sp, {r1-r10}\n"
      "mov r0, r1\n"
      "lsls r3, r8, #2\n"
      "str r3, [sp, #28]\n" /* next, in bytes */
      "subs r1, r10, #1\n"  /* pairs of taps in the loop */
      "beq 1f\n"
      "subs r1, #1\n"
      "movs r2, #7\n"
      "udiv r3, r1, r2\n"
      "mls r1, r3, r2, r1\n"
      "adds r1, #1\n" /* in its first round: 1..7 */
      "1:\n"
      "movs r2, #38\n" /* bytes of MULTIPLY_PAIR */
      "adr.w r3, 4f\n"
      "mls r3, r1, r2, r3\n"
      "orr r3, #1\n"
      "str r3, [sp, #36]\n"
      "2:\n"
      "ldrd r1, r2, [sp, #4]\n" /* weights, bias */
      "ldmia.w r2, {r10, r11, r12, lr}\n"
      MULTIPLY_FIRST_PAIR
      "ldr pc, [sp, #36]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      "3:\n"
      ".rept 7\n"
      MULTIPLY_PAIR
      ".endr\n"
      "4:\n"
      "ldrd r2, r3, [sp, #12]\n" /* weights_end, quick_scales */
      "cmp r1, r2\n"
      "bne 3b\n"
      "cbz r3, 5f\n"
      RESCALE(r6, r10)
      RESCALE(r7, r11)
      RESCALE(r8, r12)
      RESCALE(r9, lr)
      "ldrd r1, r2, [sp, #20]\n" /* output, output_step */
      "strb r6, [r1]\n"
      "strb r7, [r1, #1]\n"
      "strb r8, [r1, #2]\n"
      "strb r9, [r1, #3]\n"
      "b 6f\n"
      "5:\n"
      "ldrd r1, r2, [sp, #20]\n"
      "stmia.w r1, {r6-r12, lr}\n"
      "6:\n"
      "add r1, r2\n"
      "str r1, [sp, #20]\n"
      "ldrd r2, r3, [sp, #28]\n" /* next, end */
      "add r0, r2\n"
      "cmp r0, r3\n"
      "bne 2b\n"
      "add sp, #40\n"
      "pop {r4-r11, pc}\n");
}

#define WIDEN_QUAD              \
  "ldr r4, [r0], #4\n"          \
  "ldr r5, [r1], #4\n"          \
  "sxtb16 r7, r4\n"             \
  "sxtb16 r8, r4, ror #8\n"     \
  "pkhbt r4, r7, r8, lsl #16\n" \
  "pkhtb r6, r8, r7, asr #16\n" \
  "sxtb16 r7, r5\n"             \
  "sxtb16 r8, r5, ror #8\n"     \
  "pkhbt r5, r7, r8, lsl #16\n" \
  "pkhtb r7, r8, r7, asr #16\n" \
  "stmia.w r3!, {r4, r5, r6, r7}\n"

/* Two pairs of elements of each position are a quad; at least one. Words are loaded from any
 * address, which a Cortex-M4 does unless traps are switched on. */
static __attribute__((naked)) int32_t *widen_quads(__attribute__((unused)) const int8_t *a,
                                                   __attribute__((unused)) const int8_t *b,
                                                   __attribute__((unused)) int32_t quads,
                                                   __attribute__((unused)) int32_t *output) {
  __asm volatile(
      "push {r4-r8, lr}\n"
      "lsls r4, r2, #31\n"
      "bne 2f\n"
      "1:\n" WIDEN_QUAD "2:\n" WIDEN_QUAD
      "subs r2, r2, #2\n"
      "bgt 1b\n"
      "mov r0, r3\n"
      "pop {r4-r8, pc}\n");
}

void nn_widen_pairs(const int8_t *input, int32_t step, int32_t count, int32_t *output) {
  const int8_t *const b = input + step;
  if (count >= 2) {
    output = widen_quads(input, b, count / 2, output);
  }
  if (count % 2 != 0) {
    const int32_t last = 2 * (count - 1);
    nn_put_pairs(output, input[last], input[last + 1], b[last], b[last + 1]);
  }
}

void nn_add_up(const int32_t *outputs, int32_t count, int32_t totals[NN_BLOCK]) {
  int32_t even = 0, odd = 0; /* channels 0 and 2, 1 and 3: half a word each */
  for (const int32_t *const end = outputs + count; outputs != end; outputs++) {
    __asm("sxtab16 %0, %2, %3\n sxtab16 %1, %4, %3, ror #8"
          : "=&r"(even), "=r"(odd)
          : "0"(even), "r"(*outputs), "1"(odd));
  }
  totals[0] += (int16_t)even;
  totals[1] += (int16_t)odd;
  totals[2] += even >> 16;
  totals[3] += odd >> 16;
}

#endif
