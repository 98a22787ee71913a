#include "nn_pairs.h"

#ifdef NN_DSP

/* Written as whole functions in assembly, because eight sums, two pointers and four operands are
 * all the registers there are, and compilers spill some of them.
 *
 * r0 input, r1 weights, r2 r3 two elements of a and of b, r12 lr weights of two channels,
 * r4-r7 sums of a, r8-r11 sums of b: 11 instructions for 16 multiplications. */
#define MULTIPLY_PAIR         \
  "ldmia.w r0!, {r2, r3}\n"   \
  "ldmia.w r1!, {r12, lr}\n"  \
  "smlad r4, r2, r12, r4\n"   \
  "smlad r8, r3, r12, r8\n"   \
  "smlad r5, r2, lr, r5\n"    \
  "smlad r9, r3, lr, r9\n"    \
  "ldmia.w r1!, {r12, lr}\n"  \
  "smlad r6, r2, r12, r6\n"   \
  "smlad r10, r3, r12, r10\n" \
  "smlad r7, r2, lr, r7\n"    \
  "smlad r11, r3, lr, r11\n"

/* The first pair: r8-r11 hold the bias. */
#define MULTIPLY_FIRST_PAIR   \
  "ldmia.w r0!, {r2, r3}\n"   \
  "ldmia.w r1!, {r12, lr}\n"  \
  "smlad r4, r2, r12, r8\n"   \
  "smlad r8, r3, r12, r8\n"   \
  "smlad r5, r2, lr, r9\n"    \
  "smlad r9, r3, lr, r9\n"    \
  "ldmia.w r1!, {r12, lr}\n"  \
  "smlad r6, r2, r12, r10\n"  \
  "smlad r10, r3, r12, r10\n" \
  "smlad r7, r2, lr, r11\n"   \
  "smlad r11, r3, lr, r11\n"

/* The larger of two sums, rescaled: multiply and round, shift, clamp to 0..255. */
#define RESCALE(a, b)            \
  "cmp " a ", " b                \
  "\n"                           \
  "it lt\n"                      \
  "movlt " a ", " b              \
  "\n"                           \
  "ldmia.w r1!, {r2, r3, r12}\n" \
  "smmlar " a ", " a             \
  ", r2, r3\n"                   \
  "asr.w " a ", " a              \
  ", r12\n"                      \
  "usat " a ", #8, " a "\n"

/* Bytes from the stack pointer to the copies of the argument's words. */
#define INPUT_AND_WEIGHTS "[sp]"
#define INPUT "[sp]"
#define NEXT_AND_END "[sp, #8]"
#define OUTPUT_AND_STEP "[sp, #16]"
#define OUTPUT "[sp, #16]"
#define BIAS "[sp, #24]"
#define RELU_SCALES "[sp, #28]"
#define WEIGHTS_END "[sp, #32]"
#define STEPS "[sp, #36]" /* replaced by the place where the loop is entered */

__attribute__((naked)) void nn_sum_pairs(__attribute__((unused)) const nn_pairs_t *pairs) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #40\n"
      "ldmia.w r0, {r1-r10}\n"
      "stmia.w sp, {r1-r10}\n"
      /* The loop has eight pairs of taps; what is left after the first pair and whole loops is
       * done by entering it in the middle. */
      "ldr r0, " STEPS
      "\n"
      "adr.w r2, 4f\n"
      "subs r0, r0, #1\n"
      "beq 1f\n"
      "and r0, r0, #7\n"
      "cmp r0, #0\n"
      "it eq\n"
      "moveq r0, #8\n"
      "movs r1, #44\n"
      "mls r2, r0, r1, r2\n"
      "1: orr r2, r2, #1\n"
      "str r2, " STEPS
      "\n"
      "ldr r2, " NEXT_AND_END
      "\n"
      "lsls r2, r2, #2\n"
      "str r2, " NEXT_AND_END
      "\n"
      "2: ldrd r0, r1, " INPUT_AND_WEIGHTS
      "\n"
      "ldr r2, " BIAS
      "\n"
      "ldmia.w r2, {r8, r9, r10, r11}\n" MULTIPLY_FIRST_PAIR "ldr pc, " STEPS
      "\n"
      ".balign 4\n"
      "3:\n" MULTIPLY_PAIR MULTIPLY_PAIR MULTIPLY_PAIR MULTIPLY_PAIR MULTIPLY_PAIR MULTIPLY_PAIR
          MULTIPLY_PAIR MULTIPLY_PAIR
      "4: ldr r2, " WEIGHTS_END
      "\n"
      "cmp r1, r2\n"
      "bne 3b\n"
      "ldr r1, " RELU_SCALES
      "\n"
      "cbz r1, 5f\n" RESCALE("r4", "r8") RESCALE("r5", "r9") RESCALE("r6", "r10")
          RESCALE("r7", "r11")
      "orr r4, r4, r5, lsl #8\n"
      "orr r6, r6, r7, lsl #8\n"
      "orr r4, r4, r6, lsl #16\n"
      "eor r4, r4, #0x80808080\n" /* minus 128 each */
      "ldrd r2, r3, " OUTPUT_AND_STEP
      "\n"
      "str r4, [r2]\n"
      "b 6f\n"
      "5: ldrd r2, r3, " OUTPUT_AND_STEP
      "\n"
      "stmia.w r2, {r4, r5, r6, r7, r8, r9, r10, r11}\n"
      "6: add r2, r3\n"
      "str r2, " OUTPUT
      "\n"
      "ldrd r2, r3, " NEXT_AND_END
      "\n"
      "add r0, r2\n"
      "str r0, " INPUT
      "\n"
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

/* Two pairs of elements of each position are a quad; at least one. */
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
