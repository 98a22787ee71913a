/* Calls gestures by name. Reads samples from standard input, a line each:
 *
 *   t_us ax ay az gx gy gz
 *
 * microseconds, then thousandths of g and of deg/s. Your firmware has a sensor instead. */
#include <stdio.h>

#include "gesture.h"

static rate_lock_t rate_lock;
static recognizer_t recognizer;

static void nothing(void) {} /* before each inference: feed a watchdog here */

static bool computes_right(void) {
  static int8_t input[MODEL_WINDOW * MODEL_CHANNELS];
  return selftest_crc(input, nothing) == MODEL.selftest_crc;
}

static bool read_sample(sample_t *out) {
  unsigned long t_us;
  long v[SAMPLE_CHANNELS];
  const int read =
      scanf("%lu %ld %ld %ld %ld %ld %ld", &t_us, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]);
  out->t_us = t_us;
  for (int i = 0; i < read - 1; i++) out->value[i] = (int32_t)v[i];
  return read == 1 + SAMPLE_CHANNELS;
}

static void recognise(const sample_t *sample) {
  const recognition_t result = recognizer_push(&recognizer, sample->value, sample->t_us);
  if (!result.has_event) return;
  const uint32_t score = decision_score_thousandths(&MODEL.policy, result.event.sum);
  const char *label = MODEL.labels[result.event.class_index];
  printf("%lu %s %lu\n", (unsigned long)sample->t_us, label, (unsigned long)score);
}

/* A sensor is rarely as fast as it says: its samples are brought to the model's rate. */
static void take(const sample_t *sample) {
  if (rate_lock_push(&rate_lock, sample)) recognizer_reset(&recognizer);
  sample_t paced;
  while (rate_lock_pop(&rate_lock, &paced)) {
    if (rate_lock.state != RATE_OFF) recognise(&paced);
  }
}

int main(void) {
  if (!computes_right()) {
    puts("the network does not compute here what it did where it was converted");
    return 1;
  }
  rate_lock_begin(&rate_lock, MODEL.rate_mhz, MODEL.rate_mhz); /* the sensor's rate, the model's */
  recognizer_reset(&recognizer);
  sample_t sample = {0};
  for (; read_sample(&sample); sample.seq++) take(&sample);
  return 0;
}
