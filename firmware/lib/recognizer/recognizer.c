#include "recognizer.h"

#define US_A_THOUSAND_SECONDS UINT32_C(1000000000)

void recognizer_reset(recognizer_t *recognizer) {
  window_reset(&recognizer->window);
  decision_reset(&recognizer->decision);
  MODEL.reset();
  recognizer->has_last = false;
}

bool recognizer_may_join(uint64_t last_t_us, uint64_t t_us) {
  if (MODEL.rate_millihz == 0) return true;
  const uint64_t half_period_us = US_A_THOUSAND_SECONDS / 2 / MODEL.rate_millihz;
  return t_us >= last_t_us && t_us - last_t_us < (2 * MODEL_HOP + 3) * half_period_us;
}

static bool is_after_hole(recognizer_t *recognizer, uint64_t t_us) {
  const bool is = recognizer->has_last && !recognizer_may_join(recognizer->last_t_us, t_us);
  if (is) recognizer_reset(recognizer);
  recognizer->has_last = true;
  recognizer->last_t_us = t_us;
  return is;
}

recognition_t recognizer_push(recognizer_t *recognizer, const int32_t *value, uint64_t t_us) {
  recognition_t result = {.is_after_hole = is_after_hole(recognizer, t_us)};
  if (!window_push(&recognizer->window, MODEL.scales, MODEL.shift, value)) return result;
  MODEL.invoke(recognizer->window.input, result.scores);
  if (recognizer->window.seen < MODEL_WINDOW) return result;
  result.has_scores = true;
  result.has_event =
      decision_push(&recognizer->decision, &MODEL.policy, result.scores, t_us, &result.event);
  return result;
}
