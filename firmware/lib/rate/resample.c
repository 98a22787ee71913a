#include "resample.h"

#define US_A_THOUSAND_SECONDS UINT64_C(1000000000)
#define FRACTION_BITS 15

/* A sensor this much slower than the result is not interpolated, see rate_lock.h; the rest is
 * for times that are not exact. */
#define LONGEST_PERIODS 2
#define LONGEST_HOLE_US UINT64_C(3600000000) /* after more than this all starts anew */

static uint64_t time_of(const resample_t *resample, uint64_t place) {
  const uint32_t rate_mhz = resample->rate_mhz;
  return resample->anchor_us + (place * US_A_THOUSAND_SECONDS + rate_mhz / 2) / rate_mhz;
}

/* A sample that has none before it stands for its own predecessor. */
static void start_past(resample_t *resample, const sample_t *sample) {
  resample->past[0] = resample->past[1] = *sample;
  resample->known = 2;
}

void resample_begin(resample_t *resample, uint32_t rate_mhz, const sample_t *from) {
  resample->rate_mhz = rate_mhz;
  resample->longest_us = (uint32_t)(LONGEST_PERIODS * US_A_THOUSAND_SECONDS / rate_mhz);
  resample->anchor_us = from->t_us;
  resample->anchor_seq = from->seq;
  resample->place = 1;
  start_past(resample, from);
}

static void go_on_after_a_hole(resample_t *resample, const sample_t *sample) {
  const uint64_t since_us = sample->t_us - resample->anchor_us;
  const uint64_t place =
      (since_us * resample->rate_mhz + US_A_THOUSAND_SECONDS - 1) / US_A_THOUSAND_SECONDS;
  if (place > resample->place) resample->place = place;
  start_past(resample, sample);
}

/* The clock has gone back or far ahead, and nothing is known of the time between. */
static void anchor_anew(resample_t *resample, const sample_t *sample) {
  resample->anchor_seq += (uint32_t)resample->place;
  resample->anchor_us = sample->t_us;
  resample->place = 0;
  start_past(resample, sample);
}

void resample_push(resample_t *resample, const sample_t *sample) {
  const sample_t *newest = &resample->past[resample->known - 1];
  const uint64_t since_us = sample->t_us - newest->t_us;
  if (sample->t_us <= newest->t_us || since_us > LONGEST_HOLE_US) {
    anchor_anew(resample, sample);
  } else if (since_us > resample->longest_us) {
    go_on_after_a_hole(resample, sample);
  } else if (resample->known < RESAMPLE_PAST) {
    resample->past[resample->known++] = *sample;
  } else {
    for (int i = 1; i < RESAMPLE_PAST; i++) resample->past[i - 1] = resample->past[i];
    resample->past[RESAMPLE_PAST - 1] = *sample;
  }
}

/* `fraction` of the way from `y1` to `y2`, in 2^-FRACTION_BITS, rounded. */
static int32_t cubic(int64_t y0, int64_t y1, int64_t y2, int64_t y3, int64_t fraction) {
  const int64_t third = 3 * (y1 - y2) + y3 - y0;
  const int64_t second = 2 * y0 - 5 * y1 + 4 * y2 - y3;
  const int64_t first = y2 - y0;
  int64_t sum = ((third * fraction) >> FRACTION_BITS) + second;
  sum = ((sum * fraction) >> FRACTION_BITS) + first;
  sum = y1 + ((sum * fraction + (INT64_C(1) << FRACTION_BITS)) >> (FRACTION_BITS + 1));
  if (sum > INT32_MAX) return INT32_MAX;
  return sum < INT32_MIN ? INT32_MIN : (int32_t)sum;
}

bool resample_pop(resample_t *resample, sample_t *out) {
  if (resample->known < RESAMPLE_PAST) return false;
  const sample_t *past = resample->past;
  const uint64_t t_us = time_of(resample, resample->place);
  const int64_t since_us = (int64_t)(t_us - past[1].t_us);
  const int64_t step_us = (int64_t)(past[2].t_us - past[1].t_us);
  if (since_us > step_us) return false;
  const int64_t fraction = since_us > 0 ? (since_us << FRACTION_BITS) / step_us : 0;
  out->seq = resample->anchor_seq + (uint32_t)resample->place++;
  out->t_us = t_us;
  for (int c = 0; c < SAMPLE_CHANNELS; c++) {
    out->value[c] =
        cubic(past[0].value[c], past[1].value[c], past[2].value[c], past[3].value[c], fraction);
  }
  return true;
}
