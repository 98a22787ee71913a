/* What nn_add and nn_sub have in a version for the DSP instructions. Both versions give the same
 * bytes. */
#ifndef NN_ADD_H
#define NN_ADD_H

#include "nn_arithmetic.h"

/* Two operands side by side. That with the larger scale is exact in fine steps: 2^19 times its
 * value. nn_add_dsp.c knows the order of the words. */
typedef struct {
  const int8_t *exact;
  const int8_t *scaled;
  int8_t *output;
  int32_t exact_zero_point;  /* in fine steps, doubled */
  int32_t scaled_zero_point; /* times 2^21 */
  nn_quick_scale_t scale;    /* of the other operand to fine steps */
  nn_quick_scale_t output_scale;
  int32_t output_zero_point; /* which the offset of the scale leaves out */
  const int8_t *end;         /* of the output */
} nn_add_run_t;

/* exact + scaled, for at least one element. */
void nn_add_run(const nn_add_run_t *run);

/* exact - scaled. */
void nn_sub_run(const nn_add_run_t *run);

/* scaled - exact. */
void nn_sub_from_run(const nn_add_run_t *run);

#endif
