/* One reading of the sensor, in integers, the same on every board. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <stdint.h>

#define SAMPLE_CHANNELS 6 /* ax ay az gx gy gz */

typedef struct {
  uint32_t seq;                   /* counts every sample the sensor made, also dropped ones */
  uint64_t t_us;                  /* board time at which the sensor made it */
  int32_t value[SAMPLE_CHANNELS]; /* thousandths: milli-g, then milli-degrees a second */
} sample_t;

/* What asking a sensor for its next sample gives. */
typedef enum {
  SAMPLE_NONE,    /* nothing new yet */
  SAMPLE_READY,   /* one sample was written to `out` */
  SAMPLE_STOPPED, /* the sensor gives no more: unplugged, dead, or the recording has ended */
} sample_status_t;

#endif
