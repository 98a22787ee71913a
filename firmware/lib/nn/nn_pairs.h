/* The two halves of nn_conv1d that have a version for the DSP instructions: widening the input
 * into pairs, and the sums of pairs. Both versions give the same words.
 *
 * A word holds two neighbouring elements as int16. Widened input is a word of position a, then the
 * same of position b, and so on. */
#ifndef NN_PAIRS_H
#define NN_PAIRS_H

#include "nn_arithmetic.h"

#define NN_PAIR_SUMS (2 * NN_BLOCK) /* sums of a pair: a block of channels at a, then at b */

typedef int16_t __attribute__((may_alias)) nn_half_t;

/* A block of channels at several pairs of positions. nn_pairs_dsp.c knows the order of the
 * words. */
typedef struct {
  const int32_t *input;   /* window of the first pair, widened */
  const int16_t *weights; /* of the block */
  const int32_t *bias;
  const int16_t *weights_end;
  const nn_quick_scale_t *quick_scales;
  int8_t *output;      /* or NN_PAIR_SUMS words a pair where quick_scales is NULL */
  int32_t output_step; /* from one pair's output to the next one's */
  int32_t next;        /* words from the end of a window to the next window, 0 or negative */
  const int32_t *end;  /* where the window after the last would be */
  int32_t steps;       /* pairs of taps */
} nn_pairs_t;

/* Writes all sums; or for quick_scales one output for each pair, of the larger sum. */
void nn_sum_pairs(const nn_pairs_t *pairs);

/* Widens `count` pairs of elements of position a and, `step` elements on, of b. */
void nn_widen_pairs(const int8_t *input, int32_t step, int32_t count, int32_t *output);

/* Adds `count` outputs of a block of channels to their totals; at most 255 of them. */
void nn_add_up(const int32_t *outputs, int32_t count, int32_t totals[NN_BLOCK]);

/* One pair of elements of each position. */
static inline int32_t *nn_put_pairs(int32_t *output, int32_t a0, int32_t a1, int32_t b0,
                                    int32_t b1) {
  nn_half_t *const halves = (nn_half_t *)output;
  halves[0] = (int16_t)a0;
  halves[1] = (int16_t)a1;
  halves[2] = (int16_t)b0;
  halves[3] = (int16_t)b1;
  return output + 2;
}

#endif
