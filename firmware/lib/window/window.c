#include "window.h"

#include <string.h>

#include "scale.h"

_Static_assert(WINDOW_HOP >= 1 && WINDOW_HOP <= WINDOW_SAMPLES, "windows overlap or touch");

_Static_assert(WINDOW_FEED == WINDOW_SAMPLES || WINDOW_FEED == WINDOW_HOP,
               "a window, or what is new");

void window_reset(window_t *window) {
  *window = (window_t){.filled = MODEL_SURPLUS(WINDOW_SAMPLES, WINDOW_HOP, WINDOW_FEED)};
}

static void drop_oldest(window_t *window) {
  const uint16_t kept = WINDOW_FEED - WINDOW_HOP;
  memmove(window->input, window->input + WINDOW_HOP * WINDOW_CHANNELS,
          (size_t)kept * WINDOW_CHANNELS);
  window->filled = kept;
}

bool window_push(window_t *window, const model_scale_t *scales, uint8_t shift,
                 const int32_t *value) {
  if (window->filled == WINDOW_FEED) drop_oldest(window);
  int8_t *row = window->input + (size_t)window->filled * WINDOW_CHANNELS;
  for (int c = 0; c < WINDOW_CHANNELS; c++) row[c] = scale_sample(value[c], &scales[c], shift);
  window->filled++;
  if (window->seen < WINDOW_SAMPLES) window->seen++;
  return window->filled == WINDOW_FEED;
}

void window_complete(window_t *window) {
  const size_t known = (size_t)window->filled * WINDOW_CHANNELS;
  const size_t missing = sizeof window->input - known;
  memmove(window->input + missing, window->input, known);
  for (size_t at = 0; at < missing; at += WINDOW_CHANNELS) {
    memcpy(window->input + at, window->input + missing, WINDOW_CHANNELS);
  }
  window->filled = WINDOW_FEED;
}
