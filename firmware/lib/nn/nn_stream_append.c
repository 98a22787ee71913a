#include <string.h>

#include "nn_arithmetic.h"
#include "nn_stream.h"

#define QUAD 4 /* words */

/* To a lower address; whole quads. */
static void move_down(const int32_t *from, const int32_t *end, int32_t *to) {
  while (from != end) {
#ifdef NN_DSP
    __asm volatile(
        "ldmia %0!, {r4, r5, r6, r8}\n"
        "stmia %1!, {r4, r5, r6, r8}"
        : "+r"(from), "+r"(to)
        :
        : "r4", "r5", "r6", "r8", "memory");
#else
    for (int32_t i = 0; i < QUAD; i++) {
      *to++ = *from++;
    }
#endif
  }
}

void nn_stream_append(int32_t kept, int32_t fresh, const int8_t *input, int32_t *state) {
  const int32_t word = sizeof *state;
  int8_t *const window = (int8_t *)state;
  if (fresh % word == 0 && kept % (QUAD * word) == 0) {
    const int32_t *const from = state + fresh / word;
    move_down(from, from + kept / word, state);
  } else {
    memmove(window, window + fresh, (size_t)kept);
  }
  memcpy(window + kept, input, (size_t)fresh);
}
