/* A network that is nothing but a draw from its input, taken as logits: what drawing costs. */
#include "model_network.h"
#include "sampler.h"

#define STEP 1694309u        /* of a logit: 0.07 nats, 24 bits after the point */
#define TEMPERATURE_E4 5000u /* a temperature of a half */

void model_network_invoke(const int8_t *input, int8_t *output) {
  static sampler_t sampler;
  static uint32_t weights[MODEL_NETWORK_INPUTS];
  if (sampler.halvings_a_step == 0) sampler_begin(&sampler, STEP, TEMPERATURE_E4, 1);
  output[0] = (int8_t)sampler_draw(&sampler, input, MODEL_NETWORK_INPUTS, weights);
}
