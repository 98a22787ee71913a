#include "centres.h"

#include <stddef.h>

#if MODEL_LEARNED

#define STEPS 16u
#define SHIFT_LIMIT 16u

static int8_t clamp(int64_t value) {
  if (value < INT8_MIN) return INT8_MIN;
  return value > INT8_MAX ? INT8_MAX : (int8_t)value;
}

void centres_embed(const model_centres_t *model, int8_t *embedded) {
  const int8_t *weight = model->matrix;
  for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) {
    int32_t sum = 0;
    for (int p = 0; p < model->part_count; p++) {
      const int8_t *const feature = model->features[p];
      for (int f = 0; f < model->part_sizes[p]; f++) sum += feature[f] * *weight++;
    }
    const model_scale_t *const scale = &model->scales[d];
    embedded[d] = clamp((sum * (int64_t)scale->multiplier + scale->offset) >> model->shift);
  }
}

uint32_t centres_distance(const int8_t *one, const int8_t *other) {
  uint32_t sum = 0;
  for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) {
    const int32_t difference = one[d] - other[d];
    sum += (uint32_t)(difference * difference);
  }
  return sum;
}

static bool counts(const enrolment_t *enrolment, const enrolment_centre_t *centre) {
  return centre->owner == ENROLMENT_NOBODY || centre->owner == enrolment->person;
}

static uint32_t distance_to(const enrolment_centre_t *centre, const int8_t *embedded) {
  const uint64_t squared = centres_distance(centre->centre, embedded);
  const uint64_t sharp = squared * centre->sharpness / CENTRES_SHARPNESS;
  return sharp < UINT32_MAX ? (uint32_t)sharp : UINT32_MAX - 1;
}

/* The nearest of some centres, for each class. */
static void take_nearest(const enrolment_t *enrolment, const enrolment_centre_t *centres,
                         uint32_t count, const int8_t *embedded, uint32_t *nearest) {
  for (const enrolment_centre_t *const end = centres + count; centres != end; centres++) {
    if (!counts(enrolment, centres)) continue;
    const uint32_t distance = distance_to(centres, embedded);
    uint32_t *const best = &nearest[centres->class_index];
    if (distance < *best) *best = distance;
  }
}

static void find_nearest(const model_centres_t *model, const enrolment_t *enrolment,
                         const int8_t *embedded, uint32_t nearest[CENTRES_CLASSES]) {
  for (int c = 0; c < CENTRES_CLASSES; c++) nearest[c] = UINT32_MAX;
  take_nearest(enrolment, model->centres, model->centre_count, embedded, nearest);
  take_nearest(enrolment, enrolment->centres, enrolment->centre_count, embedded, nearest);
}

/* 65536 * 2^(-distance / halving), rounded down to a sixteenth of the exponent. */
static uint32_t share_of(uint32_t distance, uint32_t halving) {
  static const uint32_t parts[STEPS] = {65536, 62757, 60097, 57549, 55109, 52772, 50535, 48393,
                                        46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219};
  const uint64_t steps = (uint64_t)distance * STEPS / halving;
  return steps / STEPS > SHIFT_LIMIT ? 0 : parts[steps % STEPS] >> (steps / STEPS);
}

void centres_score(const model_centres_t *model, const enrolment_t *enrolment,
                   const int8_t *embedded, int8_t *scores) {
  uint32_t nearest[CENTRES_CLASSES], lowest = UINT32_MAX, total = 0;
  find_nearest(model, enrolment, embedded, nearest);
  const uint8_t background = MODEL.policy.background;
  if (background != MODEL_NO_BACKGROUND && model->reach < nearest[background]) {
    nearest[background] = model->reach;
  }
  for (int c = 0; c < CENTRES_CLASSES; c++) lowest = nearest[c] < lowest ? nearest[c] : lowest;
  for (int c = 0; c < CENTRES_CLASSES; c++) {
    nearest[c] = share_of(nearest[c] - lowest, model->halving);
    total += nearest[c];
  }
  for (int c = 0; c < CENTRES_CLASSES; c++) {
    scores[c] = clamp((nearest[c] * INT64_C(256) + total / 2) / total - 128);
  }
}

uint32_t centres_nearest_other(const model_centres_t *model, const enrolment_t *enrolment,
                               const int8_t *embedded, uint8_t class_index, uint8_t *other) {
  uint32_t nearest[CENTRES_CLASSES], lowest = UINT32_MAX;
  find_nearest(model, enrolment, embedded, nearest);
  for (int c = 0; c < CENTRES_CLASSES; c++) {
    if (c == class_index || nearest[c] >= lowest) continue;
    lowest = nearest[c];
    *other = (uint8_t)c;
  }
  return lowest;
}

#endif
