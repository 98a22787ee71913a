/* Holds samples to a wanted rate, whatever the sensor's own is.
 *
 * The sensor's true rate is measured by the times of its samples. Within 1 % of the wanted rate
 * they go through as they are; from 0.8 to 10 times the wanted rate they are resampled to it;
 * anything else is off: more than 2 % from what is wanted, and nothing can be done about it.
 * Until a whole block has been measured the rate is taken to be the nominal one. */
#ifndef RATE_LOCK_H
#define RATE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "rate.h"
#include "resample.h"
#include "sample.h"

typedef enum {
  RATE_DIRECT,    /* samples go through as they are */
  RATE_RESAMPLED, /* they are brought to the wanted rate */
  RATE_OFF,       /* they go through, at a rate that is not the wanted one */
} rate_state_t;

typedef struct {
  uint32_t wanted_millihz; /* 0: any rate is right */
  uint32_t sensor_millihz; /* as measured last, or nominal */
  rate_state_t state;
  rate_t rate;
  resample_t resample;
  bool has_last; /* whether there has been a sample to give */
  sample_t last; /* the one given last */
  sample_t next; /* to give next where they go through */
  bool has_next;
  uint32_t seq_ahead; /* what is added to a number that goes through */
} rate_lock_t;

/* `nominal_millihz`: what the sensor is set to, 0 where that is not known. */
void rate_lock_begin(rate_lock_t *lock, uint32_t nominal_millihz, uint32_t wanted_millihz);

/* True where the state has changed with this sample; so long as the state is RATE_OFF, what
 * comes out must not be used as if it had the wanted rate. */
bool rate_lock_push(rate_lock_t *lock, const sample_t *sample);

/* The next sample at the wanted rate; false where another must be pushed first. Ask until false
 * after each push. */
bool rate_lock_pop(rate_lock_t *lock, sample_t *out);

/* "direct", "resampled" or "off" */
const char *rate_state_name(rate_state_t state);

#endif
