/* Kernels that compute only what is new: each call is given the next columns of its input and has
 * in `state` what it needs of those before. A column is all channels at one position in time.
 *
 * Results are those of the layer over a whole window, once that many columns have been seen; a
 * state may start as anything, and is zero after a reset. */
#ifndef NN_STREAM_H
#define NN_STREAM_H

#include "nn.h"

/* Convolution along time without padding, then max-pooling before rescaling, as nn_conv1d_t. The
 * state is a window, widened to int16: whole columns, filled up to whole words. What is called
 * bytes counts in such columns, or in weights. nn_columns_dsp.c knows the first nine fields. */
typedef struct {
  const int16_t *weights;              /* [blocks][taps][words of a column][NN_BLOCK][2] */
  const int32_t *bias;                 /* [blocks * NN_BLOCK], as in nn_conv1d_t */
  const nn_quick_scale_t *relu_scales; /* of nn_stream_conv1d_relu, else NULL */
  int32_t weights_bytes;
  int32_t step_bytes;                   /* from one position of a pool to the next */
  int32_t last_bytes;                   /* from the first position of a pool to the last */
  int32_t gap_bytes;                    /* between runs, where taps do not lie together */
  int32_t run;                          /* words of a window that lie together */
  int32_t runs;                         /* in a window */
  const nn_scale_t *scales;             /* of nn_stream_conv1d, or NULL and: */
  const nn_quick_scale_t *quick_scales; /* doubled weights and bias */
  int32_t channels_in;
  int32_t channels_out;
  int32_t fresh;   /* columns that one output column takes */
  int32_t history; /* words before them */
  nn_output_t output;
} nn_stream_conv1d_t;

/* `columns` of output, from fresh * columns of input. Input and output may overlap where that is
 * one. State: history, filled up to whole quads of words, and the fresh columns; for
 * AddressSanitizer and others, no more is read. */
void nn_stream_conv1d(const nn_stream_conv1d_t *layer, int32_t columns, const int8_t *input,
                      int8_t *output, int32_t *state, int32_t *scratch);

/* For relu_scales: whole blocks, doubled weights and bias. */
void nn_stream_conv1d_relu(const nn_stream_conv1d_t *layer, int32_t columns, const int8_t *input,
                           int8_t *output, int32_t *state);

/* The mean over the last `count` columns of `inner` channels, from their sums: those that come are
 * added, those that leave are subtracted. State: the place of the oldest column, the sums, the
 * columns. */
void nn_stream_mean_add(const nn_mean_t *layer, int32_t columns, const int8_t *input,
                        int32_t *state);

void nn_stream_mean(const nn_mean_t *layer, int8_t *output, const int32_t *state);

/* The same for channels in whole quads and at most 255 columns, whose sums are kept in int16. */
void nn_stream_mean_quads_add(const nn_mean_t *layer, int32_t columns, const int8_t *input,
                              int32_t *state);

void nn_stream_mean_quads(const nn_mean_t *layer, int8_t *output, const int32_t *state);

/* For layers that have no kernel of their own here: the last bytes of a stream, of which `kept`
 * were there before and `fresh` are new. */
void nn_stream_append(int32_t kept, int32_t fresh, const int8_t *input, int32_t *state);

#endif
