#include <stddef.h>
#include <string.h>

#include "nn_columns.h"

#ifdef NN_DSP

/* r0 input, r1 weights, r4-r7 weights of four channels, r8-r11 their sums. A word of the input
 * alone takes 6 instructions for 8 multiplications, in 22 bytes; four words take 21 for 32, in
 * 76. */
#define MULTIPLY(x)               \
  "ldmia r1!, {r4, r5, r6, r7}\n" \
  "smlad r8, " #x                 \
  ", r4, r8\n"                    \
  "smlad r9, " #x                 \
  ", r5, r9\n"                    \
  "smlad r10, " #x                \
  ", r6, r10\n"                   \
  "smlad r11, " #x ", r7, r11\n"

#define MULTIPLY_WORD "ldr r2, [r0], #4\n" MULTIPLY(r2)

#define MULTIPLY_QUAD \
  "ldmia.w r0!, {r2, r3, r12, lr}\n" MULTIPLY(r2) MULTIPLY(r3) MULTIPLY(r12) MULTIPLY(lr)

#define LARGER(a, b) \
  "cmp " #a ", " #b  \
  "\n"               \
  "it lt\n"          \
  "movlt " #a ", " #b "\n"

/* As in nn_pairs_dsp.c. */
#define RESCALE(sum)          \
  "ldmia r3!, {r4, r5, r6}\n" \
  "smmlar " #sum ", " #sum    \
  ", r4, r5\n"                \
  "asr " #sum ", " #sum       \
  ", r6\n"                    \
  "ssat " #sum ", #8, " #sum "\n"

/* On the stack: 0 a position's input, 4 a block's weights, 8 its bias, 12 entry of a position; 16
 * last input, 20 first input, 24 end of all weights, 28 step, 32 relu_scales, 36 output; 40 entry
 * into quads, 44 what comes after them; 48 gap, 52 weights of a run, 56 of a block, 60 entry of a
 * run, 64 end of a run's weights, 68 of a block's; 72 largest sums; 88 end of a window of one run.
 *
 * A window that is one run of at most 8 quads needs no loop, and a pool of one no largest sums. If
 * such a window is longer, its end is the same for all blocks. */
__attribute__((naked)) void nn_sum_column(__attribute__((unused)) const nn_stream_conv1d_t *layer,
                                          __attribute__((unused)) const int32_t *window,
                                          __attribute__((unused)) int8_t *output) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #92\n"
      "ldmia.w r0, {r3-r11}\n"
      "add r6, r3\n"
      "add r8, r1\n"
      "strd r1, r3, [sp, #0]\n"
      "str r4, [sp, #8]\n"
      "strd r8, r1, [sp, #16]\n"
      "strd r6, r7, [sp, #24]\n"
      "strd r5, r2, [sp, #32]\n"
      "lsls r2, r10, #4\n"
      "mul r3, r2, r11\n"
      "strd r9, r2, [sp, #48]\n"
      "add r2, r1, r10, lsl #2\n"
      "str r2, [sp, #88]\n"
      "ands r4, r10, #3\n" /* single words */
      "movs r5, #22\n"
      "adr.w r6, 4f\n"
      "mls r6, r4, r5, r6\n"
      "orr r6, #1\n"
      "strd r3, r6, [sp, #56]\n"
      "lsrs r4, r10, #2\n" /* quads; in their first round: 1..8, or none */
      "subs r2, r4, #1\n"
      "it cs\n"
      "andcs r2, #7\n"
      "adds r2, #1\n"
      "movs r5, #76\n"
      "adr.w r3, 6f\n"
      "mls r2, r2, r5, r3\n"
      "orr r2, #1\n"
      "adr.w r3, 9f\n"
      "cmp r8, r1\n"
      "it eq\n"
      "addeq r3, #(12f - 9f)\n"
      "cmp r11, #1\n"
      "bne 1f\n"
      "cmp r4, #8\n"
      "bls 2f\n"
      "adr.w r3, 11f\n"
      "cmp r8, r1\n"
      "beq 2f\n"
      "1:\n"
      "adr.w r6, 7f\n"
      "adr.w r3, 8f\n"
      "orr r6, #1\n"
      "2:\n"
      "orr r3, #1\n"
      "str r6, [sp, #12]\n"
      "strd r2, r3, [sp, #40]\n"
      "ldmia.w sp, {r0-r2}\n"
      "3:\n" /* a position */
      "ldmia.w r2, {r8-r11}\n"
      "ldr pc, [sp, #12]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      ".rept 3\n" MULTIPLY_WORD
      ".endr\n"
      "4:\n"
      "ldr pc, [sp, #40]\n"
      "5:\n"
      ".rept 8\n" MULTIPLY_QUAD
      ".endr\n"
      "6:\n"
      "ldr pc, [sp, #44]\n"
      "7:\n" /* a position of several runs begins */
      "ldrd r2, r3, [sp, #52]\n"
      "add r2, r1\n"
      "add r3, r1\n"
      "strd r2, r3, [sp, #64]\n"
      "ldr pc, [sp, #60]\n"
      "8:\n" /* quads, a run or all runs end */
      "ldrd r2, r3, [sp, #64]\n"
      "cmp r1, r2\n"
      "bne 5b\n"
      "cmp r1, r3\n"
      "beq 9f\n"
      "ldrd r2, r3, [sp, #48]\n"
      "add r0, r2\n"
      "add r3, r1\n"
      "str r3, [sp, #64]\n"
      "ldr pc, [sp, #60]\n"
      "9:\n" /* a position ends */
      "ldr r2, [sp, #0]\n"
      "ldrd r3, r4, [sp, #16]\n"
      "add r12, sp, #72\n"
      "cmp r2, r4\n"
      "beq 10f\n"
      "ldmia.w r12, {r4-r7}\n"
      LARGER(r8, r4) LARGER(r9, r5) LARGER(r10, r6) LARGER(r11, r7)
      "10:\n"
      "cmp r2, r3\n"
      "beq 12f\n"
      "ldr r0, [sp, #28]\n"
      "stmia.w r12, {r8-r11}\n"
      "add r0, r2\n"
      "str r0, [sp, #0]\n"
      "ldrd r1, r2, [sp, #4]\n"
      "b 3b\n"
      "11:\n" /* quads end */
      "ldr r2, [sp, #88]\n"
      "cmp r0, r2\n"
      "bne 5b\n"
      "12:\n" /* a pool ends */
      "ldrd r3, r7, [sp, #32]\n"
      "cbz r3, 14f\n"
      RESCALE(r8) RESCALE(r9) RESCALE(r10) RESCALE(r11)
      "strb r8, [r7], #1\n"
      "strb r9, [r7], #1\n"
      "strb r10, [r7], #1\n"
      "strb r11, [r7], #1\n"
      "13:\n"
      "strd r3, r7, [sp, #32]\n"
      "ldr r2, [sp, #8]\n"
      "ldrd r0, r3, [sp, #20]\n"
      "adds r2, #16\n"
      "stmia.w sp, {r0-r2}\n"
      "cmp r1, r3\n"
      "bne 3b\n"
      "add sp, #92\n"
      "pop {r4-r11, pc}\n"
      "14:\n"
      "stmia r7!, {r8-r11}\n"
      "b 13b\n");
}

/* Moves what is kept, in quads of words: r0 to, r1 input, r2 words, possibly none, r3 elements to
 * be widened after them, in quads. Words are loaded from any address, as in nn_pairs_dsp.c. */
static __attribute__((naked)) void append_quads(__attribute__((unused)) int32_t *window,
                                                __attribute__((unused)) const int8_t *input,
                                                __attribute__((unused)) int32_t words,
                                                __attribute__((unused)) int32_t elements) {
  __asm volatile(
      "push {r4-r7}\n"
      "add r12, r0, r3, lsl #1\n"
      "cbz r2, 2f\n"
      "1:\n"
      "ldmia.w r12!, {r4-r7}\n"
      "stmia r0!, {r4-r7}\n"
      "subs r2, #4\n"
      "bgt 1b\n"
      "add r0, r0, r2, lsl #2\n" /* back by what was moved too much */
      "2:\n"
      "ldr r4, [r1], #4\n"
      "sxtb16 r6, r4\n"
      "sxtb16 r7, r4, ror #8\n"
      "pkhbt r4, r6, r7, lsl #16\n"
      "pkhtb r5, r7, r6, asr #16\n"
      "stmia r0!, {r4, r5}\n"
      "subs r3, #4\n"
      "bgt 2b\n"
      "pop {r4-r7}\n"
      "bx lr\n");
}

void nn_append_columns(const nn_stream_conv1d_t *layer, const int8_t *input, int32_t *window) {
  const int32_t elements = layer->fresh * layer->channels_in;
  if (layer->channels_in % 2 == 0 && elements % NN_QUAD == 0) {
    append_quads(window, input, layer->history, elements);
    return;
  }
  const int32_t words = layer->fresh * ((layer->channels_in + 1) / 2);
  memmove(window, window + words, sizeof *window * (size_t)layer->history);
  nn_widen_columns(input, layer->fresh, layer->channels_in, window + layer->history);
}

#endif
