#include "sketcher.h"

#include "model.h"
#include "normal.h"
#include "power.h"
#include "scale.h"

#define PARAMETERS 6 /* of a distribution; the last is its correlation */
#define STATES 3     /* of the pen */
#define SPREAD_BITS 16
#define FURTHEST 2000000000          /* of a move: two million units */
#define MOST_CORRELATION 1063004406u /* 0.99, in 2^-POWER_BITS, as of training */
#define FRACTION ((1u << POWER_FRACTION_BITS) - 1)

static uint32_t root_of_temperature(uint32_t temperature_e4) {
  return power_root(((uint64_t)temperature_e4 << 2 * SPREAD_BITS) / SAMPLER_ONE_E4);
}

static int8_t scaled(int channel, int32_t thousandths) {
  return scale_sample(thousandths, &MODEL.scales[channel], MODEL.shift);
}

/* What the network is given next. */
static void remember(sketcher_t *sketcher, const sketcher_move_t *move) {
  const int pen = move->is_lifted ? SKETCHER_LIFTED : SKETCHER_DOWN;
  sketcher->input[SKETCHER_DX] = scaled(SKETCHER_DX, move->dx);
  sketcher->input[SKETCHER_DY] = scaled(SKETCHER_DY, move->dy);
  for (int state = SKETCHER_DOWN; state < SKETCHER_STEP; state++) {
    sketcher->input[state] = scaled(state, state == pen ? 1000 : 0);
  }
}

void sketcher_begin(sketcher_t *sketcher, uint32_t temperature_e4, uint32_t seed) {
  sampler_begin(&sketcher->sampler, MODEL.mixture->logit_step, temperature_e4, seed);
  sketcher->spread = root_of_temperature(temperature_e4);
  remember(sketcher, &(sketcher_move_t){0, 0, false});
  MODEL.reset();
}

/* An output as a number: output * multiplier + offset. */
static int64_t number_of(int8_t output, const model_scale_t *scale) {
  return (int64_t)output * scale->multiplier + scale->offset;
}

/* In thousandths, 8 bits after the point. */
static int64_t deviation_of(int8_t output) {
  const int64_t power = number_of(output, &MODEL.mixture->deviation);
  const int64_t above = power >> POWER_FRACTION_BITS; /* the power of two below it */
  const uint32_t to_next = FRACTION + 1 - ((uint32_t)power & FRACTION);
  const int64_t half = power_of_half(to_next); /* of 2^-above */
  const int64_t shift = POWER_BITS - MODEL_DEVIATION_BITS - 1 - above;
  if (shift > POWER_BITS) return MODEL.mixture->least_deviation;
  const int64_t found = shift > 0 ? half >> shift : half << -shift;
  return MODEL.mixture->least_deviation + found;
}

/* The correlation of dx and dy, in 2^-POWER_BITS: the hyperbolic tangent, by 2^-power. */
static int64_t correlation_of(int8_t output) {
  const int64_t power = number_of(output, &MODEL.mixture->correlation);
  const uint64_t size = (uint64_t)(power < 0 ? -power : power);
  const uint64_t whole = size >> POWER_FRACTION_BITS;
  const uint64_t one = 1u << POWER_BITS;
  const uint64_t falls = whole > POWER_BITS ? 0 : power_of_half((uint32_t)size & FRACTION) >> whole;
  const uint64_t tangent = ((one - falls) << POWER_BITS) / (one + falls);
  const int64_t found = (int64_t)(tangent * MOST_CORRELATION >> POWER_BITS);
  return power < 0 ? -found : found;
}

/* A normal number of the temperature, 16 bits after the point. */
static int64_t normal(sketcher_t *sketcher) {
  const int64_t number = normal_at(sampler_random(&sketcher->sampler));
  return number * sketcher->spread >> NORMAL_BITS;
}

/* To the mean of one output and by the deviation of another, of the same distribution. */
static int32_t moved(const sketcher_t *sketcher, int place, int64_t normal) {
  const model_mixture_t *mixture = MODEL.mixture;
  const int8_t *means = sketcher->outputs + mixture->count;
  const int8_t *deviations = means + 2 * mixture->count;
  const int64_t mean = number_of(means[place], &mixture->means[place]) >> mixture->shift;
  const int64_t deviation = deviation_of(deviations[place]);
  const int64_t sum = mean + (deviation * normal >> (MODEL_DEVIATION_BITS + SPREAD_BITS));
  if (sum < -FURTHEST) return -FURTHEST;
  return sum > FURTHEST ? FURTHEST : (int32_t)sum;
}

/* By one of the distributions. */
static void draw_move(sketcher_t *sketcher, uint16_t chosen, sketcher_move_t *move) {
  const uint16_t count = MODEL.mixture->count;
  const int64_t along = correlation_of(sketcher->outputs[(PARAMETERS - 1) * count + chosen]);
  const int64_t across = power_root(((uint64_t)1 << 2 * POWER_BITS) - (uint64_t)(along * along));
  const int64_t x = normal(sketcher);
  const int64_t y = (along * x + across * normal(sketcher)) >> POWER_BITS;
  move->dx = moved(sketcher, chosen, x);
  move->dy = moved(sketcher, count + chosen, y);
}

bool sketcher_draw(sketcher_t *sketcher, sketcher_move_t *move) {
  const uint16_t count = MODEL.mixture->count;
  const int8_t *pens = sketcher->outputs + PARAMETERS * count;
  MODEL.invoke(sketcher->input, sketcher->outputs);
  const uint16_t chosen =
      sampler_draw(&sketcher->sampler, sketcher->outputs, count, sketcher->weights);
  const uint16_t pen = sampler_draw(&sketcher->sampler, pens, STATES, sketcher->weights);
  if (SKETCHER_DOWN + pen == SKETCHER_ENDED) return false;
  move->is_lifted = SKETCHER_DOWN + pen == SKETCHER_LIFTED;
  draw_move(sketcher, chosen, move);
  remember(sketcher, move);
  return true;
}
