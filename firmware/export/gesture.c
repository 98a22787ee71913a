#include "gesture.h"

#include <stddef.h>
#include <string.h>

#include "gesture/gesture_names.h" /* before all that they are names of */
#include "gesture/model.h"
#include "gesture/model_size.h"
#include "gesture/rate_lock.h"
#include "gesture/recognizer.h"
#include "gesture/selftest.h"

static rate_lock_t rate_lock;
static recognizer_t recognizer;
static uint32_t next_seq;

static void do_nothing(void) {}

bool gesture_selftest(void (*before_each)(void)) {
  static int8_t input[MODEL_WINDOW * MODEL_CHANNELS];
  const uint16_t crc = selftest_crc(input, before_each != NULL ? before_each : do_nothing);
  recognizer_reset(&recognizer);
  return crc == MODEL.selftest_crc;
}

void gesture_begin(uint32_t sensor_millihz) {
  rate_lock_begin(&rate_lock, sensor_millihz, MODEL.rate_millihz);
  recognizer_reset(&recognizer);
  next_seq = 0;
}

static bool recognise(const sample_t *sample, gesture_event_t *event) {
  const recognition_t result = recognizer_push(&recognizer, sample->value, sample->t_us);
  if (!result.has_event) return false;
  event->t_us = sample->t_us;
  event->label = MODEL.labels[result.event.class_index];
  event->score_thousandths = decision_score_thousandths(&MODEL.policy, result.event.sum);
  return true;
}

bool gesture_push(const gesture_sample_t *sample, gesture_event_t *event) {
  sample_t reading = {.seq = next_seq++, .t_us = sample->t_us};
  memcpy(reading.value, sample->value, sizeof reading.value);
  if (rate_lock_push(&rate_lock, &reading)) recognizer_reset(&recognizer);
  bool is_recognised = false;
  sample_t paced;
  while (rate_lock_pop(&rate_lock, &paced)) {
    if (!gesture_rate_is_off()) is_recognised = recognise(&paced, event) || is_recognised;
  }
  return is_recognised;
}

bool gesture_rate_is_off(void) { return rate_lock.state == RATE_OFF; }

uint32_t gesture_rate_millihz(void) { return MODEL.rate_millihz; }
