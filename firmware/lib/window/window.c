#include "window.h"

#include <string.h>

#include "scale.h"

_Static_assert(MODEL_HOP >= 1 && MODEL_HOP <= MODEL_WINDOW, "windows overlap or touch");

_Static_assert(MODEL_FEED == MODEL_WINDOW || MODEL_FEED == MODEL_HOP, "a window, or what is new");

void window_reset(window_t *window) {
  *window = (window_t){.filled = MODEL_SURPLUS(MODEL_WINDOW, MODEL_HOP, MODEL_FEED)};
}

static void drop_oldest(window_t *window) {
  const uint16_t kept = MODEL_FEED - MODEL_HOP;
  memmove(window->input, window->input + MODEL_HOP * MODEL_CHANNELS, (size_t)kept * MODEL_CHANNELS);
  window->filled = kept;
}

bool window_push(window_t *window, const model_scale_t *scales, uint8_t shift,
                 const int32_t *value) {
  if (window->filled == MODEL_FEED) drop_oldest(window);
  int8_t *row = window->input + (size_t)window->filled * MODEL_CHANNELS;
  for (int c = 0; c < MODEL_CHANNELS; c++) row[c] = scale_sample(value[c], &scales[c], shift);
  window->filled++;
  if (window->seen < MODEL_WINDOW) window->seen++;
  return window->filled == MODEL_FEED;
}
