/* In place of a network, whatever it takes and gives: what the harness alone costs. */
#include <stdint.h>

void model_network_invoke(const int8_t *input, int8_t *output);

void model_network_invoke(const int8_t *input, int8_t *output) { output[0] = input[0]; }
