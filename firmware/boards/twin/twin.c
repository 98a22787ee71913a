#include "twin.h"

#include <string.h>

#include "model.h"
#include "model_size.h"
#include "recognizer.h"
#include "selftest.h"

static recognizer_t recognizer;

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

void twin_reset(void) { recognizer_reset(&recognizer); }

int twin_push(const int32_t value[SAMPLE_CHANNELS], uint64_t t_us, int8_t *scores,
              uint32_t *event_class, uint32_t *event_sum) {
  const recognition_t result = recognizer_push(&recognizer, value, t_us);
  if (result.has_scores) memcpy(scores, result.scores, sizeof result.scores);
  if (result.has_event) {
    *event_class = result.event.class_index;
    *event_sum = result.event.sum;
  }
  return (result.has_scores ? TWIN_SCORES : 0) | (result.has_event ? TWIN_EVENT : 0);
}

uint32_t twin_replay(const int32_t *values, const uint64_t *t_us, uint32_t samples, int8_t *inputs,
                     int8_t *scores, uint64_t *scores_t_us, twin_event_t *events,
                     uint32_t *event_count) {
  uint32_t windows = 0;
  *event_count = 0;
  for (uint32_t i = 0; i < samples; i++) {
    twin_event_t event = {.t_us = t_us[i]};
    const int got =
        twin_push(values + (size_t)i * SAMPLE_CHANNELS, t_us[i],
                  scores + (size_t)windows * MODEL_CLASSES, &event.class_index, &event.sum);
    if (got & TWIN_EVENT) events[(*event_count)++] = event;
    if (!(got & TWIN_SCORES)) continue;
    memcpy(inputs + (size_t)windows * sizeof recognizer.window.input, recognizer.window.input,
           sizeof recognizer.window.input);
    scores_t_us[windows++] = t_us[i];
  }
  return windows;
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
