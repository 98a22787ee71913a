#include "sampler.h"

#include <stdbool.h>

#include "power.h"

#define WEIGHT_BITS 24 /* of the largest: 256 of them and a random number are 64 bits together */

#define PCG_MULTIPLIER 6364136223846793005u
#define PCG_INCREMENT 1442695040888963407u

uint32_t sampler_random(sampler_t *sampler) {
  const uint64_t state = sampler->state;
  sampler->state = state * PCG_MULTIPLIER + PCG_INCREMENT;
  const uint32_t mixed = (uint32_t)((state >> 18 ^ state) >> 27);
  const uint32_t turn = (uint32_t)(state >> 59);
  return mixed >> turn | mixed << (-turn & 31);
}

void sampler_begin(sampler_t *sampler, uint32_t step, uint32_t temperature_e4, uint32_t seed) {
  const uint64_t cold = (uint64_t)(WEIGHT_BITS + 2) << SAMPLER_STEP_BITS; /* leaves no weight */
  const uint64_t scaled = (uint64_t)step * SAMPLER_ONE_E4 + temperature_e4 / 2;
  sampler->halvings_a_step = temperature_e4 == 0 ? cold : scaled / temperature_e4;
  sampler->state = 0;
  (void)sampler_random(sampler);
  sampler->state += seed;
  (void)sampler_random(sampler);
}

/* 2^-(distance * halvings_a_step), rounded. */
static uint32_t weight(uint64_t halvings_a_step, uint32_t distance) {
  const uint64_t halvings = distance * halvings_a_step;
  const uint32_t whole = (uint32_t)(halvings >> SAMPLER_STEP_BITS);
  if (halvings >> SAMPLER_STEP_BITS > WEIGHT_BITS) return 0;
  const uint32_t fraction = (uint32_t)halvings & ((1u << SAMPLER_STEP_BITS) - 1);
  const uint32_t shift = POWER_BITS - WEIGHT_BITS + whole;
  return (power_of_half(fraction) + (1u << (shift - 1))) >> shift;
}

uint16_t sampler_largest(const int8_t *logits, uint16_t count) {
  uint16_t best = 0;
  for (uint16_t i = 1; i < count; i++) {
    if (logits[i] > logits[best]) best = i;
  }
  return best;
}

uint16_t sampler_draw(sampler_t *sampler, const int8_t *logits, uint16_t count, uint32_t *weights) {
  const uint16_t best = sampler_largest(logits, count);
  if (weight(sampler->halvings_a_step, 1) == 0) return best;
  uint64_t sum = 0;
  for (uint16_t i = 0; i < count; i++) {
    weights[i] = weight(sampler->halvings_a_step, (uint32_t)(logits[best] - logits[i]));
    sum += weights[i];
  }
  uint64_t left = (uint64_t)sampler_random(sampler) * sum >> 32;
  uint16_t place = 0;
  while (left >= weights[place]) left -= weights[place++];
  return place;
}
