/* A gesture from three takes, by the board alone.
 *
 * A take is a stretch of motion between two of rest. Its point is the mean of the embeddings of
 * the windows that see most of it; the centre of the gesture is the mean of three. */
#ifndef LEARNING_H
#define LEARNING_H

#include <stdbool.h>
#include <stdint.h>

#include "centres.h"
#include "enrolment.h"
#include "model_size.h"

#define LEARNING_TAKES 3
#define LEARNING_LIMIT_S 60 /* for all takes */
#define LEARNING_HOPS (MODEL_WINDOW / MODEL_HOP)

typedef enum {
  LEARNING_GOES_ON,
  LEARNING_TAKE,     /* one more take is known */
  LEARNING_ODD_TAKE, /* one was unlike both others, and is forgotten */
  LEARNING_DONE,     /* the last one */
  LEARNING_TIMED_OUT /* nothing is learned */
} learning_step_t;

typedef struct {
  char name[ENROLMENT_NAME]; /* empty where nothing is being learned */
  uint8_t takes;
  int8_t points[LEARNING_TAKES][ENROLMENT_DIMENSIONS];
  int32_t hop_sums[MODEL_CHANNELS];           /* of the samples of the hop that is not yet whole */
  int8_t hops[LEARNING_HOPS][MODEL_CHANNELS]; /* a ring: the means of the hops of a window */
  uint16_t hop;                               /* the place of the next one */
  uint32_t least;                             /* motion of a window since the last take */
  uint32_t most;                              /* of a window of this take; 0 at rest */
  int32_t sums[ENROLMENT_DIMENSIONS];         /* of the windows that see most of the take */
  uint32_t summed;
  uint32_t samples; /* since the start */
} learning_t;

/* What came of it. */
typedef struct {
  uint8_t like;      /* the class that is most like it */
  uint16_t likeness; /* thousandths, 1000: cannot be told apart */
  uint16_t sureness; /* thousandths, 1000: the takes are as alike as those of training */
} learned_t;

/* Begins to learn a gesture; whatever was being learned is forgotten. */
void learning_begin(learning_t *learning, const char *name);

/* Whether a gesture is being learned. */
bool learning_is_on(const learning_t *learning);

/* Takes a sample as the network is given it, int8 [MODEL_CHANNELS]. */
void learning_push_sample(learning_t *learning, const int8_t *sample);

/* Takes the embedding of the window that ended with the last sample; none of its samples were
 * before the start. */
learning_step_t learning_push_window(learning_t *learning, const model_centres_t *model,
                                     const int8_t *embedded);

/* The class that a gesture of this name would have; it is new where that is CENTRES_CLASSES. */
uint8_t learning_class(const enrolment_t *enrolment, const char *name);

/* Adds the gesture of all takes to an enrolment. A new one is everybody's; another way of a gesture
 * that the model knows is that of the person who is recognized. False where there is no room. */
bool learning_add(const learning_t *learning, const model_centres_t *model, enrolment_t *enrolment,
                  learned_t *learned);

#endif
