#include "nn_add.h"

#ifdef NN_DSP

/* r0 exact, r1 scaled, r2 output, r3-r11 the words after them: 14 instructions in 56 bytes. */
#define ELEMENT(combine)              \
  "ldrsb r12, [r1], #1\n"             \
  "rsb r12, r4, r12, lsl #21\n"       \
  "add lr, r6, r12, asr #31\n"        \
  "smmlar r12, r12, r5, lr\n"         \
  "asr r12, r12, r7\n"                \
  "ldrsb lr, [r0], #1\n"              \
  "rsb lr, r3, lr, lsl #20\n" combine \
  " lr, lr, r12, lsl #1\n"            \
  "add r12, r9, lr, asr #31\n"        \
  "smmlar lr, lr, r8, r12\n"          \
  "asr lr, lr, r10\n"                 \
  "add.w lr, lr, r11\n"               \
  "ssat lr, #8, lr\n"                 \
  "strb lr, [r2], #1\n"

/* The loop has four elements, and is entered so that the first round does what would be left over.
 */
#define RUN(combine) \
  __asm volatile(                                                  \
      "push {r4-r11, lr}\n"                                        \
      "ldr r1, [r0, #48]\n"                                        \
      "ldr r2, [r0, #8]\n"                                         \
      "push {r1}\n" /* end */                                      \
      "mvns r3, r2\n"                                              \
      "add r1, r3\n" /* elements after the first */                \
      "and r1, #3\n"                                               \
      "adds r1, #1\n" /* in the first round: 1..4 */               \
      "movs r2, #56\n"                                             \
      "adr.w r12, 2f\n"                                            \
      "mls r12, r1, r2, r12\n"                                     \
      "orr r12, #1\n"                                              \
      "ldmia.w r0, {r0-r11}\n"                                     \
      "bx r12\n"                                                   \
      ".balign 4\n" /* of the function too, which adr relies on */ \
      "1:\n"                                                       \
      ".rept 4\n" ELEMENT(combine)                                 \
      ".endr\n"                                                    \
      "2:\n"                                                       \
      "ldr r12, [sp]\n"                                            \
      "cmp r2, r12\n"                                              \
      "bne 1b\n"                                                   \
      "pop {r3}\n"                                                 \
      "pop {r4-r11, pc}\n")

__attribute__((naked)) void nn_add_run(__attribute__((unused)) const nn_add_run_t *run) {
  RUN("add");
}

__attribute__((naked)) void nn_sub_run(__attribute__((unused)) const nn_add_run_t *run) {
  RUN("sub");
}

__attribute__((naked)) void nn_sub_from_run(__attribute__((unused)) const nn_add_run_t *run) {
  RUN("rsb");
}

#endif
