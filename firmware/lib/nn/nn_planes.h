/* What the depthwise convolutions that go channel by channel share: the input of a few channels,
 * each apart from the others. */
#ifndef NN_PLANES_H
#define NN_PLANES_H

#include "nn_arithmetic.h"

/* Rows of four channels, side by side as bytes, become int16 of each channel: two neighbours of a
 * row in a word, such words of all rows below each other, then the next two neighbours. A neighbour
 * that `lead` or the end leaves over takes half a word. nn_planes_dsp.c knows the order of the
 * words. */
typedef struct {
  int32_t pitch;       /* bytes from a word to that of the next two neighbours */
  int32_t plane;       /* bytes from a channel to the next */
  int32_t step;        /* bytes of the input from a neighbour to the next */
  int32_t lead;        /* 1 where the first is the second half of a word */
  int32_t count;       /* neighbours, `lead` left out */
  const int8_t *input; /* of the first row */
  int32_t row_step;    /* bytes of the input */
  int32_t *output;
  const int32_t *end; /* `output` of the row after the last */
} nn_planes_t;

void nn_part_channels(const nn_planes_t *planes);

#endif
