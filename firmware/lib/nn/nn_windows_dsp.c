#include "nn_windows.h"

#ifdef NN_DSP

/* Written as whole functions in assembly, as nn_pairs_dsp.c: r0 input, r1 weights, r2 r3 two inputs
 * of position a and of b, r4 r5 weights, r6-r12 and lr sums.
 *
 * The argument's words are copied to the stack in their order. After them: 44 weights of the next
 * block, 48 its bias, 52 its scales, 56 its output, 60 where sums are rescaled, 64 where the loop
 * over the quads is entered. */
#define FRAME_BYTES "68"

/* Four channels at both positions: 11 instructions for 16 multiplications, in 38 bytes. */
#define WIDE_STEP(a0, a1, a2, a3, b0, b1, b2, b3) \
  "ldmia r0!, {r2, r3}\n"                         \
  "ldmia r1!, {r4, r5}\n"                         \
  "smlad r6, r2, r4, " a0                         \
  "\n"                                            \
  "smlad r10, r3, r4, " b0                        \
  "\n"                                            \
  "smlad r7, r2, r5, " a1                         \
  "\n"                                            \
  "smlad r11, r3, r5, " b1                        \
  "\n"                                            \
  "ldmia r1!, {r4, r5}\n"                         \
  "smlad r8, r2, r4, " a2                         \
  "\n"                                            \
  "smlad r12, r3, r4, " b2                        \
  "\n"                                            \
  "smlad r9, r2, r5, " a3                         \
  "\n"                                            \
  "smlad lr, r3, r5, " b3 "\n"
#define WIDE_NEXT WIDE_STEP("r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr")
#define WIDE_QUAD WIDE_NEXT WIDE_NEXT
#define WIDE_QUAD_BYTES "76"

/* r10-r12 and lr hold the bias. */
#define WIDE_FIRST_QUAD              \
  "ldr r3, [sp, #48]\n"              \
  "ldmia r3!, {r10, r11, r12, lr}\n" \
  "str r3, [sp, #48]\n" WIDE_STEP("r10", "r11", "r12", "lr", "r10", "r11", "r12", "lr") WIDE_NEXT

/* The same of weights even + 256 * odd, which SXTB16 leaves even: 12 instructions in 44 bytes. The
 * larger sums may wrap around, their differences do not. r6 and r8, r10 and r12: even + 256 * odd
 * at a and b, each even alone in the register after it. */
#define PAIRED_STEP(first, sum) \
  "ldmia r0!, {r2, r3}\n"           \
  "ldmia r1!, {r4, r5}\n" first     \
  " r6, r2, r4" sum("r6") first     \
  " r8, r3, r4" sum("r8") first     \
  " r10, r2, r5" sum("r10") first   \
  " r12, r3, r5" sum("r12")         \
  "sxtb16 r4, r4\n"                 \
  "sxtb16 r5, r5\n" first           \
  " r7, r2, r4" sum("r7") first     \
  " r9, r3, r4" sum("r9") first     \
  " r11, r2, r5" sum("r11") first   \
  " lr, r3, r5" sum("lr")
#define ADDED_TO(sum) ", " sum "\n"
#define ALONE(sum) "\n"
#define PAIRED_NEXT PAIRED_STEP("smlad", ADDED_TO)
#define PAIRED_QUAD PAIRED_NEXT PAIRED_NEXT
#define PAIRED_FIRST_QUAD PAIRED_STEP("smuad", ALONE) PAIRED_NEXT
#define PAIRED_QUAD_BYTES "88"

/* Twice the sums of two channels, with the bias in r2 and r3. */
#define TAKE_APART(both, even, bias_even, bias_odd) \
  "sub " both ", " both ", " even                   \
  "\n"                                              \
  "add " even ", " bias_even ", " even              \
  ", lsl #1\n"                                      \
  "add " both ", " bias_odd ", " both ", asr #7\n"
#define PAIRED_SUMS                                                                           \
  "ldr r0, [sp, #48]\n"                                                                       \
  "ldmia r0!, {r2, r3, r4, r5}\n"                                                             \
  "str r0, [sp, #48]\n" TAKE_APART("r6", "r7", "r2", "r3") TAKE_APART("r8", "r9", "r2", "r3") \
      TAKE_APART("r10", "r11", "r4", "r5") TAKE_APART("r12", "lr", "r4", "r5")

/* A sum, rescaled with the multiplier in r2, the offset in r3 and the shift in r4, which leaves
 * halves. The sign of a sum stands for that of its product: where rounding makes this zero, one
 * less makes no difference. */
#define RESCALE(sum, place) \
  "add r5, r3, " sum        \
  ", asr #31\n"             \
  "smmlar " sum ", " sum ", r2, r5\n" STORE(sum, place)
/* The rounding of negative values is lost in -128. */
#define RESCALE_RELU(sum, place) "smmlar " sum ", " sum ", r2, r3\n" STORE(sum, place)
#define STORE(sum, place)  \
  "asr " sum ", " sum      \
  ", r4\n"                 \
  "ssat " sum ", #8, " sum \
  ", asr #1\n"             \
  "strb " sum ", [" place "]\n"
#define LOAD_SCALE(halves) \
  "ldmia r0!, {r2, r4}\n"  \
  "lsl r3, " halves ", r4\n"
#define LOAD_HALVES(register) "ldr " register ", [sp, #36]\n"
/* Where r5 is needed, the register of b that is done keeps the halves. */
#define HALVES_OF_RESCALE(done) done
#define KEEP_HALVES_OF_RESCALE(done) LOAD_HALVES(done)
#define HALVES_OF_RESCALE_RELU(done) "r5"
#define KEEP_HALVES_OF_RESCALE_RELU(done) ""
#define CHANNEL(rescale, a, b, b_output, done, number) \
  LOAD_SCALE(HALVES_OF_##rescale(done))                \
  rescale(a, "r1, #" number) rescale(b, b_output       \
                                     ", "              \
                                     "#" number)
/* The first: its register of a becomes the output of b. */
#define FIRST_CHANNEL(rescale, a, b) \
  LOAD_HALVES("r5")                  \
  LOAD_SCALE("r5")                   \
  rescale(a, "r1") "ldr " a          \
                   ", [sp, #20]\n"   \
                   "add " a ", r1\n" rescale(b, a) KEEP_HALVES_OF_##rescale(b)

#define SUM_WINDOWS(FIRST_QUAD, QUAD, QUAD_BYTES, SUMS, CHANNELS) \
  __asm volatile(                                                  \
      "push {r4-r11, lr}\n"                                        \
      "sub sp, #" FRAME_BYTES                                      \
      "\n"                                                         \
      "ldmia.w r0, {r1-r11}\n"                                     \
      "stmia.w sp, {r1-r11}\n"                                     \
      "adr.w r2, 7f\n"                                             \
      "cmn r10, #255\n" /* NN_RELU_HALVES */                       \
      "bne 1f\n"                                                   \
      "adr.w r2, 8f\n"                                             \
      "1:\n"                                                       \
      "orr r2, #1\n"                                               \
      "str r2, [sp, #60]\n"                                        \
      "lsrs r1, r9, #4\n" /* quads */                              \
      "subs r1, #1\n"      /* in the loop */                       \
      "beq 1f\n"                                                   \
      "subs r1, #1\n"                                              \
      "and r1, #3\n"                                               \
      "adds r1, #1\n" /* in its first round: 1..4 */               \
      "1:\n"                                                       \
      "movs r2, #" QUAD_BYTES                                      \
      "\n"                                                         \
      "adr.w r3, 4f\n"                                             \
      "mls r3, r1, r2, r3\n"                                       \
      "orr r3, #1\n"                                               \
      "str r3, [sp, #64]\n"                                        \
      "2:\n" /* a pair of positions */                             \
      "ldrd r2, r3, [sp, #4]\n"                                    \
      "ldrd r4, r5, [sp, #12]\n"                                   \
      "strd r2, r3, [sp, #44]\n"                                   \
      "strd r4, r5, [sp, #52]\n"                                   \
      "5:\n" /* a block of channels */                             \
      "ldrd r2, r1, [sp, #40]\n"                                   \
      "ldr r0, [sp]\n"                                             \
      "add r2, r1\n"                                               \
      "str r2, [sp, #44]\n" FIRST_QUAD                             \
      "ldr pc, [sp, #64]\n"                                        \
      ".balign 4\n" /* of the function too, which adr relies on */ \
      "3:\n"                                                       \
      ".rept 4\n" QUAD                                             \
      ".endr\n"                                                    \
      "4:\n"                                                       \
      "ldr r2, [sp, #44]\n"                                        \
      "cmp r1, r2\n"                                               \
      "bne.w 3b\n" SUMS                                            \
      "ldrd r0, r1, [sp, #52]\n"                                   \
      "ldr pc, [sp, #60]\n"                                        \
      "7:\n" CHANNELS(RESCALE)                                     \
      "b 6f\n"                                                     \
      "8:\n" CHANNELS(RESCALE_RELU)                                \
      "6:\n"                                                       \
      "add r1, #4\n"                                               \
      "strd r0, r1, [sp, #52]\n"                                   \
      "ldr r2, [sp, #24]\n"                                        \
      "cmp r0, r2\n"                                               \
      "bne.w 5b\n"                                                 \
      "ldr r0, [sp]\n"                                             \
      "ldr r1, [sp, #32]\n"                                        \
      "add r0, r1\n"                                               \
      "str r0, [sp]\n"                                             \
      "ldrd r2, r3, [sp, #16]\n"                                   \
      "add r2, r2, r3, lsl #1\n"                                   \
      "str r2, [sp, #16]\n"                                        \
      "ldr r4, [sp, #28]\n"                                        \
      "subs r4, #1\n"                                              \
      "str r4, [sp, #28]\n"                                        \
      "bne.w 2b\n"                                                 \
      "add sp, #" FRAME_BYTES                                      \
      "\n"                                                         \
      "pop {r4-r11, pc}\n")

#define WIDE_CHANNELS(rescale)                    \
  FIRST_CHANNEL(rescale, "r6", "r10")             \
  CHANNEL(rescale, "r7", "r11", "r6", "r10", "1") \
  CHANNEL(rescale, "r8", "r12", "r6", "r10", "2") \
  CHANNEL(rescale, "r9", "lr", "r6", "r10", "3")

#define PAIRED_CHANNELS(rescale)                 \
  FIRST_CHANNEL(rescale, "r7", "r9")             \
  CHANNEL(rescale, "r6", "r8", "r7", "r9", "1")  \
  CHANNEL(rescale, "r11", "lr", "r7", "r9", "2") \
  CHANNEL(rescale, "r10", "r12", "r7", "r9", "3")

__attribute__((naked)) void nn_sum_windows_wide(__attribute__((unused))
                                                const nn_windows_t *windows) {
  SUM_WINDOWS(WIDE_FIRST_QUAD, WIDE_QUAD, WIDE_QUAD_BYTES, "", WIDE_CHANNELS);
}

__attribute__((naked)) void nn_sum_windows(__attribute__((unused)) const nn_windows_t *windows) {
  SUM_WINDOWS(PAIRED_FIRST_QUAD, PAIRED_QUAD, PAIRED_QUAD_BYTES, PAIRED_SUMS, PAIRED_CHANNELS);
}

#define WIDEN_QUAD          \
  "ldr r6, [r0], #4\n"      \
  "ldr r7, [r1], #4\n"      \
  "sxtb16 r4, r6\n"         \
  "sxtb16 r5, r7\n"         \
  "sxtb16 r6, r6, ror #8\n" \
  "sxtb16 r7, r7, ror #8\n" \
  "stmia r3!, {r4, r5, r6, r7}\n"

/* Words are loaded from any address, which a Cortex-M4 does unless traps are switched on. */
__attribute__((naked)) void nn_widen_both(__attribute__((unused)) const int8_t *a,
                                          __attribute__((unused)) const int8_t *b,
                                          __attribute__((unused)) int32_t quads,
                                          __attribute__((unused)) int32_t *output,
                                          __attribute__((unused)) int32_t runs,
                                          __attribute__((unused)) int32_t gap) {
  __asm volatile(
      "push {r4-r9, lr}\n"
      "ldrd r8, r9, [sp, #28]\n" /* runs, gap */
      "1:\n"
      "mov r12, r2\n"
      "lsls r4, r2, #31\n"
      "bne 3f\n"
      "2:\n" WIDEN_QUAD "3:\n" WIDEN_QUAD
      "subs r12, r12, #2\n"
      "bgt 2b\n"
      "add r0, r9\n"
      "add r1, r9\n"
      "subs r8, r8, #1\n"
      "bne 1b\n"
      "pop {r4-r9, pc}\n");
}

#endif
