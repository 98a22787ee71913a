#include "nn_bytes.h"
#include "nn_conv2d.h"

/* Where the window of a position lies on the input. */
typedef struct {
  nn_window_t y;
  nn_window_t x;
} place_t;

static place_t place_of(const nn_conv2d_t *layer, int32_t position) {
  const nn_plane_t *const plane = &layer->plane;
  const nn_size_t pool = layer->pool;
  int32_t columns = plane->result.width, number = position, within = 0;
  if (pool.height * pool.width > 1) {
    columns /= pool.width;
    number = position / (pool.height * pool.width);
    within = position % (pool.height * pool.width);
  }
  const int32_t y = number / columns * pool.height + within / pool.width;
  const int32_t x = number % columns * pool.width + within % pool.width;
  const place_t place = {
      nn_window(y * plane->stride.height - plane->padding.height, plane->kernel.height,
                plane->dilation.height, plane->input.height),
      nn_window(x * plane->stride.width - plane->padding.width, plane->kernel.width,
                plane->dilation.width, plane->input.width)};
  return place;
}

static inline int is_inside(const nn_plane_t *plane, const place_t *place) {
  return place->y.first == 0 && place->y.end == plane->kernel.height && place->x.first == 0 &&
         place->x.end == plane->kernel.width;
}

static inline const int8_t *start_of(const nn_plane_t *plane, const place_t *place,
                                     const int8_t *input) {
  return input + (place->y.start * plane->input.width + place->x.start) * plane->channels;
}

/* Both windows lie inside, and consist of runs in whole quads. */
static void widen_inside(const nn_plane_t *plane, const int8_t *a, const int8_t *b, int32_t run,
                         int32_t *output) {
  const int32_t row = plane->dilation.height * plane->input.width * plane->channels;
  const int32_t runs = plane->kernel.width * plane->channels / run;
  const int32_t run_step = plane->dilation.width * plane->channels;
  for (int32_t y = plane->kernel.height; y > 0; y--, a += row, b += row) {
    for (int32_t i = 0; i < runs; i++, output += run) {
      nn_widen_both(a + i * run_step, b + i * run_step, run / NN_QUAD, output);
    }
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
static void widen_beyond(const nn_plane_t *plane, const place_t *place, const int8_t *input,
                         int32_t *output) {
  const int8_t zero = (int8_t)plane->zero_point;
  const int8_t outside[NN_QUAD] = {zero, zero, zero, zero};
  const int32_t quads = plane->channels / NN_QUAD, taps = plane->kernel.width;
  const int32_t before = place->x.first, after = nn_max(place->x.end, before);
  const int8_t *row = start_of(plane, place, input);
  for (int32_t y = 0; y < plane->kernel.height; y++) {
    if (y < place->y.first || y >= place->y.end) {
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
static void copy_window(const nn_plane_t *plane, const place_t *place, const int8_t *input,
                        int32_t bytes, int8_t *copy) {
  if (!is_inside(plane, place)) {
    const uint32_t outside = nn_four_bytes(plane->zero_point);
    for (int32_t i = 0; i < bytes; i += NN_QUAD) {
      memcpy(copy + i, &outside, NN_QUAD);
    }
  }
  const int8_t *row = start_of(plane, place, input);
  const int32_t row_bytes = plane->kernel.width * plane->channels;
  copy += place->y.first * row_bytes;
  for (int32_t y = place->y.first; y < place->y.end; y++, copy += row_bytes) {
    copy_row(plane, &place->x, row, copy);
    row += plane->dilation.height * plane->input.width * plane->channels;
  }
}

void nn_widen_windows(const nn_conv2d_t *layer, int32_t a, int32_t b, const int8_t *input,
                      int8_t *copies, int32_t *output) {
  const nn_plane_t *const plane = &layer->plane;
  const place_t place_a = place_of(layer, a), place_b = place_of(layer, b);
  const int32_t run = plane->channels * (plane->dilation.width == 1 ? plane->kernel.width : 1);
  if (run % NN_QUAD == 0 && is_inside(plane, &place_a) && is_inside(plane, &place_b)) {
    const int8_t *const from = start_of(plane, &place_a, input);
    widen_inside(plane, from, start_of(plane, &place_b, input), run, output);
  } else if (plane->channels % NN_QUAD == 0) {
    widen_beyond(plane, &place_a, input, output);
    widen_beyond(plane, &place_b, input, output + 1);
  } else {
    const int32_t bytes = NN_QUAD * layer->quads;
    copy_window(plane, &place_a, input, bytes, copies);
    copy_window(plane, &place_b, input, bytes, copies + bytes);
    nn_widen_both(copies, copies + bytes, layer->quads, output);
  }
}
