#include "twin.h"

#include <string.h>

#include "model.h"
#include "model_size.h"
#include "rate_lock.h"
#include "recognizer.h"
#include "selftest.h"
#include "twin_state.h"

recognizer_t twin_recognizer;
static rate_lock_t rate_lock;
/* Of the samples that were recognised. */
static int8_t last_window[WINDOW_SAMPLES * WINDOW_CHANNELS];

uint32_t twin_window(void) { return MODEL_WINDOW; }

uint32_t twin_hop(void) { return MODEL_HOP; }

uint32_t twin_feed(void) { return MODEL_FEED; }

uint32_t twin_channels(void) { return MODEL_CHANNELS; }

uint32_t twin_samples(void) { return WINDOW_SAMPLES; }

uint32_t twin_sample_channels(void) { return WINDOW_CHANNELS; }

uint32_t twin_classes(void) { return MODEL_CLASSES; }

uint32_t twin_columns(void) { return DECISION_CLASSES; }

const char *twin_contract_hash(void) { return MODEL.contract_hash; }

const char *twin_label(uint32_t class_index) {
  return MODEL.labels == NULL ? NULL : MODEL.labels[class_index];
}

/* The last sample that was pushed. */
static const int8_t *newest(const window_t *window) {
  return window->input + (size_t)(window->filled - 1) * WINDOW_CHANNELS;
}

static void remember_newest(void) {
  const size_t kept = sizeof last_window - WINDOW_CHANNELS;
  memmove(last_window, last_window + WINDOW_CHANNELS, kept);
  memcpy(last_window + kept, newest(&twin_recognizer.window), WINDOW_CHANNELS);
}

void twin_quantize(const int32_t *values, uint32_t samples, int8_t *quantized) {
  static window_t window;
  for (uint32_t i = 0; i < samples; i++) {
    window_reset(&window);
    (void)window_push(&window, MODEL.scales, MODEL.shift, values + (size_t)i * SAMPLE_CHANNELS);
    memcpy(quantized + (size_t)i * WINDOW_CHANNELS, newest(&window), WINDOW_CHANNELS);
  }
}

void twin_reset(uint32_t nominal_millihz) {
  recognizer_reset(&twin_recognizer);
  rate_lock_begin(&rate_lock, nominal_millihz, MODEL.rate_millihz);
}

typedef struct {
  int8_t *inputs, *scores;
  uint64_t *scores_t_us;
  twin_event_t *events;
  uint32_t windows, event_count;
} heard_t;

static void hear(heard_t *heard, const sample_t *sample) {
  const recognition_t result = recognizer_push(&twin_recognizer, sample->value, sample->t_us);
  remember_newest();
  if (result.has_event) {
    heard->events[heard->event_count++] =
        (twin_event_t){sample->t_us, result.event.class_index, result.event.sum};
  }
  if (!result.has_scores) return;
  const size_t window = heard->windows++;
  heard->scores_t_us[window] = sample->t_us;
  memcpy(heard->scores + window * sizeof result.scores, result.scores, sizeof result.scores);
  memcpy(heard->inputs + window * sizeof last_window, last_window, sizeof last_window);
}

/* As the application does with a sample of its stream. */
static void hold_rate(heard_t *heard, const sample_t *sample) {
  if (rate_lock_push(&rate_lock, sample)) recognizer_reset(&twin_recognizer);
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

uint32_t twin_decide(const model_policy_t *policy, uint32_t classes, const int8_t *scores,
                     const uint64_t *t_us, uint32_t windows, twin_event_t *events) {
  decision_t decision;
  decision_reset(&decision);
  uint32_t found = 0;
  for (uint32_t i = 0; i < windows; i++) {
    decision_event_t event;
    const int8_t *output = scores + (size_t)i * classes;
    if (!decision_push(&decision, policy, (int)classes, output, t_us[i], &event)) continue;
    events[found++] = (twin_event_t){t_us[i], event.class_index, event.sum};
  }
  return found;
}

uint32_t twin_score_thousandths(const model_policy_t *policy, uint32_t sum) {
  return decision_score_thousandths(policy ? policy : &MODEL.policy, (uint16_t)sum);
}

void twin_invoke(const int8_t *input, int8_t *output) {
  model_run(input, output);
  recognizer_reset(&twin_recognizer); /* the network's state is no longer that of the samples */
}

void twin_invoke_many(const int8_t *input, int8_t *output, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    twin_invoke(input + (size_t)i * MODEL_WINDOW * MODEL_CHANNELS,
                output + (size_t)i * MODEL_CLASSES);
  }
}

void twin_stream(const int8_t *input, int8_t *output, uint32_t count) {
  MODEL.reset();
  for (uint32_t i = 0; i < count; i++) {
    MODEL.invoke(input + (size_t)i * MODEL_FEED * MODEL_CHANNELS,
                 output + (size_t)i * MODEL_CLASSES);
  }
  recognizer_reset(&twin_recognizer);
}

static void nothing(void) {}

uint16_t twin_selftest_crc(void) {
  static int8_t input[MODEL_WINDOW * MODEL_CHANNELS];
  const uint16_t crc = selftest_crc(input, nothing);
  recognizer_reset(&twin_recognizer);
  return crc;
}
