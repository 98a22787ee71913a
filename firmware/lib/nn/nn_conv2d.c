#include "nn_gather.h"
#include "nn_rows.h"

/* The sums of all channels at one position: kept, or, after the first of a pool, the larger. */
static void sum_position(const nn_conv2d_t *layer, const int8_t *window, int is_first,
                         int32_t *best) {
  for (int32_t number = 0; number < nn_row_blocks(&layer->rows); number++, best += NN_BLOCK) {
    const nn_row_block_t block = nn_row_block(&layer->rows, number);
    int32_t sums[NN_BLOCK];
    nn_sum_rows(&block, window, is_first ? best : sums);
    if (!is_first) {
      nn_keep_larger(best, sums);
    }
  }
}

static void sum_pool(const nn_conv2d_t *layer, int32_t y, int32_t x, const int8_t *input,
                     int8_t *window, int32_t *best) {
  for (int32_t i = 0; i < layer->pool.height; i++) {
    for (int32_t j = 0; j < layer->pool.width; j++) {
      nn_gather(&layer->plane, y + i, x + j, input, window);
      sum_position(layer, window, i + j == 0, best);
    }
  }
}

void nn_conv2d(const nn_conv2d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch) {
  const int32_t blocks = nn_row_blocks(&layer->rows);
  int8_t *const window = (int8_t *)(scratch + NN_BLOCK * blocks);
  const nn_size_t pool = layer->pool;
  for (int32_t y = 0; y < layer->plane.result.height; y += pool.height) {
    for (int32_t x = 0; x < layer->plane.result.width; x += pool.width) {
      sum_pool(layer, y, x, input, window, scratch);
      for (int32_t block = 0; block < blocks; block++) {
        const int32_t first = NN_BLOCK * block;
        nn_finish_rows(&layer->rows, block, scratch + first, output + first);
      }
      output += layer->rows.outputs;
    }
  }
}
