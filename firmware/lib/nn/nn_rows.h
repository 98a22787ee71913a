/* Filters as rows of a dense layer, each window an input of it. */
#ifndef NN_ROWS_H
#define NN_ROWS_H

#include "nn_quads.h"

/* A block of channels. */
typedef struct {
  const int16_t *weights;
  int32_t more; /* quads of a window after the first */
  int32_t rest; /* where they begin */
} nn_row_block_t;

static inline int32_t nn_row_blocks(const nn_rows_t *rows) {
  return (rows->outputs + NN_BLOCK - 1) / NN_BLOCK;
}

static inline nn_row_block_t nn_row_block(const nn_rows_t *rows, int32_t block) {
  const int32_t more = (rows->inputs - 1) / NN_QUAD;
  const nn_row_block_t found = {rows->weights + block * 2 * NN_BLOCK * (more + 1), more,
                                rows->inputs - NN_QUAD * more};
  return found;
}

/* Sums of a block of channels for one window, without the bias. */
static inline void nn_sum_rows(const nn_row_block_t *block, const int8_t *window,
                               int32_t sums[NN_BLOCK]) {
  nn_sum_quads(window, block->weights, block->more, sums, window + block->rest);
}

static inline void nn_keep_larger(int32_t best[NN_BLOCK], const int32_t sums[NN_BLOCK]) {
  best[0] = nn_max(best[0], sums[0]);
  best[1] = nn_max(best[1], sums[1]);
  best[2] = nn_max(best[2], sums[2]);
  best[3] = nn_max(best[3], sums[3]);
}

/* The outputs of the channels of a block that exist. */
void nn_finish_rows(const nn_rows_t *rows, int32_t block, const int32_t sums[NN_BLOCK],
                    int8_t output[NN_BLOCK]);

#endif
