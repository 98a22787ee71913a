/* Classes as points: what the network sees becomes a point, and the nearest centre names it.
 *
 * The network's last features times a matrix are the embedding, in which takes of one gesture
 * scatter equally in all directions (whitening; nearest class mean, Mensink et al., 2013). The
 * model has centres of its classes and of the background; an enrolment adds those of a person, and
 * of gestures that the board has learned. A prototype needs few takes (Snell et al., 2017). */
#ifndef CENTRES_H
#define CENTRES_H

#include <stdbool.h>
#include <stdint.h>

#include "enrolment.h"
#include "model.h"
#include "model_size.h"

#define CENTRES_CLASSES (MODEL_CLASSES + ENROLMENT_LEARNED) /* learned ones are the last */
#define CENTRES_SHARPNESS 256 /* of a centre whose distances are taken as they are */

/* What `gesture convert` writes to model_centres.c. embedding = clamp((matrix * features *
 * multiplier + offset) >> shift); the multiplier and offset are those of a dimension. */
typedef struct {
  const int8_t *const *features; /* [part_count]: what the last dense layers were given */
  const uint16_t *part_sizes;    /* [part_count] */
  const int8_t *matrix;          /* [ENROLMENT_DIMENSIONS][all part sizes] */
  const model_scale_t *scales;   /* [ENROLMENT_DIMENSIONS] */
  const enrolment_centre_t *centres;
  uint32_t usual;   /* squared distance of a gesture from its centre */
  uint32_t reach;   /* squared distance from which on a window is background */
  uint32_t halving; /* difference of squared distances */
  uint8_t part_count;
  uint8_t shift;
  uint8_t centre_count;
  model_policy_t policy; /* with CENTRES_CLASSES fire sums */
} model_centres_t;

/* Where MODEL_LEARNED is not 0. */
extern const model_centres_t model_centres;

/* The embedding of the window that the network has just seen: int8 [ENROLMENT_DIMENSIONS]. */
void centres_embed(const model_centres_t *model, int8_t *embedded);

/* The squared distance of two points. */
uint32_t centres_distance(const int8_t *one, const int8_t *other);

/* Scores int8 [CENTRES_CLASSES], a softmax of squared distances: `halving` of them halves a class's
 * share. What is farther than `reach` from all centres is background. */
void centres_score(const model_centres_t *model, const enrolment_t *enrolment,
                   const int8_t *embedded, int8_t *scores);

/* Squared distance of the nearest centre of another class than `class_index`, for the person who is
 * active, and its class. UINT32_MAX where there is none. */
uint32_t centres_nearest_other(const model_centres_t *model, const enrolment_t *enrolment,
                               const int8_t *embedded, uint8_t class_index, uint8_t *other);

#endif
