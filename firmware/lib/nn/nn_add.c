#include "nn_add.h"

#include "nn_bytes.h"

#define EXACT_MULTIPLIER (1 << 30) /* one half */

#ifndef NN_DSP

/* The sign of a value stands for that of its product: where rounding makes this zero, one less
 * makes no difference. */
static int32_t rescale(int32_t doubled, nn_quick_scale_t scale) {
  const int32_t high = nn_multiply_quick(doubled, scale.multiplier);
  return (high + (doubled >> 31) + scale.offset) >> scale.shift;
}

static void combine(const nn_add_run_t *run, int32_t exact_sign, int32_t scaled_sign) {
  const int8_t *exact = run->exact, *scaled = run->scaled;
  for (int8_t *output = run->output; output != run->end; output++) {
    const int32_t fine = *exact++ * (1 << 20) - run->exact_zero_point;
    const int32_t other = rescale(*scaled++ * (1 << 21) - run->scaled_zero_point, run->scale);
    const int32_t sum = exact_sign * fine + 2 * scaled_sign * other;
    *output = (int8_t)nn_saturate(rescale(sum, run->output_scale) + run->output_zero_point);
  }
}

void nn_add_run(const nn_add_run_t *run) { combine(run, 1, 1); }

void nn_sub_run(const nn_add_run_t *run) { combine(run, 1, -1); }

void nn_sub_from_run(const nn_add_run_t *run) { combine(run, -1, 1); }

#endif

/* A factor below one half, or of one half or zero. Without a shift there are no ties: then twice
 * the value is halved. */
static nn_quick_scale_t quick(nn_scale_t scale) {
  const int32_t right = -scale.shift;
  const nn_quick_scale_t without = {scale.multiplier == 0 ? 0 : INT32_MAX, 1, 1};
  const nn_quick_scale_t with = {scale.multiplier, 1 << (right - (right > 0)), right};
  return right == 0 ? without : with;
}

static int is_exact(nn_scale_t scale) {
  return scale.multiplier == EXACT_MULTIPLIER && scale.shift == 0;
}

static nn_add_run_t begin(const nn_add_t *layer, int is_a_exact) {
  const int32_t exact = is_a_exact ? layer->zero_point_a : layer->zero_point_b;
  const int32_t scaled = is_a_exact ? layer->zero_point_b : layer->zero_point_a;
  const nn_add_run_t run = {
      .exact_zero_point = exact * (1 << 20),
      .scaled_zero_point = scaled * (1 << 21),
      .scale = quick(is_a_exact ? layer->scale_b : layer->scale_a),
      .output_scale = quick(layer->scale),
      .output_zero_point = layer->output.zero_point,
  };
  return run;
}

/* Up to where one of the operands repeats, over and over. */
static void combine_all(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output,
                        int is_a_exact, void (*combine_run)(const nn_add_run_t *)) {
  nn_add_run_t run = begin(layer, is_a_exact);
  const int8_t *const end = output + layer->count;
  int32_t at_a = 0, at_b = 0;
  for (run.output = output; run.output != end; run.output += run.end - run.output) {
    const int32_t left = (int32_t)(end - run.output);
    const int32_t count = nn_min(left, nn_min(layer->count_a - at_a, layer->count_b - at_b));
    run.exact = is_a_exact ? a + at_a : b + at_b;
    run.scaled = is_a_exact ? b + at_b : a + at_a;
    run.end = run.output + count;
    combine_run(&run);
    at_a = at_a + count == layer->count_a ? 0 : at_a + count;
    at_b = at_b + count == layer->count_b ? 0 : at_b + count;
  }
  nn_clamp_bytes(output, layer->count, layer->output.min, layer->output.max);
}

void nn_add(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  combine_all(layer, a, b, output, is_exact(layer->scale_a), nn_add_run);
}

void nn_sub(const nn_add_t *layer, const int8_t *a, const int8_t *b, int8_t *output) {
  const int is_a_exact = is_exact(layer->scale_a);
  combine_all(layer, a, b, output, is_a_exact, is_a_exact ? nn_sub_run : nn_sub_from_run);
}
