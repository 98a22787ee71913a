#include "nn_lines.h"

#ifdef NN_DSP

/* r0 input, r1 weights, r2 pair, r3 and r4 two columns of either pair, r5 and r6 their weights of
 * either neighbour, r7-r10 sums: 9 instructions for 8 multiplications, in 30 bytes. */
#define STEP(multiply)                                                             \
  "ldr r4, [r0, r2]\n"                                                             \
  "ldmia r0!, {r3}\n"                                                              \
  "ldmia r1!, {r5}\n"                                                              \
  "sxtb16 r6, r5, ror #8\n"                                                        \
  "sxtb16 r5, r5\n" multiply(r7, r3, r5) multiply(r8, r3, r6) multiply(r9, r4, r5) \
      multiply(r10, r4, r6)

#define ADD(sum, x, weights) "smlad " #sum ", " #x ", " #weights ", " #sum "\n"

#define BEGIN(sum, x, weights) "smuad " #sum ", " #x ", " #weights "\n"

#define RESCALE(sum)              \
  "add " #sum ", r6, " #sum       \
  ", lsl #1\n"                    \
  "smmulr " #sum ", " #sum        \
  ", r3\n"                        \
  "add " #sum ", " #sum ", " #sum \
  ", asr #31\n"                   \
  "add " #sum                     \
  ", r4\n"                        \
  "asr " #sum                     \
  ", r5\n"                        \
  "ssat " #sum ", #8, " #sum "\n"

/* The rounding of negative values is lost in -128. */
#define RESCALE_RELU(sum)   \
  "add " #sum ", r6, " #sum \
  ", lsl #1\n"              \
  "smmlar " #sum ", " #sum  \
  ", r3, r4\n"              \
  "asr " #sum               \
  ", r5\n"                  \
  "ssat " #sum ", #8, " #sum "\n"

/* The argument's words are copied to the stack in their order; the place of `steps` takes where the
 * loop is entered, so that its first round does what would be left over. r11 is the end of the
 * weights, r12 the output. */
__attribute__((naked)) void nn_sum_lines(__attribute__((unused)) const nn_lines_t *lines) {
  __asm volatile(
      "push {r4-r11, lr}\n"
      "sub sp, #48\n"
      "ldmia r0!, {r1-r6}\n"
      "stmia.w sp, {r1-r6}\n"
      "mov r11, r6\n"
      "ldmia r0!, {r1-r6}\n"
      "add r0, sp, #24\n"
      "stmia r0!, {r1-r6}\n"
      "mov r12, r1\n"
      "mov r2, r3\n"
      "add r11, r11, r4, lsl #2\n"
      "adr.w r7, 5f\n"
      "cmp r6, #0\n" /* is_relu */
      "it ne\n"
      "addne r7, #(6f - 5f)\n"
      "orr r7, #1\n"
      "str r7, [sp, #44]\n"
      "subs r4, #1\n" /* steps in the loop; in its first round: 1..8, or none */
      "beq 1f\n"
      "subs r4, #1\n"
      "and r4, #7\n"
      "adds r4, #1\n"
      "1:\n"
      "movs r5, #30\n" /* bytes of STEP */
      "adr.w r7, 4f\n"
      "mls r7, r4, r5, r7\n"
      "orr r7, #1\n"
      "str r7, [sp, #36]\n"
      "2:\n"
      "ldrd r0, r1, [sp, #16]\n" /* input, weights */
      STEP(BEGIN)
      "ldr pc, [sp, #36]\n"
      ".balign 4\n" /* of the function too, which adr relies on */
      "3:\n"
      ".rept 8\n" STEP(ADD)
      ".endr\n"
      "4:\n"
      "cmp r1, r11\n"
      "bne 3b\n"
      "ldmia.w sp, {r3-r6}\n" /* scale, bias */
      "ldr pc, [sp, #44]\n"
      "5:\n" RESCALE(r7) RESCALE(r8) RESCALE(r9) RESCALE(r10)
      "b 7f\n"
      "6:\n" RESCALE_RELU(r7) RESCALE_RELU(r8) RESCALE_RELU(r9) RESCALE_RELU(r10)
      "7:\n"
      "ldr r3, [sp, #28]\n" /* output_step */
      "ldr r4, [sp, #40]\n" /* count */
      "strb r7, [r12]\n"
      "subs r4, #4\n"
      "blt 8f\n"
      "add r5, r12, r3\n"
      "strb r8, [r12, r3]\n"
      "strb r9, [r12, r3, lsl #1]\n"
      "strb r10, [r5, r3, lsl #1]\n"
      "add r12, r12, r3, lsl #2\n"
      "str r4, [sp, #40]\n"
      "ldr r0, [sp, #16]\n"
      "add r0, r0, r2, lsl #1\n"
      "str r0, [sp, #16]\n"
      "bgt.w 2b\n"
      "b 9f\n"
      "8:\n"
      "cmp r4, #-2\n"
      "it ge\n"
      "strbge r8, [r12, r3]\n"
      "it gt\n"
      "strbgt r9, [r12, r3, lsl #1]\n"
      "9:\n"
      "add sp, #48\n"
      "pop {r4-r11, pc}\n");
}

#endif
