/* Kernels of networks with activations of int16 and weights of int8 (16x8). Zero points are 0, and
 * so is what lies outside a picture. Activations are halves of words, and void where kernels of
 * other files take them too.
 *
 * Results are byte-equal to TensorFlow Lite Micro's reference kernels. */
#ifndef NN_INT16_H
#define NN_INT16_H

#include "nn.h"

/* What becomes of the sums of a layer's filters, of whole blocks of them. A sum of 64 bits is
 * multiplied with the upper 15 bits of a multiplier. In few steps, where a sum and its bias fit 32
 * bits: (sum * multiplier / 2^32 + offset) >> shift, rounded down. `is_narrow`: sums have 32 bits,
 * and are rescaled as those of int8. */
typedef struct {
  const int32_t *bias; /* or NULL */
  const nn_quick_scale_t *quick_scales;
  const int64_t *wide_bias; /* or NULL */
  const nn_scale_t *scales;
  int32_t is_narrow;
  int32_t min;
  int32_t max;
} nn_sums_int16_t;

/* Also a dense layer, whose rows are positions with a filter of one by one. Windows are taken in
 * quads of inputs, the last one filled up with zeros. A window inside the input is not copied: the
 * quads after the first are its last inputs, and those that are met twice have weights of zero in
 * the first. In the compact variant a weight is one byte: those of inputs 0, 2, 1, 3 of a quad lie
 * together. */
typedef struct {
  const void *weights;  /* int16 [groups][blocks][quads][2][NN_BLOCK][2], in whole words; compact
                           int8 [groups][blocks][quads][NN_BLOCK][4] */
  nn_sums_int16_t sums; /* [groups][blocks * NN_BLOCK] */
  nn_plane_t plane;
  int32_t groups;
  int32_t group_channels_in;
  int32_t group_channels_out;
  int32_t quads; /* of a window */
  int32_t part;  /* quads whose products sum up to less than 2^31 */
} nn_conv2d_int16_t;

/* At least four channels, in blocks of them; the last block begins four before the end. A weight's
 * byte is where that of a quad lies in the compact variant above. */
typedef struct {
  const int8_t *weights; /* [multiplier][blocks][kernel height][kernel width][NN_BLOCK] */
  nn_sums_int16_t sums;  /* [multiplier][blocks][NN_BLOCK] */
  nn_plane_t plane;
  int32_t multiplier; /* output channels for each input channel */
} nn_depthwise_int16_t;

/* As nn_transpose_conv2d_t. */
typedef struct {
  const int8_t *weights; /* [blocks][kernel height * width * channels][NN_BLOCK] */
  nn_sums_int16_t sums;  /* [blocks * NN_BLOCK] */
  nn_plane_t plane;
  int32_t filters;
} nn_transpose_conv2d_int16_t;

/* value * scale, and below zero value * scale_below, turned where that is `turned`. */
typedef struct {
  int32_t count;
  nn_scale_t scale;
  nn_scale_t scale_below;
  int32_t turned;
} nn_slopes_int16_t;

/* An input becomes (input * multiplier + half of what is shifted out) >> shift, in steps of which
 * 2^17 are 32 / 3. */
typedef struct {
  int32_t count;
  int32_t multiplier;
  int32_t shift;
} nn_sigmoid_int16_t;

typedef struct {
  nn_scale_t scale; /* from a distance to steps of which 65535 are 10 */
  int32_t rows;
  int32_t classes;
} nn_softmax_int16_t;

/* `scratch`: the window of a position, in whole quads. */
void nn_conv2d_int16(const nn_conv2d_int16_t *layer, const void *input, void *output,
                     int32_t *scratch);

void nn_conv2d_int16_compact(const nn_conv2d_int16_t *layer, const void *input, void *output,
                             int32_t *scratch);

/* Where windows of at least a quad lie in one piece inside the input. */
void nn_conv2d_int16_inside(const nn_conv2d_int16_t *layer, const void *input, void *output);

void nn_conv2d_int16_inside_compact(const nn_conv2d_int16_t *layer, const void *input,
                                    void *output);

void nn_depthwise_int16(const nn_depthwise_int16_t *layer, const void *input, void *output);

void nn_transpose_conv2d_int16(const nn_transpose_conv2d_int16_t *layer, const void *input,
                               void *output);

void nn_max_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output);

/* Positions outside the input do not count. */
void nn_average_pool2d_int16(const nn_pool2d_t *layer, const void *input, void *output);

void nn_mean_int16(const nn_mean_t *layer, const void *input, void *output);

/* Steps in common are 2^15 times finer. */
void nn_add_int16(const nn_add_t *layer, const void *a, const void *b, void *output);

/* a - b. */
void nn_sub_int16(const nn_add_t *layer, const void *a, const void *b, void *output);

void nn_mul_int16(const nn_mul_t *layer, const void *a, const void *b, void *output);

/* b: int8. */
void nn_prelu_int16(const nn_prelu_t *layer, const void *a, const int8_t *b, void *output);

void nn_maximum_int16(const nn_extreme_t *layer, const void *a, const void *b, void *output);

void nn_minimum_int16(const nn_extreme_t *layer, const void *a, const void *b, void *output);

void nn_leaky_relu_int16(const nn_slopes_int16_t *layer, const void *input, void *output);

/* The sizes of values, rescaled. */
void nn_abs_int16(const nn_slopes_int16_t *layer, const void *input, void *output);

/* 1 / (1 + exp(-x)) in steps of 2^-15. */
void nn_logistic_int16(const nn_sigmoid_int16_t *layer, const void *input, void *output);

void nn_tanh_int16(const nn_sigmoid_int16_t *layer, const void *input, void *output);

/* In steps of 2^-15. */
void nn_softmax_int16(const nn_softmax_int16_t *layer, const void *input, void *output);

#endif
