/* Runs the network on each input that arrives, and writes the outputs; an argument says after how
 * many of them it is reset. Both buffers are exactly
 * as large as the network says, on the heap, so that the address sanitizer sees one byte more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_network.h"

int main(int count, char **arguments) {
  const long period = count > 1 ? strtol(arguments[1], NULL, 10) : 0;
  long runs = 0;
  int8_t *input = malloc(MODEL_NETWORK_INPUTS);
  int8_t *original = malloc(MODEL_NETWORK_INPUTS);
  int8_t *output = malloc(MODEL_NETWORK_OUTPUTS);
  if (input == NULL || original == NULL || output == NULL) {
    return 1;
  }
  while (fread(input, MODEL_NETWORK_INPUTS, 1, stdin) == 1) {
    if (period > 0 && runs++ % period == 0) {
      model_network_reset();
    }
    memcpy(original, input, MODEL_NETWORK_INPUTS);
    model_network_invoke(input, output);
    if (memcmp(original, input, MODEL_NETWORK_INPUTS) != 0) {
      fputs("the network wrote to its input\n", stderr);
      return 2;
    }
    fwrite(output, MODEL_NETWORK_OUTPUTS, 1, stdout);
  }
  free(input);
  free(original);
  free(output);
  return 0;
}
