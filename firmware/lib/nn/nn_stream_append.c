#include <string.h>

#include "nn_stream.h"

void nn_stream_append(int32_t kept, int32_t fresh, const int8_t *input, int32_t *state) {
  int8_t *const window = (int8_t *)state;
  memmove(window, window + fresh, (size_t)kept);
  memcpy(window + kept, input, (size_t)fresh);
}
