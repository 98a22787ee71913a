/* How the filter of a transposed convolution lies on its input. */
#ifndef NN_REACH_H
#define NN_REACH_H

#include "nn_arithmetic.h"

/* Taps of one axis that reach one output position: every stride-th from `first` on. */
typedef struct {
  int32_t first;
  int32_t end;
  int32_t position; /* of the input, under the first; under each next one it is one less */
} nn_reach_t;

static inline nn_reach_t nn_reach(int32_t result, int32_t padding, int32_t stride, int32_t kernel,
                                  int32_t length) {
  const int32_t at = result + padding;
  const int32_t beyond = nn_max(0, at / stride - (length - 1)); /* positions after the last */
  const int32_t first = at % stride + beyond * stride;
  return (nn_reach_t){first, nn_min(kernel, at + 1), at / stride - beyond};
}

#endif
