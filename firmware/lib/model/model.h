/* What generated code tells the firmware about its model.
 *
 * `gesture convert` writes model_size.h (the static sizes, as macros), model_contract.c (MODEL)
 * and model_network.c (reset and invoke). firmware/lib/no_model holds the same for a board without
 * a model.
 *
 * A model is fed samples. One that looks at windows anew each time is fed a whole window; one that
 * streams is fed a hop, and has a state that stands for the samples before. */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

#define MODEL_NO_BACKGROUND 255

/* int8 input = clamp((sample * multiplier + offset) >> shift), sample in thousandths. */
typedef struct {
  int32_t multiplier;
  int64_t offset;
} model_scale_t;

/* How scores become events; sums are over `smoothing_windows` scores of 0..255. */
typedef struct {
  uint8_t smoothing_windows; /* 1..16 */
  uint8_t background;        /* class that never fires, or MODEL_NO_BACKGROUND */
  uint16_t release_sum;      /* a class that fired may fire again once its sum is below */
  uint32_t refractory_us;    /* silence after an event */
  const uint16_t *fire_sums; /* [classes]: the sum at which each class fires */
} model_policy_t;

typedef struct {
  const char *contract_hash;   /* SHA-256, hex; "none" where there is no model */
  uint32_t rate_mhz;           /* samples per 1000 s */
  uint16_t window;             /* samples */
  uint16_t hop;                /* samples */
  uint16_t feed;               /* samples that invoke is given: window or hop */
  uint8_t channels;            /* of a sample */
  uint8_t classes;             /* 0 where there is no model */
  uint8_t shift;               /* of all channels' scaling */
  uint16_t selftest_crc;       /* see selftest.h */
  const char *const *labels;   /* [classes] */
  const model_scale_t *scales; /* [channels] */
  model_policy_t policy;
  void (*reset)(void); /* forgets all samples */
  /* input int8 [feed][channels], output int8 [classes]; score = output + 128. The output is that of
   * the last window, once so many samples were fed since the reset. */
  void (*invoke)(const int8_t *input, int8_t *output);
} model_t;

extern const model_t MODEL;

/* Samples that the first feed after a reset has too many, so that a feed ends with the first
 * window. What they are does not matter. */
#define MODEL_SURPLUS(window, hop, feed) (((hop) - ((window) - (feed)) % (hop)) % (hop))

/* The output for one window alone, int8 [window][channels], from a reset on. */
void model_run(const int8_t *window, int8_t *output);

#endif
