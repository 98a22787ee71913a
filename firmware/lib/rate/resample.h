/* Samples at one rate to samples at another, as they come: a low-pass and an interpolation in one,
 * in integers.
 *
 * The result lies on a grid of whole periods of the wanted rate, counted from the sample it was
 * anchored at, so that its mean rate is exact and does not drift. Each result is the mean of the
 * samples within RESAMPLE_REACH periods, weighted by their distance from it (resample_kernel.h):
 * what the new rate cannot show is taken away and does not come back as a slower motion. A result
 * is known RESAMPLE_REACH periods after its time.
 *
 * Where a sample comes in it is added to the results around it, so that what is kept does not
 * grow with the sensor's rate. A few lost samples are taken to lie on a straight line. Over a
 * longer hole nothing is invented: the grid goes on and its numbers show the hole. Before the
 * first sample of a stretch the motion is taken to be mirrored about it, which keeps its slope;
 * after the last one it is taken to rest. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "resample_kernel.h"
#include "sample.h"

/* Results that a sample touches, and those that became ready with it and were not taken yet. */
#define RESAMPLE_SLOTS (2 * RESAMPLE_REACH + 6)

typedef struct {
  int64_t sum[SAMPLE_CHANNELS]; /* of weights times values */
  int32_t weights;              /* their sum */
  uint16_t inputs;
} resample_slot_t;

typedef enum { RESAMPLE_GOES_ON, RESAMPLE_AFTER_HOLE, RESAMPLE_NEW_CLOCK } resample_start_t;

typedef struct {
  uint32_t rate_millihz;  /* of the result, samples per 1000 s */
  uint32_t longest_us;    /* between two samples; more is a hole */
  uint64_t anchor_us;     /* time of the grid's place 0 */
  uint32_t anchor_seq;    /* its number */
  int64_t place;          /* of the next result */
  int64_t ready_end;      /* results before this place are ready */
  sample_t first;         /* of this stretch */
  sample_t newest;        /* the last one pushed */
  uint64_t step_us;       /* between the last two samples */
  resample_start_t start; /* how `newest` begins a stretch, once the results before it are taken */
  resample_slot_t slots[RESAMPLE_SLOTS]; /* of the place modulo their number */
} resample_t;

/* Results follow `from`, which is the last one given in another way. */
void resample_begin(resample_t *resample, uint32_t rate_millihz, const sample_t *from);

void resample_push(resample_t *resample, const sample_t *sample);

/* The next result; false where another sample is needed. Ask until false after each push. */
bool resample_pop(resample_t *resample, sample_t *out);

#endif
