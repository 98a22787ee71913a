/* The last seconds of samples, so that what was called wrong can be asked for afterwards. */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "sample.h"

#define HISTORY_SAMPLES 1024u /* 8.6 s at 119 Hz, in 40 KB */

/* Zeroed is empty. The newest sample takes the place of the oldest. */
typedef struct {
  sample_t sample[HISTORY_SAMPLES];
  uint32_t count; /* kept, up to HISTORY_SAMPLES */
  uint32_t next;  /* place */
} history_t;

void history_push(history_t *history, const sample_t *sample);

/* The oldest sample whose number is `seq` or higher; false where there is none. */
bool history_find(const history_t *history, uint32_t seq, sample_t *out);

#endif
