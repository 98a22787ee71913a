/* Draws one of several answers of a network at a temperature, in integers: the same draws on every
 * machine.
 *
 * An answer is drawn with the weight 2^-(distance to the largest logit), distances in steps of a
 * logit times log2(e) / temperature: softmax(logits / temperature). A weight is off by at most
 * 2^-22 of the largest, and what has less than 2^-25 of it has none. Where one step already leaves
 * none, a temperature says no more than which logit is the largest: the first of them is taken, as
 * with a temperature of 0. */
#ifndef SAMPLER_H
#define SAMPLER_H

#include <stdint.h>

#define SAMPLER_STEP_BITS 24  /* after the point of `step`, as of power.h */
#define SAMPLER_ONE_E4 10000u /* temperatures are in ten-thousandths */

typedef struct {
  uint64_t state;           /* of a PCG-XSH-RR generator (O'Neill, HMC-CS-2014-0905) */
  uint64_t halvings_a_step; /* of a weight, by a step of a logit; 24 bits after the point */
} sampler_t;

/* step: of the logits, in units of log2(e), 24 bits after the point; temperature_e4: the
 * temperature in ten-thousandths, 0 for the largest logit at all times. */
void sampler_begin(sampler_t *sampler, uint32_t step, uint32_t temperature_e4, uint32_t seed);

/* The next of the generator's numbers. */
uint32_t sampler_random(sampler_t *sampler);

/* The place of the largest of `logits` [count], the first of equal ones. */
uint16_t sampler_largest(const int8_t *logits, uint16_t count);

/* A place among `logits` [count], 1 to 256 of them. `weights` [count] is overwritten. */
uint16_t sampler_draw(sampler_t *sampler, const int8_t *logits, uint16_t count, uint32_t *weights);

#endif
