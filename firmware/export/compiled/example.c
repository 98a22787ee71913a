/* Runs the network once. Your firmware has a sensor in place of the zeros. */
#include <stdio.h>

#include "MODEL_NAME.h"

int main(void) {
  static MODEL_NAME_input_t input[MODEL_PREFIX_INPUTS];
  static MODEL_NAME_output_t output[MODEL_PREFIX_OUTPUTS];
  MODEL_NAME_reset();
  MODEL_NAME_invoke(input, output);
  for (int i = 0; i < MODEL_PREFIX_OUTPUTS; i++) printf("%g\n", (double)output[i]);
  return 0;
}
