#include "nn_bytes.h"
#include "nn_conv2d.h"

/* Where on the input the window of a position begins. */
typedef struct {
  int32_t row;
  int32_t column;
} place_t;

static place_t place_of(const nn_conv2d_t *layer, int32_t position) {
  const nn_plane_t *const plane = &layer->plane;
  const nn_size_t pool = layer->pool;
  int32_t columns = plane->result.width, number = position, y = 0, x = 0;
  if (pool.height * pool.width > 1) {
    columns /= pool.width;
    number = position / (pool.height * pool.width);
    y = position % (pool.height * pool.width) / pool.width;
    x = position % pool.width;
  }
  y += number / columns * pool.height;
  x += number % columns * pool.width;
  const place_t place = {y * plane->stride.height - plane->padding.height,
                         x * plane->stride.width - plane->padding.width};
  return place;
}

static inline int is_inside(const nn_plane_t *plane, place_t place) {
  const int32_t height = (plane->kernel.height - 1) * plane->dilation.height;
  const int32_t width = (plane->kernel.width - 1) * plane->dilation.width;
  return place.row >= 0 && place.column >= 0 && place.row + height < plane->input.height &&
         place.column + width < plane->input.width;
}

static inline const int8_t *byte_at(const nn_plane_t *plane, int32_t row, int32_t column,
                                    const int8_t *input) {
  return input + (row * plane->input.width + column) * plane->channels;
}

static inline nn_window_t rows_of(const nn_plane_t *plane, place_t place) {
  return nn_window(place.row, plane->kernel.height, plane->dilation.height, plane->input.height);
}

static inline nn_window_t columns_of(const nn_plane_t *plane, place_t place) {
  return nn_window(place.column, plane->kernel.width, plane->dilation.width, plane->input.width);
}

/* Both windows lie inside, and consist of runs in whole quads. */
static void widen_inside(const nn_plane_t *plane, const int8_t *a, const int8_t *b,
                         int32_t *output) {
  const int32_t channels = plane->channels, taps = plane->kernel.width;
  const int32_t row = plane->dilation.height * plane->input.width * channels;
  if (plane->dilation.width == 1) {
    const int32_t run = taps * channels;
    nn_widen_both(a, b, run / NN_QUAD, output, plane->kernel.height, row - run);
    return;
  }
  const int32_t gap = (plane->dilation.width - 1) * channels;
  for (int32_t y = plane->kernel.height; y > 0; y--, a += row, b += row) {
    nn_widen_both(a, b, channels / NN_QUAD, output, taps, gap);
    output += taps * channels;
  }
}

/* Quads of one position, which lie `step` apart; output + 1 for b. */
static int32_t *widen_one(const int8_t *input, int32_t step, int32_t quads, int32_t *output) {
  for (; quads > 0; quads--, input += step, output += 4) {
#ifdef NN_DSP
    int32_t quad;
    memcpy(&quad, input, sizeof quad);
    __asm("sxtb16 %0, %1" : "=r"(output[0]) : "r"(quad));
    __asm("sxtb16 %0, %1, ror #8" : "=r"(output[2]) : "r"(quad));
#else
    nn_half_t *const halves = (nn_half_t *)output;
    halves[0] = input[0];
    halves[1] = input[2];
    halves[4] = input[1];
    halves[5] = input[3];
#endif
  }
  return output;
}

/* Channels come in fours. */
static void widen_beyond(const nn_plane_t *plane, place_t place, const int8_t *input,
                         int32_t *output) {
  const nn_window_t rows = rows_of(plane, place), columns = columns_of(plane, place);
  const int8_t zero = (int8_t)plane->zero_point;
  const int8_t outside[NN_QUAD] = {zero, zero, zero, zero};
  const int32_t quads = plane->channels / NN_QUAD, taps = plane->kernel.width;
  const int32_t before = nn_min(columns.first, taps), after = nn_max(columns.end, before);
  const int8_t *row = byte_at(plane, rows.start, columns.start, input);
  for (int32_t y = 0; y < plane->kernel.height; y++) {
    if (y < rows.first || y >= rows.end) {
      output = widen_one(outside, 0, taps * quads, output);
      continue;
    }
    output = widen_one(outside, 0, before * quads, output);
    const int8_t *tap = row;
    for (int32_t x = before; x < after; x++, tap += plane->dilation.width * plane->channels) {
      output = widen_one(tap, NN_QUAD, quads, output);
    }
    output = widen_one(outside, 0, (taps - after) * quads, output);
    row += plane->dilation.height * plane->input.width * plane->channels;
  }
}

static void copy_row(const nn_plane_t *plane, const nn_window_t *x, const int8_t *row,
                     int8_t *copy) {
  const int32_t channels = plane->channels;
  copy += x->first * channels;
  if (plane->dilation.width == 1) {
    nn_copy_bytes(row, (x->end - x->first) * channels, copy);
    return;
  }
  for (int32_t tap = x->first; tap < x->end; tap++, copy += channels) {
    nn_copy_bytes(row, channels, copy);
    row += plane->dilation.width * channels;
  }
}

/* `bytes`: of a window, in whole quads. */
static void copy_window(const nn_plane_t *plane, place_t place, const int8_t *input, int32_t bytes,
                        int8_t *copy) {
  const nn_window_t rows = rows_of(plane, place), columns = columns_of(plane, place);
  if (!is_inside(plane, place)) {
    const uint32_t outside = nn_four_bytes(plane->zero_point);
    for (int32_t i = 0; i < bytes; i += NN_QUAD) {
      memcpy(copy + i, &outside, NN_QUAD);
    }
  }
  const int8_t *row = byte_at(plane, rows.start, columns.start, input);
  const int32_t row_bytes = plane->kernel.width * plane->channels;
  copy += rows.first * row_bytes;
  for (int32_t y = rows.first; y < rows.end; y++, copy += row_bytes) {
    copy_row(plane, &columns, row, copy);
    row += plane->dilation.height * plane->input.width * plane->channels;
  }
}

/* Of the output positions a and b. */
static void widen_pair(const nn_conv2d_t *layer, int32_t a, int32_t b, const int8_t *input,
                       int8_t *copies, int32_t *output) {
  const nn_plane_t *const plane = &layer->plane;
  const place_t at_a = place_of(layer, a), at_b = place_of(layer, b);
  const int32_t run = plane->channels * (plane->dilation.width == 1 ? plane->kernel.width : 1);
  if (run % NN_QUAD == 0 && is_inside(plane, at_a) && is_inside(plane, at_b)) {
    const int8_t *const from_b = byte_at(plane, at_b.row, at_b.column, input);
    widen_inside(plane, byte_at(plane, at_a.row, at_a.column, input), from_b, output);
  } else if (plane->channels % NN_QUAD == 0) {
    widen_beyond(plane, at_a, input, output);
    widen_beyond(plane, at_b, input, output + 1);
  } else {
    const int32_t bytes = NN_QUAD * layer->quads;
    copy_window(plane, at_a, input, bytes, copies);
    copy_window(plane, at_b, input, bytes, copies + bytes);
    nn_widen_both(copies, copies + bytes, layer->quads, output, 1, 0);
  }
}

/* Whether the windows of all positions lie side by side, in whole quads. */
static int is_one_run(const nn_conv2d_t *layer) {
  const nn_plane_t *const plane = &layer->plane;
  return layer->quads * NN_QUAD == plane->channels && layer->pool.height * layer->pool.width == 1 &&
         plane->result.height == plane->input.height && plane->result.width == plane->input.width &&
         plane->padding.height + plane->padding.width == 0 &&
         plane->stride.height * plane->stride.width == 1;
}

void nn_widen_windows(const nn_conv2d_t *layer, int32_t position, int32_t count,
                      const int8_t *input, int8_t *copies, int32_t *output) {
  const int32_t last = position + count - 1;
  if (count >= NN_PAIR && is_one_run(layer)) {
    const int32_t channels = layer->plane.channels, pairs = count / NN_PAIR;
    const int8_t *const a = input + position * channels;
    nn_widen_both(a, a + channels, layer->quads, output, pairs, channels);
    position += NN_PAIR * pairs;
    output += pairs * nn_window_words(layer);
  }
  for (; position <= last; position += NN_PAIR, output += nn_window_words(layer)) {
    widen_pair(layer, position, nn_min(position + 1, last), input, copies, output);
  }
}
