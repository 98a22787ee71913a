/* What becomes of sums. */
#ifndef NN_FINISH_H
#define NN_FINISH_H

#include "nn_arithmetic.h"

/* How the sums of one channel are rescaled. */
typedef struct {
  const nn_scale_t *scale;             /* NULL where there is a */
  const nn_quick_scale_t *quick_scale; /* for sums that are doubled */
  nn_output_t output;
} nn_channel_t;

/* Rescales `count` sums of one channel, which lie NN_BLOCK apart, to outputs that lie `step` apart,
 * and returns their total. The outputs may overwrite sums that were read. */
int32_t nn_finish_channel(const nn_channel_t *channel, const int32_t *sums, int32_t count,
                          int8_t *output, int32_t step);

#endif
