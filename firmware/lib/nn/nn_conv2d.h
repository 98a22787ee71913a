/* The windows of nn_conv2d, widened as nn_windows.h says. */
#ifndef NN_CONV2D_H
#define NN_CONV2D_H

#include "nn_windows.h"

/* Words of a widened pair of windows. */
static inline int32_t nn_window_words(const nn_conv2d_t *layer) {
  return NN_PAIR * NN_QUAD / 2 * layer->quads;
}

/* Of a row of a window, in whole quads. */
static inline int32_t nn_whole_row_bytes(const nn_plane_t *plane) {
  return (plane->kernel.width * plane->channels + NN_QUAD - 1) / NN_QUAD * NN_QUAD;
}

/* Words for windows that are widened from copies, and for what is left over of their rows. */
static inline int32_t nn_copied_words(const nn_plane_t *plane) {
  if (plane->channels % NN_QUAD == 0) {
    return 0;
  }
  const int32_t is_left_over = plane->kernel.width * plane->channels % NN_QUAD != 0;
  return NN_PAIR * plane->kernel.height * (nn_whole_row_bytes(plane) / NN_QUAD + is_left_over);
}

/* Of `count` output positions, in pairs; the last stands for a missing one. Positions are counted
 * pool after pool. `copies`: nn_copied_words of memory. */
void nn_widen_windows(const nn_conv2d_t *layer, int32_t position, int32_t count,
                      const int8_t *input, int8_t *copies, int32_t *output);

#endif
