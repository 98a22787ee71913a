#include "nn_bytes.h"

#ifdef NN_DSP
static inline int32_t smaller_four(int32_t a, int32_t b) {
  __asm(
      "ssub8 r12, %0, %1\n"
      "sel %0, %1, %0"
      : "+r"(a)
      : "r"(b)
      : "r12", "cc");
  return a;
}
#endif

void nn_clamp_bytes(int8_t *values, int32_t count, int32_t min, int32_t max) {
  if (min == INT8_MIN && max == INT8_MAX) {
    return;
  }
#ifdef NN_DSP
  const int32_t least = (int32_t)nn_four_bytes(min), most = (int32_t)nn_four_bytes(max);
  for (; count >= 4; count -= 4, values += 4) {
    int32_t four;
    memcpy(&four, values, sizeof four);
    four = smaller_four(nn_larger_four(four, least), most);
    memcpy(values, &four, sizeof four);
  }
#endif
  for (; count > 0; count--, values++) {
    *values = nn_clamp(*values, min, max);
  }
}
