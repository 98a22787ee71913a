#include "nn_sums_int16.h"

#ifdef NN_DSP

/* Written as whole functions in assembly, as nn_pairs_dsp.c: r0 window, r1 weights, r2 quads, r3 lr
 * a quad of inputs, r4-r7 weights of four channels, r8-r11 their sums. Words of the window are
 * loaded from any address, as in nn_pairs_dsp.c. */
#define ADD_WORD(x, w0, w1, w2, w3) \
  "smlad r8, " x ", " w0            \
  ", r8\n"                          \
  "smlad r9, " x ", " w1            \
  ", r9\n"                          \
  "smlad r10, " x ", " w2           \
  ", r10\n"                         \
  "smlad r11, " x ", " w3 ", r11\n"

#define LOAD_QUAD      \
  "ldr r3, [r0], #4\n" \
  "ldr lr, [r0], #4\n" \
  "ldmia r1!, {r4, r5, r6, r7}\n"

/* 12 instructions for 16 multiplications. */
#define ADD_QUAD                                                                             \
  LOAD_QUAD ADD_WORD("r3", "r4", "r5", "r6", "r7") "ldmia r1!, {r4, r5, r6, r7}\n" ADD_WORD( \
      "lr", "r4", "r5", "r6", "r7")

/* The same of weights in bytes, 19 instructions. */
#define WIDEN(weights)   \
  "sxtb16 r12, " weights \
  "\n"                   \
  "sxtb16 " weights ", " weights ", ror #8\n"
#define ADD_WIDENED(sum, weights) \
  WIDEN(weights)                  \
  "smlad " sum ", r3, r12, " sum  \
  "\n"                            \
  "smlad " sum ", lr, " weights ", " sum "\n"
#define ADD_BYTES                                                                    \
  LOAD_QUAD ADD_WIDENED("r8", "r4") ADD_WIDENED("r9", "r5") ADD_WIDENED("r10", "r6") \
      ADD_WIDENED("r11", "r7")

/* After the first quad, an odd one comes before pairs of them. */
#define SUM_BLOCK(QUAD)                 \
  __asm volatile(                       \
      "push {r3-r11, lr}\n"             \
      "ldr r12, [sp, #40]\n" /* back */ \
      "movs r4, #0\n"                   \
      "mov r8, r4\n"                    \
      "mov r9, r4\n"                    \
      "mov r10, r4\n"                   \
      "mov r11, r4\n"                   \
      "sub r12, r0, r12, lsl #1\n"      \
      "push {r12}\n" QUAD               \
      "pop {r0}\n"                      \
      "add r0, #8\n"                    \
      "subs r2, #1\n"                   \
      "beq 3f\n"                        \
      "lsls r4, r2, #31\n"              \
      "bne 2f\n"                        \
      "1:\n" QUAD "2:\n" QUAD           \
      "subs r2, #2\n"                   \
      "bgt 1b\n"                        \
      "3:\n"                            \
      "pop {r3}\n"                      \
      "stmia.w r3, {r8-r11}\n"          \
      "pop {r4-r11, pc}\n")

__attribute__((naked)) void nn_sum_block_int16(__attribute__((unused)) const nn_half_t *window,
                                               __attribute__((unused)) const void *weights,
                                               __attribute__((unused)) int32_t quads,
                                               __attribute__((unused)) int32_t sums[NN_BLOCK],
                                               __attribute__((unused)) int32_t back) {
  SUM_BLOCK(ADD_QUAD);
}

__attribute__((naked)) void nn_sum_block_int16_compact(
    __attribute__((unused)) const nn_half_t *window, __attribute__((unused)) const void *weights,
    __attribute__((unused)) int32_t quads, __attribute__((unused)) int32_t sums[NN_BLOCK],
    __attribute__((unused)) int32_t back) {
  SUM_BLOCK(ADD_BYTES);
}

#endif
