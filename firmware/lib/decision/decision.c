#include "decision.h"

#include <string.h>

#define US_A_THOUSAND_SECONDS UINT64_C(1000000000)

void decision_reset(decision_t *decision) { memset(decision, 0, sizeof *decision); }

static void add_window(decision_t *decision, const model_policy_t *policy, int classes,
                       const int8_t *scores) {
  uint8_t *place = decision->scores[decision->next];
  for (int c = 0; c < classes; c++) {
    const uint8_t score = (uint8_t)(scores[c] - INT8_MIN);
    decision->sums[c] = (uint16_t)(decision->sums[c] + score - place[c]);
    place[c] = score;
    if (decision->sums[c] < policy->release_sum) decision->held[c] = false;
  }
  decision->next = (uint8_t)((decision->next + 1) % policy->smoothing_windows);
}

static bool may_fire(const decision_t *decision, const model_policy_t *policy, int c) {
  return c != policy->background && !decision->held[c] && decision->sums[c] >= policy->fire_sums[c];
}

/* And a clock that went back. */
static void forget_what_is_too_old(decision_t *decision, uint64_t t_us) {
  const uint64_t window_us = MODEL_WINDOW * US_A_THOUSAND_SECONDS / MODEL.rate_millihz;
  const bool follows = t_us >= decision->last_t_us && t_us - decision->last_t_us <= window_us;
  if (decision->last_t_us != 0 && !follows) decision_reset(decision);
  decision->last_t_us = t_us;
}

bool decision_push(decision_t *decision, const model_policy_t *policy, int classes,
                   const int8_t *scores, uint64_t t_us, decision_event_t *event) {
  forget_what_is_too_old(decision, t_us);
  add_window(decision, policy, classes, scores);
  if (t_us < decision->silent_until_us) return false;
  int best = -1;
  for (int c = 0; c < classes; c++) {
    if (!may_fire(decision, policy, c)) continue;
    if (best < 0 || decision->sums[c] > decision->sums[best]) best = c;
  }
  if (best < 0) return false;
  decision->held[best] = true;
  decision->silent_until_us = t_us + policy->refractory_us;
  event->class_index = (uint8_t)best;
  event->sum = decision->sums[best];
  return true;
}

uint32_t decision_score_thousandths(const model_policy_t *policy, uint16_t sum) {
  const uint32_t whole = (uint32_t)policy->smoothing_windows * DECISION_MAX_SCORE;
  return (sum * 1000u + whole / 2) / whole;
}
