#include "nn_finish.h"

#include <stddef.h>

static int32_t finish_quick(nn_quick_scale_t scale, const int32_t *sums, int32_t count,
                            int8_t *output, int32_t step) {
  int32_t total = 0;
  for (; count > 0; count--, sums += NN_BLOCK, output += step) {
    const int32_t value = nn_requantize_quick(*sums, scale);
    *output = (int8_t)value;
    total += value;
  }
  return total;
}

int32_t nn_finish_channel(const nn_channel_t *channel, const int32_t *sums, int32_t count,
                          int8_t *output, int32_t step) {
  if (channel->quick_scale != NULL) {
    return finish_quick(*channel->quick_scale, sums, count, output, step);
  }
  int32_t total = 0;
  for (; count > 0; count--, sums += NN_BLOCK, output += step) {
    const int32_t value = nn_requantize(*sums, *channel->scale, channel->output);
    *output = (int8_t)value;
    total += value;
  }
  return total;
}
