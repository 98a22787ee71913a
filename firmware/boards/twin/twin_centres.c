#include <string.h>

#include "model.h"
#include "model_size.h"
#include "recognizer.h"
#include "twin.h"
#include "twin_state.h"

#if MODEL_LEARNED

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

void twin_score_embedded(const int8_t *embedded, int8_t *scores, uint32_t count) {
  (void)embedded, (void)scores, (void)count;
}

#endif
