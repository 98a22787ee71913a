/* Filters of any size on one channel, as nn_planes.h leaves it: what nn_depthwise_rows has in a
 * version for the DSP instructions. */
#ifndef NN_LINES_H
#define NN_LINES_H

#include "nn_arithmetic.h"

/* Outputs in a row, four at a time as two pairs of neighbours. A pair sees `steps` words of input,
 * which each meet two weights of either neighbour. nn_lines_dsp.c knows the order of the words. */
typedef struct {
  nn_quick_scale_t scale;
  int32_t bias; /* doubled */
  const int32_t *input;
  const int8_t *weights; /* [steps][4]: for the first of two columns of either neighbour, then for
                            the second */
  int8_t *output;
  int32_t output_step;
  int32_t pair; /* bytes of the input from a pair to the next */
  int32_t steps;
  int32_t count;   /* outputs */
  int32_t is_relu; /* `scale` has a zero point of -128 */
} nn_lines_t;

void nn_sum_lines(const nn_lines_t *lines);

#endif
