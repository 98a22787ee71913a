#include "twin.h"

#include <string.h>

#include "model.h"
#include "model_size.h"
#include "rate_lock.h"
#include "recognizer.h"
#include "selftest.h"

static recognizer_t recognizer;
static rate_lock_t rate_lock;

uint32_t twin_window(void) { return MODEL_WINDOW; }

uint32_t twin_hop(void) { return MODEL_HOP; }

uint32_t twin_channels(void) { return MODEL_CHANNELS; }

uint32_t twin_classes(void) { return MODEL_CLASSES; }

const char *twin_contract_hash(void) { return MODEL.contract_hash; }

const char *twin_label(uint32_t class_index) { return MODEL.labels[class_index]; }

void twin_quantise(const int32_t *values, uint32_t samples, int8_t *quantised) {
  static window_t window;
  for (uint32_t i = 0; i < samples; i++) {
    window_reset(&window); /* the sample becomes the first row */
    (void)window_push(&window, MODEL.scales, MODEL.shift, values + (size_t)i * SAMPLE_CHANNELS);
    memcpy(quantised + (size_t)i * MODEL_CHANNELS, window.input, MODEL_CHANNELS);
  }
}

void twin_reset(uint32_t nominal_mhz) {
  recognizer_reset(&recognizer);
  rate_lock_begin(&rate_lock, nominal_mhz, MODEL.rate_mhz);
}

typedef struct {
  int8_t *inputs, *scores;
  uint64_t *scores_t_us;
  twin_event_t *events;
  uint32_t windows, event_count;
} heard_t;

static void hear(heard_t *heard, const sample_t *sample) {
  const recognition_t result = recognizer_push(&recognizer, sample->value, sample->t_us);
  if (result.has_event) {
    heard->events[heard->event_count++] =
        (twin_event_t){sample->t_us, result.event.class_index, result.event.sum};
  }
  if (!result.has_scores) return;
  const size_t window = heard->windows++;
  heard->scores_t_us[window] = sample->t_us;
  memcpy(heard->scores + window * sizeof result.scores, result.scores, sizeof result.scores);
  memcpy(heard->inputs + window * sizeof recognizer.window.input, recognizer.window.input,
         sizeof recognizer.window.input);
}

/* As the application does with a sample of its stream. */
static void hold_rate(heard_t *heard, const sample_t *sample) {
  if (rate_lock_push(&rate_lock, sample)) recognizer_reset(&recognizer);
  sample_t paced;
  while (rate_lock_pop(&rate_lock, &paced)) {
    if (rate_lock.state != RATE_OFF) hear(heard, &paced);
  }
}

uint32_t twin_replay(const int32_t *values, const uint32_t *seq, const uint64_t *t_us,
                     uint32_t samples, int8_t *inputs, int8_t *scores, uint64_t *scores_t_us,
                     twin_event_t *events, uint32_t *event_count) {
  heard_t heard = {inputs, scores, scores_t_us, events, 0, 0};
  for (uint32_t i = 0; i < samples; i++) {
    sample_t sample = {.seq = seq[i], .t_us = t_us[i]};
    memcpy(sample.value, values + (size_t)i * SAMPLE_CHANNELS, sizeof sample.value);
    hold_rate(&heard, &sample);
  }
  *event_count = heard.event_count;
  return heard.windows;
}

uint32_t twin_score_thousandths(uint32_t sum) {
  return decision_score_thousandths(&MODEL.policy, (uint16_t)sum);
}

void twin_invoke(const int8_t *input, int8_t *output) { MODEL.invoke(input, output); }

void twin_invoke_many(const int8_t *input, int8_t *output, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    MODEL.invoke(input + (size_t)i * MODEL_WINDOW * MODEL_CHANNELS,
                 output + (size_t)i * MODEL_CLASSES);
  }
}

static void nothing(void) {}

uint16_t twin_selftest_crc(void) {
  static int8_t input[MODEL_WINDOW * MODEL_CHANNELS];
  return selftest_crc(input, nothing);
}
