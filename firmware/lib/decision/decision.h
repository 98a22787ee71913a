/* Scores of windows to events, in integers; the rules are those of the contract's policy.
 *
 * A class fires when the sum of its last `smoothing_windows` scores reaches its fire sum; of
 * several the highest sum wins, of equal ones the lower class. Missing windows count 0. After an
 * event nothing fires for `refractory_us`, and the class that fired must have fallen below
 * `release_sum` before it may fire again. The background never fires. A score that ends more
 * than a window's length after the one before shares no sample with it: all starts with it. */
#ifndef DECISION_H
#define DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "model_size.h"

#define DECISION_CLASSES (MODEL_CLASSES + MODEL_LEARNED)
#define DECISION_MAX_WINDOWS 16
#define DECISION_MAX_SCORE 255

typedef struct {
  uint8_t scores[DECISION_MAX_WINDOWS][DECISION_CLASSES]; /* a ring of the last windows */
  uint16_t sums[DECISION_CLASSES];
  bool held[DECISION_CLASSES]; /* fired, and not yet below the release sum */
  uint8_t next;                /* place in the ring */
  uint64_t silent_until_us;
  uint64_t last_t_us; /* of a score, 0 before the first */
} decision_t;

typedef struct {
  uint8_t class_index;
  uint16_t sum;
} decision_event_t;

void decision_reset(decision_t *decision);

/* Takes scores, int8 [classes] - 128, of the window that ends at `t_us`; up to DECISION_CLASSES,
 * and as many as the policy has fire sums. True when a class fires: then it is written to `event`.
 */
bool decision_push(decision_t *decision, const model_policy_t *policy, int classes,
                   const int8_t *scores, uint64_t t_us, decision_event_t *event);

/* An event's smoothed score in thousandths, 0..1000. */
uint32_t decision_score_thousandths(const model_policy_t *policy, uint16_t sum);

#endif
