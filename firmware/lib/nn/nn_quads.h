/* What nn_fully_connected has in a version for the DSP instructions. */
#ifndef NN_QUADS_H
#define NN_QUADS_H

#include "nn_arithmetic.h"

#define NN_QUAD 4

/* Sums of a block of outputs, from weights as in nn_fully_connected_t: the first quad of inputs at
 * `first`, and `more` of them (possibly none) at `rest`. */
void nn_sum_quads(const int8_t *first, const int16_t *weights, int32_t more, int32_t sums[NN_BLOCK],
                  const int8_t *rest);

#endif
