/* Recurrent cells: each call is one step, and `state` is what is kept from one to the next.
 *
 * The arithmetic is that of pipeline/cells/arithmetic.py, byte for byte; see docs/engine.md.
 * Inputs and states are int16. Vectors are filled up with zeros to whole quads, and the rows of
 * each gate to whole blocks. The compiler has proved that no sum leaves int32. */
#ifndef NN_RECURRENT_H
#define NN_RECURRENT_H

#include "nn.h"

/* Rows to be multiplied with a vector: row i gives sum * multipliers[i] / 2^32. Weights are in
 * whole words: int16 [blocks][words of a vector][NN_BLOCK][2]; of a compact kernel int8
 * [blocks][quads][NN_BLOCK][4], the middle ones of a quad in each other's place, and its sums are
 * shifted left. */
typedef struct {
  const void *weights;
  const int32_t *multipliers; /* [blocks * NN_BLOCK] */
  int32_t quads;              /* elements of the vector, by four */
  int32_t blocks;
  int32_t shift; /* of a compact kernel; the int16 weights of others have it in them */
} nn_matrix_t;

/* What all cells have. Gates are in fixed point with 15 bits after the point. `recurrent` is
 * multiplied with h, and what it gives is added. */
typedef struct {
  nn_matrix_t input;
  nn_matrix_t recurrent;
  const int32_t *bias; /* one a row */
  int32_t inputs;      /* int8, taken as 256 times their value; 0 where another cell gives int16 */
  int32_t units;       /* filled up to blocks */
} nn_cell_t;

/* Gates: update and reset; the candidate has matrices and biases of its own. */
typedef struct {
  nn_cell_t cell;
  nn_matrix_t candidate_input;
  nn_matrix_t candidate_recurrent; /* for nn_gru, twice what the reset gate lets through */
  const int32_t *candidate_bias;
  const int32_t *reset_bias; /* of nn_gru: what candidate_recurrent is added to */
} nn_gru_t;

/* Gates: input, forget, candidate, output. */
typedef struct {
  nn_cell_t cell;
  int32_t carry_bits; /* c is in steps of 2^(carry_bits - 15) */
} nn_lstm_t;

/* `input`: int8, or the state of another cell. `state`: h. `scratch`: the input widened, in words;
 * then a word for each gate of each unit. */
void nn_simple_rnn(const nn_cell_t *layer, const int8_t *input, int32_t *state, int32_t *scratch);

/* The candidate counts as a gate. */
void nn_gru(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch);

/* The reset gate comes before the multiplication with the recurrent weights. */
void nn_gru_reset_before(const nn_gru_t *layer, const int8_t *input, int32_t *state,
                         int32_t *scratch);

/* `state`: h, then c. */
void nn_lstm(const nn_lstm_t *layer, const int8_t *input, int32_t *state, int32_t *scratch);

/* The same, with a byte a weight. */
void nn_simple_rnn_compact(const nn_cell_t *layer, const int8_t *input, int32_t *state,
                           int32_t *scratch);
void nn_gru_compact(const nn_gru_t *layer, const int8_t *input, int32_t *state, int32_t *scratch);
void nn_gru_reset_before_compact(const nn_gru_t *layer, const int8_t *input, int32_t *state,
                                 int32_t *scratch);
void nn_lstm_compact(const nn_lstm_t *layer, const int8_t *input, int32_t *state, int32_t *scratch);

#endif
