#include "nn_gather.h"

static int8_t *copy_bytes(const int8_t *input, int32_t count, int8_t *output) {
  for (; count >= 4; count -= 4, input += 4, output += 4) {
    __builtin_memcpy(output, input, 4);
  }
  for (; count > 0; count--) {
    *output++ = *input++;
  }
  return output;
}

static int8_t *fill(int32_t zero_point, int32_t count, int8_t *output) {
  for (; count > 0; count--) {
    *output++ = (int8_t)zero_point;
  }
  return output;
}

/* The part of a window that lies in the row of the input at `row`. */
static int8_t *gather_row(const nn_plane_t *plane, const nn_window_t *x, const int8_t *row,
                          int8_t *output) {
  const int32_t channels = plane->channels;
  const int32_t taps = x->end - x->first;
  output = fill(plane->zero_point, x->first * channels, output);
  row += x->start * channels;
  if (plane->dilation.width == 1) {
    output = copy_bytes(row, taps * channels, output);
  } else {
    for (int32_t tap = 0; tap < taps; tap++, row += plane->dilation.width * channels) {
      output = copy_bytes(row, channels, output);
    }
  }
  return fill(plane->zero_point, (plane->kernel.width - x->end) * channels, output);
}

void nn_gather(const nn_plane_t *plane, int32_t y, int32_t x, const int8_t *input, int8_t *copy) {
  const int32_t row_bytes = plane->kernel.width * plane->channels;
  const nn_window_t columns =
      nn_window(x * plane->stride.width - plane->padding.width, plane->kernel.width,
                plane->dilation.width, plane->input.width);
  int32_t row = y * plane->stride.height - plane->padding.height;
  for (int32_t tap = 0; tap < plane->kernel.height; tap++, row += plane->dilation.height) {
    if (row >= 0 && row < plane->input.height && columns.end > columns.first) {
      const int32_t start = row * plane->input.width * plane->channels;
      copy = gather_row(plane, &columns, input + start, copy);
    } else {
      copy = fill(plane->zero_point, row_bytes, copy);
    }
  }
}

/* Output positions, from the one whose window begins at `origin` on, whose windows lie inside. */
static inline int32_t inside(int32_t origin, int32_t taps, int32_t dilation, int32_t stride,
                             int32_t length) {
  const int32_t room = length - origin - (taps - 1) * dilation;
  return origin < 0 || room < 1 ? 0 : (room - 1) / stride + 1;
}

nn_taps_t nn_find(const nn_plane_t *plane, int32_t y, int32_t x, const int8_t *input,
                  int8_t *copy) {
  const int32_t row = y * plane->stride.height - plane->padding.height;
  const int32_t column = x * plane->stride.width - plane->padding.width;
  const int32_t rows = inside(row, plane->kernel.height, plane->dilation.height,
                              plane->stride.height, plane->input.height);
  const int32_t columns = inside(column, plane->kernel.width, plane->dilation.width,
                                 plane->stride.width, plane->input.width);
  if (rows > 0 && columns > 0) {
    const int32_t line = plane->input.width * plane->channels;
    const nn_taps_t taps = {input + row * line + column * plane->channels,
                            line * plane->dilation.height, plane->channels * plane->dilation.width,
                            columns};
    return taps;
  }
  nn_gather(plane, y, x, input, copy);
  const nn_taps_t taps = {copy, plane->kernel.width * plane->channels, plane->channels, 1};
  return taps;
}
