/* What nn_fully_connected has in a version for the DSP instructions. Both versions give the same
 * bytes. */
#ifndef NN_QUADS_H
#define NN_QUADS_H

#include "nn_arithmetic.h"

#define NN_QUAD 4

/* Sums of a block of outputs, from weights as in nn_fully_connected_t: the first quad of inputs at
 * `first`, and `more` of them (possibly none) at `rest`. */
void nn_sum_quads(const int8_t *first, const int16_t *weights, int32_t more, int32_t sums[NN_BLOCK],
                  const int8_t *rest);

/* The same of a pair of outputs; the weights of another one do not lie between its own. */
void nn_sum_quads_of_pair(const int8_t *first, const int16_t *weights, int32_t more,
                          int32_t sums[2], const int8_t *rest);

/* All blocks of outputs of a dense layer. nn_quads_dsp.c knows the order of the words. */
typedef struct {
  const int8_t *first;
  const int16_t *weights;
  int32_t more; /* as in nn_sum_quads */
  const int8_t *rest;
  const int32_t *bias; /* doubled */
  const nn_quick_scale_t *scales;
  int8_t *output; /* whole blocks */
  const int8_t *output_end;
  int32_t scales_back; /* bytes, after each block: none, or all its scales */
} nn_dense_t;

void nn_sum_dense(const nn_dense_t *dense);

static inline int32_t nn_scales_back(const nn_rows_t *rows) {
  return (NN_BLOCK - rows->scale_step) * (int32_t)sizeof(nn_quick_scale_t);
}

#endif
