#include <string.h>

#include "model.h"
#include "model_size.h"
#include "recognizer.h"
#include "twin.h"
#include "twin_state.h"

#if MODEL_LEARNED

#include "learning.h"

static enrolment_t enrolment;

bool twin_has_centres(void) { return true; }

void twin_embed_windows(const int8_t *input, int8_t *embedded, uint32_t count) {
  int8_t output[MODEL_CLASSES];
  for (uint32_t i = 0; i < count; i++) {
    model_run(input + (size_t)i * MODEL_WINDOW * MODEL_CHANNELS, output);
    centres_embed(&model_centres, embedded + (size_t)i * ENROLMENT_DIMENSIONS);
  }
  recognizer_reset(&twin_recognizer);
}

bool twin_enrol(const void *bytes, uint32_t size) {
  enrolment_t next;
  enrolment_clear(&next);
  if (bytes != NULL) {
    if (size != sizeof next) return false;
    memcpy(&next, bytes, sizeof next);
    if (enrolment_check(&next) != ENROLMENT_VALID) return false;
  }
  enrolment = next;
  twin_recognizer.enrolment = &enrolment;
  recognizer_reset(&twin_recognizer);
  return true;
}

static learning_step_t learn(learning_t *learning, const int32_t *value, uint64_t t_us) {
  const window_t *const window = &twin_recognizer.window;
  const recognition_t result = recognizer_push(&twin_recognizer, value, t_us);
  learning_push_sample(learning, window->input + (size_t)(window->filled - 1) * MODEL_CHANNELS);
  if (!result.has_scores) return LEARNING_GOES_ON;
  return learning_push_window(learning, &model_centres, twin_recognizer.embedded);
}

uint32_t twin_learn(const char *name, const int32_t *values, const uint64_t *t_us, uint32_t samples,
                    void *bytes) {
  static learning_t learning;
  if (twin_recognizer.enrolment == NULL) twin_enrol(NULL, 0);
  learning_begin(&learning, name);
  recognizer_reset(&twin_recognizer);
  learning_step_t step = LEARNING_GOES_ON;
  for (uint32_t i = 0; i < samples && step != LEARNING_DONE && step != LEARNING_TIMED_OUT; i++) {
    step = learn(&learning, values + (size_t)i * SAMPLE_CHANNELS, t_us[i]);
  }
  if (step == LEARNING_DONE) {
    enrolment_t next = enrolment;
    learned_t learned;
    if (!learning_add(&learning, &model_centres, &next, &learned)) return 0;
    enrolment_seal(&next);
    memcpy(bytes, &next, sizeof next);
  }
  recognizer_reset(&twin_recognizer);
  return learning.takes;
}

void twin_score_embedded(const int8_t *embedded, int8_t *scores, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    centres_score(&model_centres, &enrolment, embedded + (size_t)i * ENROLMENT_DIMENSIONS,
                  scores + (size_t)i * DECISION_CLASSES);
  }
}

#else

bool twin_has_centres(void) { return false; }

void twin_embed_windows(const int8_t *input, int8_t *embedded, uint32_t count) {
  (void)input, (void)embedded, (void)count;
}

bool twin_enrol(const void *bytes, uint32_t size) {
  (void)size;
  return bytes == NULL;
}

uint32_t twin_learn(const char *name, const int32_t *values, const uint64_t *t_us, uint32_t samples,
                    void *enrolment) {
  (void)name, (void)values, (void)t_us, (void)samples, (void)enrolment;
  return 0;
}

void twin_score_embedded(const int8_t *embedded, int8_t *scores, uint32_t count) {
  (void)embedded, (void)scores, (void)count;
}

#endif
