#include "recognizer.h"

#include <stddef.h>

#define US_A_THOUSAND_SECONDS UINT32_C(1000000000)

void recognizer_reset(recognizer_t *recognizer) {
  window_reset(&recognizer->window);
  decision_reset(&recognizer->decision);
  if (!MODEL_ENCODED) MODEL.reset(); /* else it writes, and has read no sample */
  recognizer->has_last = false;
}

bool recognizer_may_join(uint64_t last_t_us, uint64_t t_us) {
  if (MODEL.rate_millihz == 0) return true;
  const uint64_t half_period_us = US_A_THOUSAND_SECONDS / 2 / MODEL.rate_millihz;
  return t_us >= last_t_us && t_us - last_t_us < (2 * WINDOW_HOP + 3) * half_period_us;
}

static bool is_after_hole(recognizer_t *recognizer, uint64_t t_us) {
  const bool is = recognizer->has_last && !recognizer_may_join(recognizer->last_t_us, t_us);
  if (is) recognizer_reset(recognizer);
  recognizer->has_last = true;
  recognizer->last_t_us = t_us;
  return is;
}

#if MODEL_LEARNED

/* True where centres have made the scores. */
static bool score_by_centres(recognizer_t *recognizer, int8_t *scores) {
  if (recognizer->enrolment == NULL) return false;
  centres_embed(&model_centres, recognizer->embedded);
  if (!enrolment_is_active(recognizer->enrolment)) return false;
  centres_score(&model_centres, recognizer->enrolment, recognizer->embedded, scores);
  return true;
}

static bool decide(recognizer_t *recognizer, recognition_t *result, uint64_t t_us) {
  const bool by_centres = score_by_centres(recognizer, result->scores);
  result->policy = by_centres ? &model_centres.policy : &MODEL.policy;
  return decision_push(&recognizer->decision, result->policy,
                       by_centres ? CENTRES_CLASSES : MODEL_CLASSES, result->scores, t_us,
                       &result->event);
}

#else

static bool decide(recognizer_t *recognizer, recognition_t *result, uint64_t t_us) {
  result->policy = &MODEL.policy;
  return decision_push(&recognizer->decision, result->policy, MODEL_CLASSES, result->scores, t_us,
                       &result->event);
}

#endif

recognition_t recognizer_push(recognizer_t *recognizer, const int32_t *value, uint64_t t_us) {
  recognition_t result = {.is_after_hole = is_after_hole(recognizer, t_us)};
  for (int c = MODEL_CLASSES; c < DECISION_CLASSES; c++) result.scores[c] = INT8_MIN;
  const bool is_ready = window_push(&recognizer->window, MODEL.scales, MODEL.shift, value);
  if (MODEL_ENCODED || !is_ready) return result;
  MODEL.invoke(recognizer->window.input, result.scores);
  if (recognizer->window.seen < WINDOW_SAMPLES) return result;
  result.has_scores = true;
  result.has_event = decide(recognizer, &result, t_us);
  return result;
}
