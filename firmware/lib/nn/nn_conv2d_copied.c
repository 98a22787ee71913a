#include "nn_bytes.h"
#include "nn_quads.h"

/* What the copies of all windows have in common. */
typedef struct {
  const nn_plane_t *plane;
  int8_t *copy;
  int32_t row_bytes;   /* of a window, in whole words */
  int32_t step;        /* bytes of the input from a row to the next */
  int32_t last_column; /* of a window inside */
} copies_t;

static copies_t copies_of(const nn_plane_t *plane, int32_t *scratch) {
  const copies_t copies = {
      .plane = plane,
      .copy = (int8_t *)scratch,
      .row_bytes = plane->kernel.width * plane->channels,
      .step = plane->dilation.height * plane->input.width * plane->channels,
      .last_column = plane->input.width - plane->kernel.width,
  };
  return copies;
}

static inline const int8_t *byte_at(const nn_plane_t *plane, const int8_t *input, int32_t row,
                                    int32_t column) {
  return input + (row * plane->input.width + column) * plane->channels;
}

/* A window inside. */
static inline void copy_window(const copies_t *copies, const int8_t *row) {
  const int32_t row_bytes = copies->row_bytes, gap = copies->step - row_bytes;
  int8_t *copy = copies->copy;
  for (int32_t left = copies->plane->kernel.height; left > 0; left--, row += gap) {
    const int8_t *const end = row + row_bytes;
    do {
      memcpy(copy, row, 4);
      row += 4;
      copy += 4;
    } while (row != end);
  }
}

/* Any window, with the zero point outside. */
static void copy_beyond(const copies_t *copies, const nn_window_t *rows, int32_t column,
                        const int8_t *input) {
  const nn_plane_t *const plane = copies->plane;
  const nn_window_t columns = nn_window(column, plane->kernel.width, 1, plane->input.width);
  const int32_t row_bytes = copies->row_bytes, step = copies->step;
  const int32_t bytes = (columns.end - columns.first) * plane->channels;
  const uint32_t outside = nn_four_bytes(plane->zero_point);
  const int8_t *row = byte_at(plane, input, rows->start, columns.start);
  int8_t *copy = copies->copy + rows->first * row_bytes + columns.first * plane->channels;
  const int8_t *const end = copies->copy + plane->kernel.height * row_bytes;
  for (int8_t *at = copies->copy; at != end; at += 4) {
    memcpy(at, &outside, 4);
  }
  for (int32_t left = rows->end - rows->first; left > 0; left--, row += step, copy += row_bytes) {
    nn_copy_bytes(row, bytes, copy);
  }
}

/* A row of outputs. */
static void convolve_row(const copies_t *copies, const nn_window_t *rows, const int8_t *input,
                         nn_dense_t *dense) {
  const nn_plane_t *const plane = copies->plane;
  const int32_t outputs = (int32_t)(dense->output_end - dense->output);
  const int32_t is_inside = rows->end - rows->first == plane->kernel.height;
  const int32_t end = plane->result.width * plane->stride.width - plane->padding.width;
  for (int32_t column = -plane->padding.width; column < end; column += plane->stride.width) {
    if (is_inside && column >= 0 && column <= copies->last_column) {
      copy_window(copies, byte_at(plane, input, rows->start, column));
    } else {
      copy_beyond(copies, rows, column, input);
    }
    nn_sum_dense(dense);
    dense->output += outputs;
    dense->output_end += outputs;
  }
}

void nn_conv2d_copied(const nn_conv2d_copied_t *layer, const int8_t *input, int8_t *output,
                      int32_t *scratch) {
  const nn_plane_t *const plane = &layer->plane;
  const nn_rows_t *const rows = &layer->rows;
  const copies_t copies = copies_of(plane, scratch);
  nn_dense_t dense = {.first = copies.copy,
                      .weights = rows->weights,
                      .more = rows->inputs / NN_QUAD - 1,
                      .rest = copies.copy + NN_QUAD,
                      .bias = rows->bias,
                      .scales = rows->quick_scales,
                      .output = output,
                      .output_end = output + rows->outputs,
                      .scales_back = nn_scales_back(rows)};
  for (int32_t y = 0; y < plane->result.height; y++) {
    const nn_window_t window =
        nn_window(y * plane->stride.height - plane->padding.height, plane->kernel.height,
                  plane->dilation.height, plane->input.height);
    convolve_row(&copies, &window, input, &dense);
  }
}
