/* Runs the network once. Your firmware has a sensor in place of the zeros. */
#include <stdio.h>

#include "MODEL_NAME.h"

MODEL_BUFFERS;

int main(void) {
  MODEL_NAME_reset();
  MODEL_NAME_invoke(MODEL_ARGUMENTS);
  MODEL_PRINTS;
  return 0;
}
