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

/* Of the input, where a place lies. */
static inline int32_t byte_at(const nn_plane_t *plane, place_t place) {
  return (place.row * plane->input.width + place.column) * plane->channels;
}

/* From a row of a window to the next one. */
static inline int32_t row_step(const nn_plane_t *plane) {
  return plane->dilation.height * plane->input.width * plane->channels;
}

static inline nn_window_t rows_of(const nn_plane_t *plane, place_t place) {
  return nn_window(place.row, plane->kernel.height, plane->dilation.height, plane->input.height);
}

static inline nn_window_t columns_of(const nn_plane_t *plane, place_t place) {
  return nn_window(place.column, plane->kernel.width, plane->dilation.width, plane->input.width);
}

/* Both windows lie inside; channels come in fours and have gaps between them. */
static void widen_apart(const nn_plane_t *plane, const int8_t *a, const int8_t *b,
                        int32_t *output) {
  const int32_t channels = plane->channels, taps = plane->kernel.width;
  const int32_t row = row_step(plane), gap = (plane->dilation.width - 1) * channels;
  for (int32_t y = plane->kernel.height; y > 0; y--, a += row, b += row) {
    nn_widen_both(a, b, channels / NN_QUAD, output, taps, gap);
    output += taps * channels;
  }
}

/* What all windows have in common. */
typedef struct {
  const nn_conv2d_t *layer;
  const int8_t *input;
  int8_t *copies;
  place_t last;       /* window inside */
  int32_t last_whole; /* byte where a window begins of whose rows words can be read at the end */
  int32_t row_end;    /* column, after the windows of a row of outputs */
  int32_t left_over;  /* bytes of a row of a window, beside whole quads */
  int32_t whole;      /* the others */
} windows_t;

static windows_t windows_of(const nn_conv2d_t *layer, const int8_t *input, int8_t *copies) {
  const nn_plane_t *const plane = &layer->plane;
  const int32_t bytes = plane->kernel.width * plane->channels;
  const int32_t below = (plane->kernel.height - 1) * plane->dilation.height;
  const int32_t beside = (plane->kernel.width - 1) * plane->dilation.width;
  const int32_t reach = below * plane->input.width * plane->channels + nn_whole_row_bytes(plane);
  const windows_t windows = {
      .layer = layer,
      .input = input,
      .copies = copies,
      .last = {plane->input.height - 1 - below, plane->input.width - 1 - beside},
      .last_whole = plane->input.height * plane->input.width * plane->channels - reach,
      .row_end = plane->result.width * plane->stride.width - plane->padding.width,
      .left_over = bytes % NN_QUAD,
      .whole = bytes - bytes % NN_QUAD};
  return windows;
}

/* Of the position after that at `place`. */
static inline place_t next_place(const windows_t *windows, place_t place, int32_t position) {
  const nn_plane_t *const plane = &windows->layer->plane;
  if (windows->layer->pool.height * windows->layer->pool.width > 1) {
    return place_of(windows->layer, position);
  }
  place.column += plane->stride.width;
  if (place.column == windows->row_end) {
    place.row += plane->stride.height;
    place.column = -plane->padding.width;
  }
  return place;
}

static inline int is_inside(const windows_t *windows, place_t place) {
  return place.row >= 0 && place.column >= 0 && place.row <= windows->last.row &&
         place.column <= windows->last.column;
}

/* Rows of both windows that are in one piece, `step` bytes apart. A word is read where bytes are
 * left over. */
static inline void widen_rows(const windows_t *windows, const int8_t *a, const int8_t *b,
                              int32_t step, int8_t *copies, int32_t *output) {
  const int32_t rows = windows->layer->plane.kernel.height;
  const int32_t left_over = windows->left_over, whole = windows->whole;
  if (whole > 0) {
    const int32_t runs = step == whole ? 1 : rows;
    nn_widen_both(a, b, rows / runs * whole / NN_QUAD, output, runs, step - whole);
  }
  if (left_over == 0) {
    return;
  }
  a += whole;
  b += whole;
  int8_t *const copies_b = copies + rows * NN_QUAD;
  for (int32_t at = 0; at < rows * left_over; at += left_over, a += step, b += step) {
    memcpy(copies + at, a, NN_QUAD);
    memcpy(copies_b + at, b, NN_QUAD);
  }
  const int32_t quads = (rows * left_over + NN_QUAD - 1) / NN_QUAD;
  nn_widen_both(copies, copies_b, quads, output + rows * whole, 1, 0);
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
  const place_t first = {rows.start, columns.start};
  const int8_t *row = input + byte_at(plane, first);
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
    row += row_step(plane);
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

/* With the zero point outside; `row_bytes`: of the copy, in whole quads. */
static void copy_window(const windows_t *windows, place_t place, int32_t row_bytes, int8_t *copy) {
  const nn_plane_t *const plane = &windows->layer->plane;
  const nn_window_t rows = rows_of(plane, place), columns = columns_of(plane, place);
  if (!is_inside(windows, place)) {
    const uint32_t outside = nn_four_bytes(plane->zero_point);
    for (int32_t i = 0; i < plane->kernel.height * row_bytes; i += NN_QUAD) {
      memcpy(copy + i, &outside, NN_QUAD);
    }
  }
  const place_t first = {rows.start, columns.start};
  const int8_t *row = windows->input + byte_at(plane, first);
  copy += rows.first * row_bytes;
  for (int32_t y = rows.first; y < rows.end; y++, copy += row_bytes) {
    copy_row(plane, &columns, row, copy);
    row += row_step(plane);
  }
}

/* The same of any two windows, from copies. */
static void widen_copies(const windows_t *windows, place_t a, place_t b, int32_t *output) {
  const nn_plane_t *const plane = &windows->layer->plane;
  const int32_t row_bytes = nn_whole_row_bytes(plane), bytes = plane->kernel.height * row_bytes;
  int8_t *const copy_b = windows->copies + bytes;
  copy_window(windows, a, row_bytes, windows->copies);
  copy_window(windows, b, row_bytes, copy_b);
  widen_rows(windows, windows->copies, copy_b, row_bytes, copy_b + bytes, output);
}

static inline void widen_pair(const windows_t *windows, place_t a, place_t b, int32_t *output) {
  const nn_plane_t *const plane = &windows->layer->plane;
  const int8_t *const input = windows->input;
  const int32_t are_inside = is_inside(windows, a) && is_inside(windows, b);
  const int32_t at_a = byte_at(plane, a), at_b = byte_at(plane, b);
  if (are_inside && plane->dilation.width == 1 && at_b <= windows->last_whole) {
    widen_rows(windows, input + at_a, input + at_b, row_step(plane), windows->copies, output);
  } else if (plane->channels % NN_QUAD != 0) {
    widen_copies(windows, a, b, output);
  } else if (are_inside) {
    widen_apart(plane, input + at_a, input + at_b, output);
  } else {
    widen_beyond(plane, a, input, output);
    widen_beyond(plane, b, input, output + 1);
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
  if (position > last) {
    return;
  }
  const windows_t windows = windows_of(layer, input, copies);
  place_t a = place_of(layer, position);
  while (position <= last) {
    const place_t b = position < last ? next_place(&windows, a, position + 1) : a;
    widen_pair(&windows, a, b, output);
    position += NN_PAIR;
    output += nn_window_words(layer);
    a = next_place(&windows, b, position);
  }
}
