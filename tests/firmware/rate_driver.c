/* Plays samples through a rate lock: nominal_millihz wanted_millihz, then seq t_us value[6] to the
 * end. A line a result: seq t_us value[6]; a line with the name alone where the state has changed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "rate_lock.h"

static rate_lock_t lock;

static void print_results(void) {
  sample_t out;
  while (rate_lock_pop(&lock, &out)) {
    printf("%" PRIu32 " %" PRIu64, out.seq, out.t_us);
    for (int c = 0; c < SAMPLE_CHANNELS; c++) printf(" %" PRId32, out.value[c]);
    printf("\n");
  }
}

int main(void) {
  uint32_t nominal_millihz, wanted_millihz;
  if (scanf("%" SCNu32 " %" SCNu32, &nominal_millihz, &wanted_millihz) != 2) return 1;
  rate_lock_begin(&lock, nominal_millihz, wanted_millihz);
  printf("%s\n", rate_state_name(lock.state));
  sample_t sample;
  while (scanf("%" SCNu32 " %" SCNu64, &sample.seq, &sample.t_us) == 2) {
    for (int c = 0; c < SAMPLE_CHANNELS; c++) {
      if (scanf("%" SCNd32, &sample.value[c]) != 1) return 1;
    }
    if (rate_lock_push(&lock, &sample)) printf("%s\n", rate_state_name(lock.state));
    print_results();
  }
  return 0;
}
