/* golden.bin: a word, how many calls there are; then for each call a word, the input and the
 * output, each filled up to whole words. */
#include "proof.h"

#include <string.h>

#include "MODEL_NAME.h"

#define RESET 1u   /* before this call the network forgets all */
#define COMPARE 2u /* the output counts */
#define UNWRITTEN 0x5A

static MODEL_NAME_input_t input[MODEL_PREFIX_INPUTS];
static MODEL_NAME_output_t output[MODEL_PREFIX_OUTPUTS];

static uint32_t whole_words(uint32_t bytes) { return (bytes + 3u) & ~3u; }

static uint32_t word_at(const uint8_t *place) {
  uint32_t word;
  memcpy(&word, place, sizeof word);
  return word;
}

static uint32_t ticks_of_call(uint32_t (*clock)(void)) {
  memset(output, UNWRITTEN, sizeof output);
  const uint32_t start = clock();
  MODEL_NAME_invoke(input, output);
  return clock() - start;
}

proof_t proof_run(const uint8_t *golden, uint32_t (*clock)(void)) {
  proof_t proof = {0, 0, 0};
  uint32_t left = word_at(golden);
  golden += sizeof left;
  for (; left > 0; left--) {
    const uint32_t flags = word_at(golden);
    golden += sizeof flags;
    if (flags & RESET) MODEL_NAME_reset();
    memcpy(input, golden, sizeof input);
    golden += whole_words(sizeof input);
    const uint32_t ticks = ticks_of_call(clock);
    if (ticks > proof.dearest) proof.dearest = ticks;
    if (flags & COMPARE) {
      proof.compared++;
      proof.unequal += memcmp(output, golden, sizeof output) != 0;
    }
    golden += whole_words(sizeof output);
  }
  return proof;
}
