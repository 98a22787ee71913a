#include "nn_planes.h"
#include "nn_threes.h"

/* Some rows of outputs that are computed together. */
typedef struct {
  int32_t row;  /* of the input, above the image where it is negative */
  int32_t rows; /* of the input */
  int8_t *output;
  int32_t *planes;
} strip_t;

/* What lies outside the image, wherever that is. */
static void fill(const nn_depthwise_3x3_t *layer, const strip_t *strip) {
  const int32_t zero_point = (uint16_t)layer->zero_point;
  const int32_t pair = (int32_t)((uint32_t)zero_point << 16 | (uint32_t)zero_point);
  int32_t *const end = strip->planes + NN_BLOCK * layer->words * strip->rows;
  for (int32_t *word = strip->planes; word != end; word++) *word = pair;
}

/* Four channels of the part of the strip that lies in the image. */
static void part(const nn_depthwise_3x3_t *layer, const strip_t *strip, const int8_t *input) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  const int32_t first = nn_max(strip->row, 0);
  const int32_t end = nn_min(strip->row + strip->rows, across->length);
  const int32_t lead = along->padding % 2;
  const int32_t room = 2 * layer->words - along->padding;
  int32_t *const output = strip->planes + along->padding / 2 * strip->rows;
  const nn_planes_t planes = {.pitch = 4 * strip->rows,
                              .plane = 4 * strip->rows * layer->words,
                              .step = along->input_step,
                              .lead = lead,
                              .count = nn_min(along->length, room) - lead,
                              .input = input + first * across->input_step,
                              .row_step = across->input_step,
                              .output = output + first - strip->row,
                              .end = output + end - strip->row};
  if (first < end && planes.count + lead > 0) nn_part_channels(&planes);
}

/* What all filters of a strip have in common. */
static nn_threes_t threes_of(const nn_depthwise_3x3_t *layer, const strip_t *strip) {
  const nn_side_t *const across = &layer->across, *const along = &layer->along;
  const int32_t pairs = (along->result + 1) / 2, pitch = 4 * strip->rows;
  const nn_threes_t threes = {.length = pairs * along->stride * pitch - along->result % 2,
                              .output_step = along->output_step,
                              .row_step = 4 * across->stride,
                              .output_row_step = across->output_step,
                              .pitch = pitch,
                              .last_row = 4 * (strip->rows - 3),
                              .kind = 2 * (along->stride - 1) + layer->is_relu};
  return threes;
}

/* All filters of a channel. */
static void convolve(const nn_depthwise_3x3_t *layer, nn_threes_t *threes, int32_t channel,
                     int8_t *output) {
  const int32_t first = channel * layer->multiplier;
  for (int32_t filter = first; filter < first + layer->multiplier; filter++) {
    threes->scale = layer->quick_scales[filter];
    threes->bias = layer->bias[filter];
    threes->weights = layer->weights + NN_THREES_WEIGHTS * filter;
    threes->output = output + filter;
    nn_sum_threes(threes);
  }
}

static void convolve_strip(const nn_depthwise_3x3_t *layer, const strip_t *strip,
                           const int8_t *input) {
  const int32_t plane = layer->words * strip->rows;
  nn_threes_t threes = threes_of(layer, strip);
  for (int32_t channel = 0; channel < layer->channels;) {
    const int32_t first = nn_min(channel, layer->channels - NN_BLOCK);
    part(layer, strip, input + first);
    threes.input = strip->planes + plane * (channel - first);
    for (; channel < first + NN_BLOCK; channel++, threes.input += plane) {
      convolve(layer, &threes, channel, strip->output);
    }
  }
}

void nn_depthwise_3x3(const nn_depthwise_3x3_t *layer, const int8_t *input, int8_t *output,
                      int32_t *scratch) {
  const nn_side_t *const across = &layer->across;
  strip_t strip = {.planes = scratch};
  int32_t filled = 0; /* rows of the strip, where all of them lie in the image */
  for (int32_t y = 0; y < across->result; y += layer->strip) {
    const int32_t results = nn_min(layer->strip, across->result - y);
    strip.row = y * across->stride - across->padding;
    strip.rows = (results - 1) * across->stride + 3;
    strip.output = output + y * across->output_step;
    const int32_t is_whole = strip.row >= 0 && strip.row + strip.rows <= across->length;
    if (!is_whole || filled != strip.rows) fill(layer, &strip);
    filled = is_whole ? strip.rows : 0;
    convolve_strip(layer, &strip, input);
  }
}
