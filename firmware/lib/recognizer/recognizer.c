#include "recognizer.h"

void recognizer_reset(recognizer_t *recognizer) {
  window_reset(&recognizer->window);
  decision_reset(&recognizer->decision);
  MODEL.reset();
}

recognition_t recognizer_push(recognizer_t *recognizer, const int32_t *value, uint64_t t_us) {
  recognition_t result = {0};
  if (!window_push(&recognizer->window, MODEL.scales, MODEL.shift, value)) return result;
  MODEL.invoke(recognizer->window.input, result.scores);
  if (recognizer->window.seen < MODEL_WINDOW) return (recognition_t){0};
  result.has_scores = true;
  result.has_event =
      decision_push(&recognizer->decision, &MODEL.policy, result.scores, t_us, &result.event);
  return result;
}
