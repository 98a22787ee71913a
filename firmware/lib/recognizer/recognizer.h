/* The one signal path: samples in, scores and events out. Board and host run this code. */
#ifndef RECOGNIZER_H
#define RECOGNIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "decision.h"
#include "model_size.h"
#include "window.h"

#if MODEL_LEARNED
#include "centres.h"
#endif

typedef struct {
  window_t window;
  decision_t decision;
  uint64_t last_t_us;
  bool has_last;
#if MODEL_LEARNED
  /* Stays over resets. Where it is active, the nearest centre decides; NULL: there is none. */
  const enrolment_t *enrolment;
  int8_t embedded[ENROLMENT_DIMENSIONS]; /* of the last window, where there is an enrolment */
#endif
} recognizer_t;

typedef struct {
  bool is_after_hole; /* this sample does not follow the one before, and all starts with it */
  bool has_scores;    /* this sample finished a window */
  bool has_event;
  int8_t scores[DECISION_CLASSES]; /* less 128, where has_scores; 0 of what was not learned */
  const model_policy_t *policy;    /* by which they were judged, where has_scores */
  decision_event_t event;          /* where has_event */
} recognition_t;

/* As if no sample had ever been pushed. The model's state belongs to one recognizer. */
void recognizer_reset(recognizer_t *recognizer);

/* Whether samples of these times may share a window: no more than a hop of them is missing between,
 * or half of it would show one motion and half another. */
bool recognizer_may_join(uint64_t last_t_us, uint64_t t_us);

/* `value`: int32 [WINDOW_CHANNELS] in thousandths, taken at `t_us`. Needs a model that is
 * sampled: others take more than a sample has. For a caption the window alone is kept. */
recognition_t recognizer_push(recognizer_t *recognizer, const int32_t *value, uint64_t t_us);

#endif
