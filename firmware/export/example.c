/* Calls gestures by name. Reads samples from standard input, a line each:
 *
 *   t_us ax ay az gx gy gz
 *
 * microseconds, then thousandths of g and of deg/s. Your firmware has a sensor instead. */
#include <stdio.h>

#include "gesture.h"

enum { LINE_BYTES = 256 };

static bool read_sample(const char *line, gesture_sample_t *out) {
  unsigned long t_us;
  long v[GESTURE_CHANNELS];
  char rest;
  const int read = sscanf(line, "%lu %ld %ld %ld %ld %ld %ld %c", &t_us, &v[0], &v[1], &v[2], &v[3],
                          &v[4], &v[5], &rest);
  if (read != 1 + GESTURE_CHANNELS) return false;
  out->t_us = t_us;
  for (int i = 0; i < GESTURE_CHANNELS; i++) out->value[i] = (int32_t)v[i];
  return true;
}

int main(void) {
  if (!gesture_selftest(NULL)) {
    puts("the network does not compute here what it did where it was converted");
    return 1;
  }
  gesture_begin(gesture_rate_millihz()); /* your sensor's rate */
  char line[LINE_BYTES];
  gesture_sample_t sample;
  gesture_event_t event;
  for (unsigned long number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
    if (!read_sample(line, &sample)) {
      fprintf(stderr, "line %lu is no sample `t_us ax ay az gx gy gz`: %s\n", number, line);
      return 1;
    }
    if (!gesture_push(&sample, &event)) continue;
    printf("%lu %s %lu\n", (unsigned long)event.t_us, event.label,
           (unsigned long)event.score_thousandths);
  }
  return 0;
}
