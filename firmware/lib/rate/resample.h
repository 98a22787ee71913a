/* Samples at one rate to samples at another, as they come: cubic interpolation in integers.
 *
 * The result lies on a grid of whole periods of the wanted rate, counted from the sample it was
 * anchored at, so that its mean rate is exact and does not drift. Between two samples runs the
 * Catmull-Rom cubic (Catmull and Rom, 1974, "A class of local interpolating splines"), which
 * goes through both and takes its slope there from their neighbours; a sample is therefore
 * known one and a half periods after its time. Nothing is invented where samples are missing:
 * the grid goes on and its numbers show the hole. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define RESAMPLE_PAST 4 /* samples a cubic needs */

typedef struct {
  uint32_t rate_mhz;            /* of the result, samples per 1000 s */
  uint32_t longest_us;          /* between two samples; more is a hole */
  uint64_t anchor_us;           /* time of the grid's place 0 */
  uint32_t anchor_seq;          /* its number */
  uint64_t place;               /* of the next result */
  uint8_t known;                /* samples in `past`, the newest last */
  sample_t past[RESAMPLE_PAST]; /* results lie between the two in the middle */
} resample_t;

/* Results follow `from`, which is the last one given in another way. */
void resample_begin(resample_t *resample, uint32_t rate_mhz, const sample_t *from);

void resample_push(resample_t *resample, const sample_t *sample);

/* The next result; false where another sample is needed. Ask until false after each push. */
bool resample_pop(resample_t *resample, sample_t *out);

#endif
