/* What the convolutions along one axis share, whatever becomes of their sums. */
#ifndef NN_CONV1D_H
#define NN_CONV1D_H

#include "nn_pairs.h"

/* How the scratch memory is divided. */
typedef struct {
  int32_t *input;  /* a chunk, widened */
  int32_t *sums;   /* of one block of channels, or outputs that are yet to be added up */
  int32_t *totals; /* of each channel over all positions, NULL without a mean */
} nn_room_t;

/* A block of channels at a chunk of positions. */
typedef struct {
  const nn_conv1d_t *layer;
  const nn_room_t *room;
  int8_t *output;    /* of the first channel and position, NULL where only totals are wanted */
  int32_t channel;   /* the first */
  int32_t positions; /* before pooling */
} nn_chunk_t;

typedef void nn_finish_t(const nn_chunk_t *chunk);

/* The whole layer; `finish` computes the chunks. */
void nn_conv1d_with(nn_finish_t *finish, const nn_conv1d_t *layer, const int8_t *input,
                    int8_t *output, int32_t *scratch);

void nn_conv1d_mean_with(nn_finish_t *finish, const nn_conv1d_t *layer, const nn_mean_t *mean,
                         const int8_t *input, int8_t *output, int32_t *scratch);

/* As nn_sum_pairs, for all pairs of positions of a chunk. */
void nn_sum_chunk(const nn_chunk_t *chunk, const nn_quick_scale_t *scales, int8_t *output,
                  int32_t output_step);

#endif
