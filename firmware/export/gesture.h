/* Gestures by name, out of samples of acceleration and rotation. For C and C++; every name begins
 * with gesture_ or GESTURE_, here and in what is linked. There is one recognizer: its calls must
 * not overlap. example.c shows them. */
#ifndef GESTURE_H
#define GESTURE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GESTURE_CHANNELS 6

typedef struct {
  uint64_t t_us;                   /* when the sensor made it */
  int32_t value[GESTURE_CHANNELS]; /* ax ay az gx gy gz: thousandths of g, then of deg/s */
} gesture_sample_t;

typedef struct {
  uint64_t t_us;              /* of the sample with which it was recognised */
  const char *label;          /* the gesture's name */
  uint32_t score_thousandths; /* 0 to 1000 */
} gesture_event_t;

/* Whether the network computes here what it did where it was converted. `before_each` inference is
 * called, to feed a watchdog; may be NULL. Everything seen before is forgotten. */
bool gesture_selftest(void (*before_each)(void));

/* Forgets everything. `sensor_millihz`: how many samples the sensor is set to make in 1000 s. */
void gesture_begin(uint32_t sensor_millihz);

/* Takes the next sample; true where a gesture is recognised with it, which is written to `event`.
 * A sensor is rarely as fast as it says: its samples are brought to the model's rate. Where more
 * than a hop of samples is missing, by their times, recognition starts again. */
bool gesture_push(const gesture_sample_t *sample, gesture_event_t *event);

/* Whether samples come at a rate that cannot be brought to the model's: nothing is recognised
 * then. */
bool gesture_rate_is_off(void);

/* Samples that the model takes in 1000 s. */
uint32_t gesture_rate_millihz(void);

#ifdef __cplusplus
}
#endif

#endif
