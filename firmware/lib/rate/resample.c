#include "resample.h"

#include <string.h>

#define US_A_THOUSAND_SECONDS UINT64_C(1000000000)

/* A sensor this much slower than the result is not interpolated, see rate_lock.h; the rest is
 * for times that are not exact. */
#define LONGEST_PERIODS 2
#define LONGEST_HOLE_US UINT64_C(3600000000) /* after more than this all starts again */

/* Positions are in 2^-PERIOD_BITS of a period: the kernel's points, and fractions between them. */
#define FRACTION_BITS 8
#define PERIOD_BITS 14
#define PERIOD (1 << PERIOD_BITS)
#define REACH (RESAMPLE_REACH * PERIOD)

#define LEAST_WEIGHTS (1 << 12) /* an eighth of one sample's in the middle; less is no mean */
#define MOST_INPUTS 1024        /* a result has up to 190 at ten times its rate */
#define MOST_LOST 32            /* samples within LONGEST_PERIODS */

typedef int64_t values_t[SAMPLE_CHANNELS];

static uint64_t time_of(const resample_t *resample, int64_t place) {
  const uint64_t rate_millihz = resample->rate_millihz;
  const uint64_t since = (uint64_t)place * US_A_THOUSAND_SECONDS + rate_millihz / 2;
  return resample->anchor_us + since / rate_millihz;
}

static int64_t position_of(const resample_t *resample, uint64_t t_us) {
  const uint64_t scaled = (t_us - resample->anchor_us) * resample->rate_millihz;
  const uint64_t rest = (scaled % US_A_THOUSAND_SECONDS) * PERIOD / US_A_THOUSAND_SECONDS;
  return (int64_t)((scaled / US_A_THOUSAND_SECONDS) * PERIOD + rest);
}

static int64_t floor_place(int64_t position) { return position >> PERIOD_BITS; }
static int64_t ceil_place(int64_t position) { return floor_place(position + PERIOD - 1); }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static resample_slot_t *slot_of(resample_t *resample, int64_t place) {
  return &resample->slots[place % RESAMPLE_SLOTS];
}

/* Within REACH; between two points of the kernel runs a straight line. */
static int32_t weight_at(int64_t distance) {
  const uint32_t away = (uint32_t)(distance < 0 ? -distance : distance);
  const int16_t *point = &resample_kernel[away >> FRACTION_BITS];
  const int32_t fraction = (int32_t)(away & ((1u << FRACTION_BITS) - 1));
  return point[0] + (((point[1] - point[0]) * fraction) >> FRACTION_BITS);
}

static void add_to(resample_slot_t *slot, int32_t weight, const values_t values) {
  if (slot->inputs == MOST_INPUTS) return;
  for (int c = 0; c < SAMPLE_CHANNELS; c++) slot->sum[c] += weight * values[c];
  slot->weights += weight;
  slot->inputs++;
}

static void add(resample_t *resample, int64_t position, const values_t values) {
  const int64_t first = larger(resample->place, floor_place(position - REACH) + 1);
  const int64_t end = smaller(resample->place + RESAMPLE_SLOTS, ceil_place(position + REACH));
  for (int64_t place = first; place < end; place++) {
    add_to(slot_of(resample, place), weight_at(place * PERIOD - position), values);
  }
}

/* And its mirror image before the first sample of the stretch, as far as that is seen. */
static void add_sample(resample_t *resample, const sample_t *sample) {
  const sample_t *first = &resample->first;
  const int64_t position = position_of(resample, sample->t_us);
  const int64_t mirror = 2 * position_of(resample, first->t_us) - position;
  values_t values, mirrored;
  for (int c = 0; c < SAMPLE_CHANNELS; c++) {
    values[c] = sample->value[c];
    mirrored[c] = 2 * (int64_t)first->value[c] - values[c];
  }
  add(resample, position, values);
  if (mirror < position) add(resample, mirror, mirrored);
  const int64_t ready_end = floor_place(position - REACH) + 1;
  resample->ready_end = smaller(larger(ready_end, 0), resample->place + RESAMPLE_SLOTS);
}

static void start_stretch(resample_t *resample) {
  memset(resample->slots, 0, sizeof resample->slots);
  resample->start = RESAMPLE_GOES_ON;
  resample->first = resample->newest;
  add_sample(resample, &resample->newest);
}

void resample_begin(resample_t *resample, uint32_t rate_millihz, const sample_t *from) {
  *resample = (resample_t){
      .rate_millihz = rate_millihz,
      .longest_us = (uint32_t)(LONGEST_PERIODS * US_A_THOUSAND_SECONDS / rate_millihz),
      .anchor_us = from->t_us,
      .anchor_seq = from->seq,
      .place = 1,
      .newest = *from,
  };
  start_stretch(resample);
}

static void start_waiting_stretch(resample_t *resample) {
  const uint64_t t_us = resample->newest.t_us;
  if (resample->start == RESAMPLE_NEW_CLOCK) {
    resample->anchor_seq += (uint32_t)resample->place;
    resample->anchor_us = t_us;
    resample->place = 0;
  } else {
    resample->place = larger(resample->place, ceil_place(position_of(resample, t_us)));
  }
  start_stretch(resample);
}

/* Results up to the last sample are ready; its values are repeated as far as the kernel reaches. */
static void end_stretch(resample_t *resample) {
  sample_t held = resample->newest;
  const int64_t last = position_of(resample, held.t_us);
  if (resample->step_us > 0) {
    for (int steps = 0; steps < MOST_INPUTS; steps++) {
      held.t_us += resample->step_us;
      if (position_of(resample, held.t_us) >= last + REACH) break;
      add_sample(resample, &held);
    }
  }
  resample->ready_end = smaller(floor_place(last) + 1, resample->place + RESAMPLE_SLOTS);
  resample->step_us = 0;
}

static void go_on(resample_t *resample, const sample_t *sample) {
  add_sample(resample, sample);
  resample->step_us = sample->t_us - resample->newest.t_us;
  resample->newest = *sample;
}

static void fill_lost(resample_t *resample, const sample_t *sample) {
  const sample_t before = resample->newest;
  const uint32_t steps = sample->seq - before.seq;
  if (steps > MOST_LOST) return;
  for (uint32_t i = 1; i < steps; i++) {
    sample_t lost = {.seq = before.seq + i};
    lost.t_us = before.t_us + (sample->t_us - before.t_us) * i / steps;
    for (int c = 0; c < SAMPLE_CHANNELS; c++) {
      const int64_t change = (int64_t)sample->value[c] - before.value[c];
      lost.value[c] = (int32_t)(before.value[c] + change * (int64_t)i / (int64_t)steps);
    }
    go_on(resample, &lost);
  }
}

static resample_start_t start_after(const resample_t *resample, uint64_t t_us) {
  const uint64_t since_us = t_us - resample->newest.t_us;
  if (t_us <= resample->newest.t_us || since_us > LONGEST_HOLE_US) return RESAMPLE_NEW_CLOCK;
  return since_us > resample->longest_us ? RESAMPLE_AFTER_HOLE : RESAMPLE_GOES_ON;
}

void resample_push(resample_t *resample, const sample_t *sample) {
  if (resample->start != RESAMPLE_GOES_ON) start_waiting_stretch(resample);
  resample->start = start_after(resample, sample->t_us);
  if (resample->start == RESAMPLE_GOES_ON) {
    fill_lost(resample, sample);
    go_on(resample, sample);
  } else {
    end_stretch(resample);
    resample->newest = *sample;
  }
}

static int32_t mean(int64_t sum, int32_t weights) {
  const int64_t half = sum < 0 ? -(weights / 2) : weights / 2;
  const int64_t value = (sum + half) / weights;
  if (value > INT32_MAX) return INT32_MAX;
  return value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

bool resample_pop(resample_t *resample, sample_t *out) {
  if (resample->place >= resample->ready_end) {
    if (resample->start != RESAMPLE_GOES_ON) start_waiting_stretch(resample);
    return false;
  }
  resample_slot_t *slot = slot_of(resample, resample->place);
  *out = resample->newest;
  out->seq = resample->anchor_seq + (uint32_t)resample->place;
  out->t_us = time_of(resample, resample->place++);
  if (slot->weights >= LEAST_WEIGHTS) {
    for (int c = 0; c < SAMPLE_CHANNELS; c++) out->value[c] = mean(slot->sum[c], slot->weights);
  }
  *slot = (resample_slot_t){0};
  return true;
}
