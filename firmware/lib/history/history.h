/* The last seconds of samples, so that what was called wrong can be asked for afterwards.
 *
 * Motion goes on as it did, so a sample is kept as what it differs from the straight line through
 * the two before it: mostly a byte or two for each number in place of four or eight (linear
 * prediction as in Robinson, 1994, "SHORTEN"; numbers as in Protocol Buffers, "Base 128 Varints"
 * and "ZigZag"). It is exact for every sample there can be. */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define HISTORY_SAMPLES 1024u /* at most; 8.6 s at 119 Hz */
/* Enough for all of them in nearly any motion of a hand; the wildest we have takes 15 KB, and its
 * newest 8 s are kept. Of noise as loud as the sensor goes, 700 samples fit. */
#define HISTORY_BYTES 14336u
#define HISTORY_FIELDS (2 + SAMPLE_CHANNELS)

/* The two newest samples read or written, number by number. */
typedef struct {
  uint64_t last[HISTORY_FIELDS];
  uint64_t before[HISTORY_FIELDS];
} history_trend_t;

/* Zeroed is empty. The newest sample takes the place of the oldest ones. */
typedef struct {
  uint8_t bytes[HISTORY_BYTES]; /* a ring */
  uint32_t start;               /* place of the oldest sample */
  uint32_t size;                /* bytes in use */
  uint32_t count;               /* samples kept */
  history_trend_t oldest;       /* before the oldest */
  history_trend_t newest;       /* up to the newest */
} history_t;

void history_push(history_t *history, const sample_t *sample);

/* Reads from the oldest to the newest. A push makes it invalid. */
typedef struct {
  const history_t *history;
  uint32_t place;
  uint32_t left; /* samples */
  history_trend_t trend;
} history_reader_t;

void history_reader_begin(history_reader_t *reader, const history_t *history);

/* The next sample; false after the newest. */
bool history_reader_next(history_reader_t *reader, sample_t *out);

#endif
