/* golden.bin: a word, how many calls there are; then for each call a word, all inputs and all
 * outputs, each filled up to whole words. */
#include "proof.h"

#include <string.h>

#include "MODEL_NAME.h"

#define RESET 1u   /* before this call the network forgets all */
#define COMPARE 2u /* the outputs count */
#define UNWRITTEN 0x5A

MODEL_BUFFERS;

typedef struct {
  void *place;
  uint32_t bytes;
} part_t;

static const part_t inputs[] = {MODEL_INPUT_PARTS};
static const part_t outputs[] = {MODEL_OUTPUT_PARTS};

#define COUNT(parts) (sizeof(parts) / sizeof(parts)[0])

static uint32_t whole_words(uint32_t bytes) { return (bytes + 3u) & ~3u; }

static uint32_t word_at(const uint8_t *place) {
  uint32_t word;
  memcpy(&word, place, sizeof word);
  return word;
}

static const uint8_t *read_inputs(const uint8_t *golden) {
  for (uint32_t i = 0; i < COUNT(inputs); i++) {
    memcpy(inputs[i].place, golden, inputs[i].bytes);
    golden += whole_words(inputs[i].bytes);
  }
  return golden;
}

static uint32_t ticks_of_call(uint32_t (*clock)(void)) {
  for (uint32_t i = 0; i < COUNT(outputs); i++) {
    memset(outputs[i].place, UNWRITTEN, outputs[i].bytes);
  }
  const uint32_t start = clock();
  MODEL_NAME_invoke(MODEL_ARGUMENTS);
  return clock() - start;
}

/* Whether all outputs are those of `golden`, which goes on behind them. */
static int are_equal(const uint8_t **golden) {
  int equal = 1;
  for (uint32_t i = 0; i < COUNT(outputs); i++) {
    equal &= memcmp(outputs[i].place, *golden, outputs[i].bytes) == 0;
    *golden += whole_words(outputs[i].bytes);
  }
  return equal;
}

proof_t proof_run(const uint8_t *golden, uint32_t (*clock)(void)) {
  proof_t proof = {0, 0, 0};
  uint32_t left = word_at(golden);
  golden += sizeof left;
  for (; left > 0; left--) {
    const uint32_t flags = word_at(golden);
    golden += sizeof flags;
    if (flags & RESET) MODEL_NAME_reset();
    golden = read_inputs(golden);
    const uint32_t ticks = ticks_of_call(clock);
    if (ticks > proof.dearest) proof.dearest = ticks;
    const int equal = are_equal(&golden);
    if (flags & COMPARE) {
      proof.compared++;
      proof.unequal += !equal;
    }
  }
  return proof;
}
