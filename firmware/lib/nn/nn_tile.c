#include "nn_tile.h"

void nn_fill_tile(const nn_tile_t *tile, int32_t zero_point) {
  const uint32_t half = (uint16_t)zero_point;
  const int32_t pair = (int32_t)(half << 16 | half);
  int32_t *const end = tile->planes + NN_BLOCK * nn_tile_plane(tile);
  for (int32_t *word = tile->planes; word != end; word++) *word = pair;
}

void nn_take_tile(const nn_tile_t *tile, const nn_side_t *across, const nn_side_t *along,
                  const int8_t *input) {
  const nn_window_t rows = nn_window(tile->row, tile->rows, tile->row_dilation, across->length);
  const nn_window_t columns = nn_window(tile->column, 2 * tile->words, 1, along->length);
  if (rows.first >= rows.end || columns.first >= columns.end) return;
  const int32_t lead = columns.first % 2;
  int32_t *const output = tile->planes + columns.first / 2 * tile->rows;
  const nn_planes_t planes = {
      .pitch = 4 * tile->rows,
      .plane = 4 * nn_tile_plane(tile),
      .step = along->input_step,
      .lead = lead,
      .count = columns.end - columns.first - lead,
      .input = input + rows.start * across->input_step + columns.start * along->input_step,
      .row_step = tile->row_dilation * across->input_step,
      .output = output + rows.first,
      .end = output + rows.end};
  nn_part_channels(&planes);
}
