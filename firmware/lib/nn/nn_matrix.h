/* How a matrix is multiplied, whatever its weights: blocks of rows, rescaled and added. */
#ifndef NN_MATRIX_H
#define NN_MATRIX_H

#include "nn_cells.h"

#ifdef NN_DSP

/* A naked nn_multiply_t. first_quad, quad: assembly that begins, or goes on with, a block's sums
 * r8-r11 with the quad of inputs at r0 and its weights at r1; both move on. They may use r2-r7 and
 * lr. is_compact: 1 where a weight is a byte and sums are shifted, else 0.
 * On the stack: 0 input, 4 quads, 8 multipliers, 12 base, 16 output, 20 end of the weights, 24
 * shift. */
#define NN_MULTIPLY(name, is_compact, first_quad, quad)                                         \
  __attribute__((naked)) void name(                                                             \
      __attribute__((unused)) const nn_matrix_t *m, __attribute__((unused)) const nn_half_t *i, \
      __attribute__((unused)) const int32_t *b, __attribute__((unused)) int32_t *o) {           \
    __asm volatile(                                                                             \
        "push {r4-r11, lr}\n"                                                                   \
        "sub sp, #28\n"                                                                         \
        "ldmia r0, {r4, r5, r6, r7, r8}\n"                                                      \
        "mul r7, r6, r7\n"                                                                      \
        "add r7, r4, r7, lsl #(5 - " #is_compact                                                \
        ")\n" /* bytes of a quad */                                                             \
        "strd r1, r6, [sp, #0]\n"                                                               \
        "strd r5, r2, [sp, #8]\n"                                                               \
        "strd r3, r7, [sp, #16]\n"                                                              \
        ".if " #is_compact                                                                      \
        "\n"                                                                                    \
        "str r8, [sp, #24]\n"                                                                   \
        ".endif\n"                                                                              \
        "mov r1, r4\n"                                                                          \
        "1:\n"                                                                                  \
        "ldrd r0, r12, [sp, #0]\n" first_quad                                                   \
        "subs r12, #1\n"                                                                        \
        "beq 3f\n"                                                                              \
        "2:\n" quad                                                                             \
        "subs r12, #1\n"                                                                        \
        "bne 2b\n"                                                                              \
        "3:\n"                                                                                  \
        ".if " #is_compact                                                                      \
        "\n"                                                                                    \
        "ldr r12, [sp, #24]\n"                                                                  \
        "lsl r8, r8, r12\n"                                                                     \
        "lsl r9, r9, r12\n"                                                                     \
        "lsl r10, r10, r12\n"                                                                   \
        "lsl r11, r11, r12\n"                                                                   \
        ".endif\n"                                                                              \
        "ldrd r2, r3, [sp, #8]\n"                                                               \
        "ldmia r2!, {r4, r5, r6, r7}\n"                                                         \
        "str r2, [sp, #8]\n"                                                                    \
        "ldmia.w r3!, {r0, r2, r12, lr}\n"                                                      \
        "str r3, [sp, #12]\n"                                                                   \
        "smmlar r8, r8, r4, r0\n"                                                               \
        "smmlar r9, r9, r5, r2\n"                                                               \
        "smmlar r10, r10, r6, r12\n"                                                            \
        "smmlar r11, r11, r7, lr\n"                                                             \
        "ldrd r2, r3, [sp, #16]\n"                                                              \
        "stmia r2!, {r8-r11}\n"                                                                 \
        "str r2, [sp, #16]\n"                                                                   \
        "cmp r1, r3\n"                                                                          \
        "bne 1b\n"                                                                              \
        "add sp, #28\n"                                                                         \
        "pop {r4-r11, pc}\n");                                                                  \
  }

#else

/* Sums of a block's rows, from its weights. */
typedef void nn_sum_block_t(const void *weights, const nn_half_t *input, int32_t quads,
                            int32_t sums[NN_BLOCK]);

/* An nn_multiply_t, made with each of the two. */
static inline __attribute__((always_inline)) void nn_multiply_with(
    const nn_matrix_t *matrix, const nn_half_t *input, const int32_t *base, int32_t *output,
    nn_sum_block_t *sum_block, size_t weight_bytes, int32_t shift) {
  const uint8_t *weights = matrix->weights;
  const int32_t *multiplier = matrix->multipliers;
  for (int32_t block = 0; block < matrix->blocks; block++) {
    int32_t sums[NN_BLOCK];
    sum_block(weights, input, matrix->quads, sums);
    weights += 4 * NN_BLOCK * (size_t)matrix->quads * weight_bytes;
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      *output++ = nn_multiply_add(sums[i] * (1 << shift), *multiplier++, *base++);
    }
  }
}

#endif

#endif
