/* What generated code tells the firmware about its model.
 *
 * `gesture convert` writes model_size.h (the static sizes, as macros), model_contract.c (MODEL)
 * and model_network.c (invoke). firmware/lib/no_model holds the same for a board without a model.
 */
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
  uint8_t channels;            /* of a sample */
  uint8_t classes;             /* 0 where there is no model */
  uint8_t shift;               /* of all channels' scaling */
  uint16_t selftest_crc;       /* see selftest.h */
  const char *const *labels;   /* [classes] */
  const model_scale_t *scales; /* [channels] */
  model_policy_t policy;
  /* input int8 [window][channels], output int8 [classes]; score = output + 128 */
  void (*invoke)(const int8_t *input, int8_t *output);
} model_t;

extern const model_t MODEL;

#endif
