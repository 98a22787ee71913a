/* Part of the input of a depthwise convolution, four channels of it at a time, as nn_planes.h
 * leaves it. */
#ifndef NN_TILE_H
#define NN_TILE_H

#include "nn_planes.h"

typedef struct {
  int32_t row; /* of the input, the first; above the picture where it is negative */
  int32_t rows;
  int32_t row_dilation;
  int32_t column; /* likewise */
  int32_t words;  /* of a row, of two columns each */
  int32_t *planes;
} nn_tile_t;

static inline int32_t nn_tile_plane(const nn_tile_t *tile) { return tile->words * tile->rows; }

/* Writes the zero point everywhere. */
void nn_fill_tile(const nn_tile_t *tile, int32_t zero_point);

/* Writes what lies in the picture, from the channel at `input` on. */
void nn_take_tile(const nn_tile_t *tile, const nn_side_t *across, const nn_side_t *along,
                  const int8_t *input);

#endif
