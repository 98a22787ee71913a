#include "nn_rows.h"

#ifndef NN_DSP

/* One quad of inputs for two outputs. */
static void sum_quad(const int8_t *x, const int16_t *weights, int32_t sums[2]) {
  static const int8_t inputs[NN_QUAD] = {0, 2, 1, 3};
  for (int32_t i = 0; i < NN_QUAD; i++) {
    const int32_t even = (int8_t)weights[i];
    sums[0] += x[inputs[i]] * even;
    sums[1] += x[inputs[i]] * ((weights[i] - even) >> 8);
  }
}

void nn_sum_quads(const int8_t *first, const int16_t *weights, int32_t more, int32_t sums[NN_BLOCK],
                  const int8_t *rest) {
  const int8_t *x = first;
  for (int32_t i = 0; i < NN_BLOCK; i++) {
    sums[i] = 0;
  }
  for (int32_t quad = 0; quad <= more; quad++) {
    for (int32_t i = 0; i < NN_BLOCK; i += 2, weights += NN_QUAD) {
      sum_quad(x, weights, sums + i);
    }
    x = rest + NN_QUAD * quad;
  }
}

void nn_sum_quads_of_pair(const int8_t *first, const int16_t *weights, int32_t more,
                          int32_t sums[2], const int8_t *rest) {
  const int8_t *x = first;
  sums[0] = sums[1] = 0;
  for (int32_t quad = 0; quad <= more; quad++, weights += NN_QUAD) {
    sum_quad(x, weights, sums);
    x = rest + NN_QUAD * quad;
  }
}

void nn_sum_dense(const nn_dense_t *dense) {
  const int16_t *weights = dense->weights;
  const int32_t *bias = dense->bias;
  int8_t *output = dense->output;
  const nn_quick_scale_t *scale = dense->scales;
  while (output != dense->output_end) {
    int32_t sums[NN_BLOCK];
    nn_sum_quads(dense->first, weights, dense->more, sums, dense->rest);
    weights += 2 * NN_BLOCK * (dense->more + 1);
    for (int32_t i = 0; i < NN_BLOCK; i++) {
      *output++ = (int8_t)nn_requantize_quick(2 * sums[i] + *bias++, *scale++);
    }
    scale -= dense->scales_back / (int32_t)sizeof *scale;
  }
}

#endif

/* Outputs after the last whole block, whose scales come first. */
static void finish_pairs(const nn_dense_t *dense, const nn_quick_scale_t *scale, int32_t outputs) {
  int32_t sums[NN_BLOCK];
  for (int32_t i = 0; i < outputs; i += 2) {
    const int16_t *const weights = dense->weights + i / 2 * NN_QUAD * (dense->more + 1);
    nn_sum_quads_of_pair(dense->first, weights, dense->more, sums + i, dense->rest);
  }
  for (int32_t i = 0; i < outputs; i++) {
    dense->output[i] = (int8_t)nn_requantize_quick(2 * sums[i] + dense->bias[i], scale[i]);
  }
}

/* The first outputs of a layer, in whole blocks. */
static inline nn_dense_t dense_of(const nn_rows_t *layer, const int8_t *input, int32_t outputs,
                                  int8_t *output) {
  const nn_row_block_t block = nn_row_block(layer, 0);
  const nn_dense_t dense = {.first = input,
                            .weights = layer->weights,
                            .more = block.more,
                            .rest = input + block.rest,
                            .bias = layer->bias,
                            .scales = layer->quick_scales,
                            .output = output,
                            .output_end = output + outputs,
                            .scales_back = nn_scales_back(layer)};
  return dense;
}

void nn_fully_connected_blocks(const nn_rows_t *layer, const int8_t *input, int8_t *output) {
  const nn_dense_t dense = dense_of(layer, input, layer->outputs, output);
  nn_sum_dense(&dense);
}

void nn_fully_connected(const nn_rows_t *layer, const int8_t *input, int8_t *output) {
  const int32_t whole = layer->outputs / NN_BLOCK * NN_BLOCK;
  nn_dense_t dense = dense_of(layer, input, whole, output);
  if (whole > 0) {
    nn_sum_dense(&dense);
  }
  dense.weights += whole / 2 * NN_QUAD * (dense.more + 1);
  dense.bias += whole;
  dense.output += whole;
  finish_pairs(&dense, layer->quick_scales + whole / NN_BLOCK * layer->scale_step,
               layer->outputs - whole);
}

void nn_fully_connected_few(const nn_rows_t *layer, const int8_t *input, int8_t *output) {
  int8_t quad[NN_QUAD] = {0};
  for (int32_t i = 0; i < layer->inputs; i++) {
    quad[i] = input[i];
  }
  nn_fully_connected(layer, quad, output);
}

void nn_fully_connected_parts(const nn_rows_t *layer, int32_t part, const int8_t *input,
                              int8_t *output) {
  const int16_t *weights = layer->weights;
  for (int32_t number = 0; number < nn_row_blocks(layer); number++) {
    const nn_row_block_t block = nn_row_block(layer, number);
    const int8_t *first = input, *rest = input + block.rest;
    int32_t all[NN_BLOCK] = {0};
    for (int32_t quads = block.more + 1; quads > 0; quads -= part) {
      const int32_t more = nn_min(quads, part) - 1;
      int32_t sums[NN_BLOCK];
      nn_sum_quads(first, weights, more, sums, rest);
      for (int32_t i = 0; i < NN_BLOCK; i++) {
        all[i] += sums[i];
      }
      weights += 2 * NN_BLOCK * (more + 1);
      first = rest + NN_QUAD * more;
      rest = first + NN_QUAD;
    }
    nn_finish_rows(layer, number, all, output + NN_BLOCK * number);
  }
}
