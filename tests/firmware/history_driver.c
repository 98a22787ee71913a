/* Pushes samples, seq t_us value[6] to the end of the input, into a history; prints what it keeps,
 * a line a sample, the oldest first. */
#include <inttypes.h>
#include <stdio.h>

#include "history.h"

static history_t history;

int main(void) {
  sample_t sample;
  while (scanf("%" SCNu32 " %" SCNu64, &sample.seq, &sample.t_us) == 2) {
    for (int c = 0; c < SAMPLE_CHANNELS; c++) {
      if (scanf("%" SCNd32, &sample.value[c]) != 1) return 1;
    }
    history_push(&history, &sample);
  }
  history_reader_t reader;
  history_reader_begin(&reader, &history);
  while (history_reader_next(&reader, &sample)) {
    printf("%" PRIu32 " %" PRIu64, sample.seq, sample.t_us);
    for (int c = 0; c < SAMPLE_CHANNELS; c++) printf(" %" PRId32, sample.value[c]);
    printf("\n");
  }
  return 0;
}
