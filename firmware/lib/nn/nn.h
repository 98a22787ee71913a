/* Integer kernels of the compiled network: int8 activations and weights, int32 sums.
 *
 * Results are byte-equal to TensorFlow Lite Micro's reference kernels. Activations are laid out
 * height, width, channels; the batch is always one. The compiler that emits the calls has proved
 * that no sum leaves int32, so no kernel checks for overflow. Inputs and outputs never
 * overlap. */
#ifndef NN_H
#define NN_H

#include <stdint.h>

/* Output channels that convolutions and dense layers compute together. Their weights are stored
 * interleaved, [block][tap][NN_BLOCK]; weights, biases and scales of the last block are filled up
 * with zeros. */
#define NN_BLOCK 4

/* Where the generated network says that a layer, counted from 0, is done; nothing unless it is
 * built to be profiled. */
#ifdef NN_PROFILE
void nn_layer_done(int32_t layer);
#define NN_LAYER_DONE(layer) nn_layer_done(layer)
#else
#define NN_LAYER_DONE(layer) ((void)0)
#endif

/* The real factor multiplier * 2^(shift - 31); shift -31..30, negative to the right. */
typedef struct {
  int32_t multiplier;
  int32_t shift;
} nn_scale_t;

/* What becomes of a rescaled sum: the zero point is added, then it is clamped. */
typedef struct {
  int32_t zero_point;
  int32_t min;
  int32_t max;
} nn_output_t;

typedef struct {
  int32_t height;
  int32_t width;
} nn_size_t;

/* How twice a sum is rescaled in few steps, where nothing but int8 clamps the result:
 * (sum * multiplier / 2^32 + offset) >> shift. Negative products are one less before the offset,
 * so that ties go away from zero; after ReLU to -128 they need not be. */
typedef struct {
  int32_t multiplier;
  int32_t offset; /* half of what is shifted out, and the zero point */
  int32_t shift;  /* to the right */
} nn_quick_scale_t;

/* The same for layers of many channels, whose zero point says the rest: the offset is `halves`, the
 * zero point and one half in halves of a step, shifted left. */
typedef struct {
  int32_t multiplier;
  int32_t shift; /* to the right, before halves become steps */
} nn_short_scale_t;

/* Convolution along one axis, then max-pooling of `pool` neighbours before rescaling. Rescaling is
 * monotone, so the result is that of pooling afterwards. Positions are computed in pairs. The
 * window of a position consists of `runs` stretches of the input, of `run` pairs of elements. Steps
 * and paddings count in elements. The largest of `columns` filters counts, where columns of a
 * picture are pooled. */
typedef struct {
  const int16_t *weights; /* [blocks][columns][runs][run][NN_BLOCK][2], in whole words */
  const int32_t *bias;    /* [blocks][columns][NN_BLOCK], minus input zero point * sum of weights */
  const nn_scale_t *scales;             /* [blocks * NN_BLOCK], or NULL and: */
  const nn_quick_scale_t *quick_scales; /* weights and bias are doubled */
  int32_t inputs;
  int32_t padding;   /* before the first element, reads as the input zero point */
  int32_t step;      /* from one position's window to the next one's */
  int32_t run;       /* pairs of elements in a stretch; the last tap may be a weight of zero */
  int32_t run_step;  /* from one stretch to the next */
  int32_t advance;   /* widened words from a pair of positions to the next; windows may overlap */
  int32_t chunk;     /* pairs of positions that are widened together: whole pools */
  int32_t positions; /* after pooling */
  int32_t channels_out;
  int16_t runs;
  int16_t pool;    /* 1 for none */
  int16_t columns; /* 1 for none */
  int16_t input_zero_point;
  nn_output_t output;
} nn_conv1d_t;

/* Mean of `count` values that lie `inner` apart, [outer][count][inner] to [outer][inner]. */
typedef struct {
  int32_t outer;
  int32_t count;
  int32_t inner;
  int32_t input_zero_point;
  nn_scale_t scale; /* with 1 / count folded in */
  int32_t output_zero_point;
} nn_mean_t;

/* How a filter lies on its input; padding: before the first row and column. */
typedef struct {
  nn_size_t input;
  nn_size_t result;
  nn_size_t kernel;
  nn_size_t stride;
  nn_size_t dilation;
  nn_size_t padding;
  int32_t channels;
  int32_t zero_point; /* of the input, and what lies outside */
} nn_plane_t;

/* A dense layer with one row, or filters as its rows: then its inputs are a window of at least
 * four. Inputs are taken in quads: the first four, then all that remain after `inputs % 4` of them,
 * or after four. Inputs that are met twice have weights of zero in the first quad. A weight is that
 * of two outputs, even + 256 * odd; those of inputs 0, 2, 1, 3 of a quad lie together. The compiler
 * has proved that the products with odd weights sum up to less than 2^23. Of nn_fully_connected,
 * outputs after the last whole block are taken in pairs, whose weights are [pairs][quads][4]. */
typedef struct {
  const int16_t *weights;   /* [blocks][quads][NN_BLOCK / 2][4], in whole words */
  const int32_t *bias;      /* [blocks * NN_BLOCK], minus input zero point * sum of the weights */
  const nn_scale_t *scales; /* as many, or one block for all; or NULL and: */
  const nn_quick_scale_t *quick_scales; /* the bias is doubled */
  int32_t scale_step; /* from the scales of one block to those of the next; 0 for one block */
  int32_t inputs;
  int32_t outputs;
  nn_output_t output;
} nn_rows_t;

/* As nn_conv1d in little memory: windows lie inside the input and in one piece. */
typedef struct {
  nn_rows_t rows;
  int32_t step;      /* from one position's window to the next one's */
  int32_t positions; /* after pooling */
  int32_t pool;      /* 1 for none */
} nn_conv1d_compact_t;

/* Max-pooling of `pool` neighbours; plane.result is that before it, cut to whole pools. The taps of
 * a window are taken in quads: those of each row, kernel width * channels, then what is left over
 * of all rows, filled up with weights of zero. 0 and 2, then 1 and 3 of a quad lie together.
 * Weights of nn_conv2d are those of two channels, even + 256 * odd; the compiler has proved that
 * the products with odd weights sum up to less than 2^23. Those of nn_conv2d_wide are doubled. */
typedef struct {
  const int16_t *weights; /* [blocks][quads][2][NN_BLOCK / 2, wide NN_BLOCK][2], in whole words */
  const int32_t *bias;    /* doubled, [blocks * NN_BLOCK], minus zero point * sum of weights */
  const nn_short_scale_t *short_scales; /* as many */
  nn_plane_t plane;
  nn_size_t pool;
  int32_t quads;
  int32_t block_bytes; /* of the weights of a block of channels */
  int32_t chunk;       /* pairs of positions that are widened together, 1 with a pool */
  int32_t channels_out;
  nn_output_t output; /* clamps what is rescaled and pooled */
} nn_conv2d_t;

/* Where windows are many bytes for few channels: each is copied, and is the input of a dense layer.
 * Rows of windows are whole quads, outputs whole blocks; columns are not dilated. */
typedef struct {
  nn_rows_t rows;
  nn_plane_t plane;
} nn_conv2d_copied_t;

/* Each input position adds the filters, times its values, to the outputs from its own place times
 * the stride on. plane.padding: so many of the first outputs are cut off. */
typedef struct {
  const int8_t *weights; /* [blocks][kernel height * width * channels][NN_BLOCK] */
  const int32_t *bias;   /* [blocks * NN_BLOCK] */
  const nn_scale_t *scales;
  nn_plane_t plane;
  int32_t filters;
  nn_output_t output;
} nn_transpose_conv2d_t;

/* For groups of channels, and for weights that no pairs of rows can be made of. */
typedef struct {
  const int8_t *weights; /* [groups][blocks][kernel height * width * channels in][NN_BLOCK] */
  const int32_t *bias;   /* [groups][blocks * NN_BLOCK] */
  const nn_scale_t *scales;
  nn_plane_t plane;
  int32_t groups;
  int32_t group_channels_in;
  int32_t group_channels_out;
  nn_output_t output;
} nn_conv2d_any_t;

/* One side of a picture and how a filter lies on it; padding: before the first position. Steps: in
 * bytes, from one position to the next. */
typedef struct {
  int32_t length;
  int32_t result;
  int32_t stride;
  int32_t padding;
  int32_t input_step;
  int32_t output_step;
} nn_side_t;

/* At least four channels, in blocks of them; the last block begins four before the end, so that it
 * may share channels with the one before. Height and width of kernel and dilation: across and
 * along. */
typedef struct {
  const int8_t *weights;    /* [multiplier][blocks][kernel height][kernel width][NN_BLOCK] */
  const int32_t *bias;      /* [multiplier][blocks][NN_BLOCK] */
  const nn_scale_t *scales; /* as many, or NULL and: */
  const nn_short_scale_t *short_scales; /* for sums that are doubled */
  nn_side_t across;
  nn_side_t along;
  nn_size_t kernel;
  nn_size_t dilation;
  int32_t channels;
  int32_t multiplier; /* output channels for each input channel */
  int32_t zero_point; /* of the input, and what lies outside */
  nn_output_t output;
} nn_depthwise_conv2d_t;

/* Of at least four channels, each on its own, in strips of some rows. Rows lie along one side of
 * the picture, whichever is better, with a stride of 1 or 2. */
typedef struct {
  const int8_t *weights;                /* [channels * multiplier][3 rows][3] */
  const int32_t *bias;                  /* as many, doubled, minus zero point * sum of weights */
  const nn_short_scale_t *short_scales; /* as many */
  nn_side_t across;                     /* from row to row */
  nn_side_t along;
  int32_t channels;
  int32_t multiplier; /* output channels for each input channel */
  int32_t zero_point; /* of the input, and what lies outside */
  int32_t halves;     /* of short_scales */
  int32_t strip;      /* rows of outputs that are computed together, at most */
  int32_t words;      /* that a row of one channel takes, of two positions each */
} nn_depthwise_3x3_t;

/* The same for filters of any size, a row of outputs at a time. A pair of outputs sees `steps`
 * words of input, two columns of one row each: rows below each other, then the next two columns. */
typedef struct {
  const int8_t *weights; /* [channels * multiplier][steps][4]: of the first column for either
                            output, then of the second */
  const int32_t *bias;   /* [channels * multiplier], doubled, minus zero point * sum of weights */
  const nn_short_scale_t *short_scales; /* as many */
  nn_side_t across;
  nn_side_t along;
  int32_t rows; /* of the filter */
  int32_t row_dilation;
  int32_t steps;
  int32_t channels;
  int32_t multiplier;
  int32_t zero_point;
  int32_t halves; /* of short_scales */
  int32_t chunk;  /* outputs of a row that are computed together, at most */
  int32_t words;  /* that a row of one channel takes for them */
} nn_depthwise_rows_t;

typedef struct {
  nn_size_t input;
  nn_size_t result;
  nn_size_t window;
  nn_size_t stride;
  nn_size_t padding;
  int32_t channels;
  int32_t min;
  int32_t max;
} nn_pool2d_t;

/* Both operands are brought to a common scale, 2^20 times finer, then added. */
typedef struct {
  int32_t count;   /* output elements */
  int32_t count_a; /* a repeats after so many */
  int32_t count_b;
  int32_t zero_point_a;
  int32_t zero_point_b;
  nn_scale_t scale_a;
  nn_scale_t scale_b;
  nn_scale_t scale;
  nn_output_t output;
} nn_add_t;

/* The same operands, multiplied. */
typedef struct {
  int32_t count;
  int32_t count_a;
  int32_t count_b;
  int32_t zero_point_a;
  int32_t zero_point_b;
  nn_scale_t scale;
  nn_output_t output;
} nn_mul_t;

/* Where a is below its zero point, it is multiplied with b. */
typedef struct {
  int32_t count;
  int32_t count_a;
  int32_t count_b;
  int32_t zero_point_a;
  int32_t zero_point_b;
  nn_scale_t scale;
  nn_scale_t scale_below; /* of the product */
  nn_output_t output;
} nn_prelu_t;

/* The larger or the smaller of two bytes. */
typedef struct {
  int32_t count;
  int32_t count_a;
  int32_t count_b;
} nn_extreme_t;

#define NN_LESS 1
#define NN_EQUAL 2
#define NN_GREATER 4

/* 1 where a is one of what is `wanted` beside b, else 0. */
typedef struct {
  int32_t count;
  int32_t count_a;
  int32_t count_b;
  int32_t zero_point_a;
  int32_t zero_point_b;
  nn_scale_t scale_a;
  nn_scale_t scale_b;
  int32_t wanted;
} nn_compare_t;

/* The byte of a where the condition is not 0, else that of b. */
typedef struct {
  int32_t count;
  int32_t count_condition;
  int32_t count_a;
  int32_t count_b;
} nn_select_t;

/* Of `count` values that lie `inner` apart, [outer][count][inner] to [outer][inner]. */
typedef struct {
  int32_t outer;
  int32_t count;
  int32_t inner;
} nn_reduce_t;

typedef struct {
  const int16_t *rows;    /* of the input, for each of the output */
  const int16_t *columns; /* the same */
  int32_t row_count;
  int32_t column_count;
  int32_t row_bytes;
  int32_t bytes; /* of a position */
} nn_resize_nearest_t;

#define NN_AXES 5

/* Goes over the output, outermost axis first, and copies `run` bytes at each place. */
typedef struct {
  int32_t shape[NN_AXES];
  int32_t steps[NN_AXES]; /* bytes of the input from one place to the next along an axis */
  int32_t start;          /* byte of the input that comes first */
  int32_t run;
} nn_strided_copy_t;

/* `outer` times some bytes of each input. */
typedef struct {
  const int32_t *bytes; /* of each input */
  int32_t count;        /* inputs */
  int32_t outer;
} nn_concatenate_t;

/* Between integers of 1, 2 or 4 bytes. */
typedef struct {
  int32_t count;
  int32_t input_bytes;
  int32_t output_bytes;
  int32_t input_zero_point;
  nn_scale_t scale;
  nn_output_t output;
} nn_quantize_t;

/* Filters of which each keeps its last values, int16; `rank` of them are summed up for a unit. */
typedef struct {
  const void *features;        /* as the weights of nn_rows_t, or of nn_svdf_any int8
                                  [filters][inputs] */
  const int16_t *times;        /* [filters][memory], of the oldest value first */
  const int32_t *feature_bias; /* [filters], minus input zero point * sum of features */
  const int32_t *bias;         /* [units] */
  int32_t inputs;
  int32_t filters; /* whole units */
  int32_t rank;
  int32_t memory;
  nn_scale_t feature_scale; /* from the sum of a filter to its value */
  nn_scale_t scale;
  nn_output_t output;
} nn_svdf_t;

/* An LSTM over a sequence. Gates lie together for each unit: what is let in, what is kept, the
 * candidate, what is shown. */
typedef struct {
  const int8_t *input_weights;     /* [units][4][inputs] */
  const int8_t *recurrent_weights; /* [units][4][units] */
  const int32_t *bias;             /* [units][4], minus input zero point * sum of input weights */
  nn_scale_t input_scales[4];      /* from sums to gates, in steps of 2^-12 */
  nn_scale_t recurrent_scales[4];
  int32_t steps;
  int32_t inputs;
  int32_t units;
  int32_t lowest_cell;
  int32_t highest_cell;
  nn_scale_t keep_scale;
  nn_scale_t add_scale;
  nn_scale_t show_scale;
  int32_t squash_factor; /* from a cell to the input of its tanh: factor * 2^-shift */
  int32_t squash_shift;
  nn_output_t output;
} nn_sequence_lstm_t;

#define NN_PAD_AXES 4

typedef struct {
  int32_t shape[NN_PAD_AXES]; /* of the input, outermost first */
  int32_t before[NN_PAD_AXES];
  int32_t after[NN_PAD_AXES];
  int8_t value;
} nn_pad_t;

typedef struct {
  const int32_t *exponentials; /* exp(-distance from the largest), Q0.31; zero beyond the table */
  int32_t entries;
  int32_t rows;
  int32_t classes;
} nn_softmax_t;

/* `scratch`: words as the compiler counts them in convolution.py. */
void nn_conv1d(const nn_conv1d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch);

/* For quick_scales and ReLU to -128: pool is 2, blocks are whole, columns 1. */
void nn_conv1d_relu(const nn_conv1d_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch);

/* The convolution's output is averaged over all positions and never stored. */
void nn_conv1d_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch);

void nn_conv1d_relu_mean(const nn_conv1d_t *layer, const nn_mean_t *mean, const int8_t *input,
                         int8_t *output, int32_t *scratch);

void nn_conv1d_compact(const nn_conv1d_compact_t *layer, const int8_t *input, int8_t *output);

void nn_conv1d_compact_mean(const nn_conv1d_compact_t *layer, const nn_mean_t *mean,
                            const int8_t *input, int8_t *output);

/* Where filters are one by one, the stride is one and channels come in fours, the output may
 * overlap the input: if it begins no later, and before it by as much as it is longer. */
void nn_conv2d(const nn_conv2d_t *layer, const int8_t *input, int8_t *output, int32_t *scratch);

void nn_conv2d_wide(const nn_conv2d_t *layer, const int8_t *input, int8_t *output,
                    int32_t *scratch);

/* The convolution's output is averaged over all positions and never stored. */
void nn_conv2d_mean(const nn_conv2d_t *layer, const nn_mean_t *mean, const int8_t *input,
                    int8_t *output, int32_t *scratch);

void nn_conv2d_wide_mean(const nn_conv2d_t *layer, const nn_mean_t *mean, const int8_t *input,
                         int8_t *output, int32_t *scratch);

/* For quick scales; `scratch`: a window. */
void nn_conv2d_copied(const nn_conv2d_copied_t *layer, const int8_t *input, int8_t *output,
                      int32_t *scratch);

void nn_transpose_conv2d(const nn_transpose_conv2d_t *layer, const int8_t *input, int8_t *output);

void nn_conv2d_any(const nn_conv2d_any_t *layer, const int8_t *input, int8_t *output);

/* `scratch`: a word for each channel. */
void nn_depthwise_conv2d(const nn_depthwise_conv2d_t *layer, const int8_t *input, int8_t *output,
                         int32_t *scratch);

/* `scratch`: four rows of words for each row of the input that a strip needs. */
void nn_depthwise_3x3(const nn_depthwise_3x3_t *layer, const int8_t *input, int8_t *output,
                      int32_t *scratch);

void nn_depthwise_rows(const nn_depthwise_rows_t *layer, const int8_t *input, int8_t *output,
                       int32_t *scratch);

/* For quick scales. */
void nn_fully_connected(const nn_rows_t *layer, const int8_t *input, int8_t *output);

/* The same for outputs in whole blocks. */
void nn_fully_connected_blocks(const nn_rows_t *layer, const int8_t *input, int8_t *output);

/* For fewer than four inputs. */
void nn_fully_connected_few(const nn_rows_t *layer, const int8_t *input, int8_t *output);

/* `part`: quads whose products with odd weights sum up to less than 2^23. */
void nn_fully_connected_parts(const nn_rows_t *layer, int32_t part, const int8_t *input,
                              int8_t *output);

void nn_max_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output);

/* Positions outside the input do not count. */
void nn_average_pool2d(const nn_pool2d_t *layer, const int8_t *input, int8_t *output);

void nn_mean(const nn_mean_t *layer, const int8_t *input, int8_t *output);

void nn_add(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

/* a - b. */
void nn_sub(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_mul(const nn_mul_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_prelu(const nn_prelu_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_maximum(const nn_extreme_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_minimum(const nn_extreme_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_reduce_max(const nn_reduce_t *layer, const int8_t *input, int8_t *output);

void nn_reduce_min(const nn_reduce_t *layer, const int8_t *input, int8_t *output);

void nn_compare(const nn_compare_t *layer, const int8_t *a, const int8_t *b, int8_t *output);

void nn_select(const nn_select_t *layer, const int8_t *condition, const int8_t *a, const int8_t *b,
               int8_t *output);

/* Places of the largest or smallest: int32. */
void nn_arg_max(const nn_reduce_t *layer, const int8_t *input, void *output);

void nn_arg_min(const nn_reduce_t *layer, const int8_t *input, void *output);

void nn_resize_nearest(const nn_resize_nearest_t *layer, const int8_t *input, int8_t *output);

void nn_pad(const nn_pad_t *layer, const int8_t *input, int8_t *output);

void nn_softmax(const nn_softmax_t *layer, const int8_t *input, int8_t *output);

/* The same to int16, in steps of 1 / 65536 from -32768. */
void nn_softmax_wide(const nn_softmax_t *layer, const int8_t *input, void *output);

/* `state`: int16 [filters][memory]. Sums beyond int32 wrap around, as they do in TensorFlow Lite
 * Micro. */
void nn_svdf(const nn_svdf_t *layer, const int8_t *input, int8_t *output, int32_t *state);

/* For features that no pairs of rows can be made of. */
void nn_svdf_any(const nn_svdf_t *layer, const int8_t *input, int8_t *output, int32_t *state);

/* `state`: int16 [units] of what was shown, less its zero point; then [units] of the cells. */
void nn_sequence_lstm(const nn_sequence_lstm_t *layer, const int8_t *input, int8_t *output,
                      int32_t *state);

/* Any function of one int8: output = table[input + 128]. */
void nn_lookup(const int8_t table[256], int32_t count, const int8_t *input, int8_t *output);

void nn_quantize(const nn_quantize_t *layer, const void *input, void *output);

void nn_strided_copy(const nn_strided_copy_t *layer, const int8_t *input, int8_t *output);

void nn_concatenate(const nn_concatenate_t *layer, const int8_t *const inputs[], int8_t *output);

void nn_copy(int32_t count, const int8_t *input, int8_t *output);

#endif
