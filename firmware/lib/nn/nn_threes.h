/* Three rows of three taps on one channel, as nn_planes.h leaves it: what nn_depthwise_3x3 has in a
 * version for the DSP instructions. */
#ifndef NN_THREES_H
#define NN_THREES_H

#include "nn_arithmetic.h"

#define NN_THREES_WEIGHTS 9 /* bytes of a filter */

/* nn_threes_dsp.c knows the order of the words. */
typedef struct {
  nn_quick_scale_t scale;
  int32_t bias;        /* doubled */
  int32_t length;      /* bytes of the input from the row's first pair to where the one after its
                          last would be; one less where the last pair is half of one */
  int32_t output_step; /* from a neighbour to the next */
  const int32_t *input;
  int8_t *output;
  int32_t row_step; /* bytes of the input, from a row of outputs to the next */
  int32_t output_row_step;
  int32_t pitch;         /* bytes of the input from a word to the next two neighbours */
  const int8_t *weights; /* [3 rows][3] */
  int32_t last_row;      /* bytes of the input to the last row of outputs */
  int32_t kind; /* neighbours' stride less one, twice; one more where the zero point is -128 */
} nn_threes_t;

void nn_sum_threes(const nn_threes_t *threes);

#endif
