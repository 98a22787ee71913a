#include "learning.h"

#include <string.h>

#if MODEL_LEARNED

#define MOVES 2                    /* times the quietest window, */
#define STEPS (4 * MODEL_CHANNELS) /* and more than the noise of a window at rest */
#define ODD 4                      /* times the reach of a centre, squared */
#define ALL (1000u)                /* thousandths */
#define LIMIT_SAMPLES (LEARNING_LIMIT_S * MODEL.rate_millihz / 1000u)

void learning_begin(learning_t *learning, const char *name) {
  memset(learning, 0, sizeof *learning);
  strncpy(learning->name, name, sizeof learning->name - 1);
  learning->least = UINT32_MAX;
}

bool learning_is_on(const learning_t *learning) { return learning->name[0] != '\0'; }

static void end_hop(learning_t *learning) {
  int8_t *const means = learning->hops[learning->hop];
  for (int c = 0; c < MODEL_CHANNELS; c++) {
    means[c] = (int8_t)(learning->hop_sums[c] / MODEL_HOP);
    learning->hop_sums[c] = 0;
  }
  learning->hop = (uint16_t)((learning->hop + 1) % LEARNING_HOPS);
}

void learning_push_sample(learning_t *learning, const int8_t *sample) {
  for (int c = 0; c < MODEL_CHANNELS; c++) learning->hop_sums[c] += sample[c];
  if (++learning->samples % MODEL_HOP == 0) end_hop(learning);
}

/* How far the hops of a window lie apart, all channels together: noise is averaged out, slow moves
 * are not. */
static uint32_t motion(const learning_t *learning) {
  uint32_t sum = 0;
  for (int c = 0; c < MODEL_CHANNELS; c++) {
    int low = INT8_MAX, high = INT8_MIN;
    for (int h = 0; h < LEARNING_HOPS; h++) {
      const int value = learning->hops[h][c];
      low = value < low ? value : low;
      high = value > high ? value : high;
    }
    sum += (uint32_t)(high - low);
  }
  return sum;
}

static void add_window(learning_t *learning, uint32_t moved, const int8_t *embedded) {
  if (moved > learning->most + learning->most / 10) {
    memset(learning->sums, 0, sizeof learning->sums);
    learning->summed = 0;
    learning->most = moved;
  }
  if (moved < learning->most - learning->most / 10) return;
  for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) learning->sums[d] += embedded[d];
  learning->summed++;
}

/* Rounded to the nearest, halves away from zero. */
static int8_t mean(int32_t sum, uint32_t count) {
  const int32_t whole = (int32_t)count, half = sum < 0 ? -whole / 2 : whole / 2;
  return (int8_t)((sum + half) / whole);
}

/* The take that lies far from both others, LEARNING_TAKES where there is none. */
static int odd_one(const learning_t *learning, uint32_t far) {
  for (int t = 0; t < LEARNING_TAKES; t++) {
    const int8_t *const point = learning->points[t];
    const int8_t *const next = learning->points[(t + 1) % LEARNING_TAKES];
    const int8_t *const last = learning->points[(t + 2) % LEARNING_TAKES];
    if (centres_distance(point, next) > far && centres_distance(point, last) > far) return t;
  }
  return LEARNING_TAKES;
}

/* Without the odd one, there is one take less. */
static learning_step_t judge_takes(learning_t *learning, uint32_t far) {
  if (learning->takes < LEARNING_TAKES) return LEARNING_TAKE;
  const int odd = odd_one(learning, far);
  if (odd == LEARNING_TAKES) return LEARNING_DONE;
  learning->takes--;
  for (int t = odd; t < learning->takes; t++) {
    memcpy(learning->points[t], learning->points[t + 1], sizeof learning->points[t]);
  }
  return LEARNING_ODD_TAKE;
}

static learning_step_t end_take(learning_t *learning, uint32_t moved, uint32_t reach) {
  int8_t *const point = learning->points[learning->takes++];
  for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) {
    point[d] = mean(learning->sums[d], learning->summed);
  }
  learning->most = 0;
  learning->least = moved;
  return judge_takes(learning, ODD * reach);
}

learning_step_t learning_push_window(learning_t *learning, const model_centres_t *model,
                                     const int8_t *embedded) {
  if (learning->samples > LIMIT_SAMPLES) return LEARNING_TIMED_OUT;
  const uint32_t moved = motion(learning);
  if (learning->most > 0) {
    add_window(learning, moved, embedded);
    return moved < learning->most / 2 ? end_take(learning, moved, model->reach) : LEARNING_GOES_ON;
  }
  if (moved < learning->least) learning->least = moved;
  if (moved > MOVES * learning->least + STEPS) add_window(learning, moved, embedded);
  return LEARNING_GOES_ON;
}

static uint32_t farthest(const learning_t *learning, const int8_t *centre) {
  uint32_t most = 0;
  for (int t = 0; t < LEARNING_TAKES; t++) {
    const uint32_t distance = centres_distance(learning->points[t], centre);
    if (distance > most) most = distance;
  }
  return most;
}

/* `usual` / `distance`, at most 1, in thousandths. */
static uint16_t share(uint32_t usual, uint32_t distance) {
  return (uint16_t)(distance <= usual ? ALL : (uint64_t)usual * ALL / distance);
}

uint8_t learning_class(const enrolment_t *enrolment, const char *name) {
  for (uint8_t c = 0; c < MODEL_CLASSES; c++) {
    if (strcmp(MODEL.labels[c], name) == 0) return c;
  }
  const uint8_t learned = enrolment_find_learned(enrolment, name);
  return learned == ENROLMENT_NOBODY ? CENTRES_CLASSES : (uint8_t)(MODEL_CLASSES + learned);
}

/* The mean of the takes. It counts as far as a centre of the model does: three takes say too little
 * of how much a gesture varies. */
static void find_centre(const learning_t *learning, enrolment_centre_t *centre) {
  for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) {
    int32_t sum = 0;
    for (int t = 0; t < LEARNING_TAKES; t++) sum += learning->points[t][d];
    centre->centre[d] = mean(sum, LEARNING_TAKES);
  }
  centre->sharpness = CENTRES_SHARPNESS;
}

bool learning_add(const learning_t *learning, const model_centres_t *model, enrolment_t *enrolment,
                  learned_t *learned) {
  enrolment_centre_t centre;
  centre.class_index = learning_class(enrolment, learning->name);
  centre.owner = centre.class_index < MODEL_CLASSES ? enrolment->person : ENROLMENT_NOBODY;
  find_centre(learning, &centre);
  const uint32_t other =
      centres_nearest_other(model, enrolment, centre.centre, centre.class_index, &learned->like);
  learned->likeness = share(model->usual, other);
  learned->sureness = share(model->usual, farthest(learning, centre.centre));
  if (centre.class_index == CENTRES_CLASSES) {
    const uint8_t added = enrolment_add_learned(enrolment, learning->name);
    if (added == ENROLMENT_NOBODY) return false;
    centre.class_index = (uint8_t)(MODEL_CLASSES + added);
  }
  return enrolment_add_centre(enrolment, &centre);
}

#endif
