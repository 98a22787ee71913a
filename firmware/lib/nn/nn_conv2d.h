/* The windows of nn_conv2d, widened as nn_windows.h says. */
#ifndef NN_CONV2D_H
#define NN_CONV2D_H

#include "nn_windows.h"

/* Words of a widened pair of windows. */
static inline int32_t nn_window_words(const nn_conv2d_t *layer) {
  return NN_PAIR * NN_QUAD / 2 * layer->quads;
}

/* Of `count` output positions, in pairs; the last stands for a missing one. Positions are counted
 * pool after pool. `copies`: as many bytes for each position of a pair as its window has, in whole
 * quads; not needed for channels in fours. */
void nn_widen_windows(const nn_conv2d_t *layer, int32_t position, int32_t count,
                      const int8_t *input, int8_t *copies, int32_t *output);

#endif
