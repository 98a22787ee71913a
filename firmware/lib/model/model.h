/* The model, as generated code describes it.
 *
 * `gesture convert` writes model_size.h (the task and the static sizes, as macros),
 * model_contract.c (MODEL) and model_network.c (reset and invoke). firmware/lib/no_model holds the
 * same for a board without a model.
 *
 * A model is fed samples. One that computes each window as a whole is fed a whole window; one that
 * streams is fed a hop, and has a state that stands for the samples before. */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "model_size.h"

#define MODEL_NO_BACKGROUND 255

/* What MODEL_TASK may be. What only models of another task need is left out of an image: code says
 * `if (MODEL_TASK == ...)`, which a compiler decides, and a linker drops what nobody calls. */
enum {
  MODEL_GESTURE,
  MODEL_SENTIMENT,
  MODEL_GENERATION,
  MODEL_FORECAST,
  MODEL_TRANSLATION,
  MODEL_CAPTION,
  MODEL_SKETCH
};

/* Whether its window is of a motion sensor's samples; whether an encoder reads before MODEL writes.
 */
#define MODEL_SAMPLED (MODEL_TASK == MODEL_GESTURE || MODEL_TASK == MODEL_CAPTION)
#define MODEL_ENCODED (MODEL_TASK == MODEL_TRANSLATION || MODEL_TASK == MODEL_CAPTION)

/* Values of the input that are not of a token but of what the encoder has read. */
#ifndef MODEL_CONTEXT
#define MODEL_CONTEXT 0
#endif

/* Values that stand for a token. */
#define MODEL_ROW (MODEL_CHANNELS - MODEL_CONTEXT)

/* The window that is kept of samples: of a caption all that its encoder reads, in model_size.h;
 * else what MODEL is fed. */
#ifndef WINDOW_CHANNELS
#define WINDOW_CHANNELS MODEL_CHANNELS
#define WINDOW_SAMPLES MODEL_WINDOW
#define WINDOW_HOP MODEL_HOP
#define WINDOW_FEED MODEL_FEED
#endif

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

/* Code points, the first and the last too. */
typedef struct {
  uint32_t first, last;
} model_range_t;

/* A code point beyond ASCII and its small letter. */
typedef struct {
  uint32_t capital, small;
} model_capital_t;

/* How words are found, by code points beyond ASCII; all in order. What is in no range is part of a
 * word. */
typedef struct {
  uint16_t separator_count, alone_count, capital_count;
  const model_range_t *separators;
  const model_range_t *alone;      /* letters of scripts without spaces: each is a word */
  const model_capital_t *capitals; /* of the letters that the vocabulary has */
} model_words_t;

/* What stands for text. Tokens are numbers: 0 pads a text that is too short, 1 is all that is
 * unknown; the others are words or characters. */
typedef struct {
  uint16_t size;              /* tokens */
  bool pads_before;           /* a text that is too short, else after it */
  bool cuts_before;           /* a text that is too long, else its end */
  uint32_t logit_step;        /* of what writes: see sampler.h */
  const model_words_t *words; /* NULL where tokens are characters */
  const char *const *tokens;  /* [size] UTF-8; "" for 0 and 1 */
  const uint16_t *sorted;     /* [size - 2]: tokens from 2 on, by the bytes of their text */
  const int8_t *embedding;    /* [size][MODEL_ROW]: what the network is given for a token */
} model_text_t;

/* The network that reads a text or samples, before that of the model writes. */
typedef struct {
  uint16_t channels;       /* of its input */
  uint16_t feed;           /* samples that it is given at a time; 0 of tokens, given one by one */
  uint8_t shift;           /* of its outputs */
  model_scale_t context;   /* int8 input = clamp((output * multiplier + offset) >> shift) */
  const int8_t *embedding; /* [size][channels]: what it is given for a token; NULL of samples */
  void (*reset)(void);     /* forgets all of them */
  /* input int8 [channels] of a token, or [feed][channels]; output int8 [MODEL_CONTEXT]: of all
   * since the reset. */
  void (*invoke)(const int8_t *input, int8_t *output);
} model_encoder_t;

/* One number that is forecast: thousandths of the channel's unit = its last value +
 * ((output * multiplier + offset) >> shift). */
typedef struct {
  uint8_t channel;
  model_scale_t change;
} model_horizon_t;

typedef struct {
  uint8_t shift;                   /* of all horizons */
  const model_horizon_t *horizons; /* [classes] */
  uint32_t period_ms;              /* of readings that are its rows; 0 where they are none */
  /* [channels]: which of a reading's values (reading.h) each channel is, where they are rows. */
  const uint8_t *readings;
} model_forecast_t;

#define MODEL_DEVIATION_BITS 8 /* after the point of a deviation in thousandths */

/* What the outputs of a network that draws stand for: of each of `count` normal distributions the
 * logit of its weight; then of each the mean of dx; then of dy; then logarithms of the deviations
 * of dx, of dy; then the correlation, before the hyperbolic tangent; last the logits of what the
 * pen does: it stays down, is lifted, the drawing ends. Moves are in thousandths of the drawing's
 * unit, exponents have 24 bits after the point. */
typedef struct {
  uint8_t count;
  uint8_t shift;              /* of means */
  uint32_t logit_step;        /* see sampler.h */
  uint32_t least_deviation;   /* is added to each */
  const model_scale_t *means; /* [2 * count]: (output * multiplier + offset) >> shift */
  model_scale_t deviation;    /* 2^(output * multiplier + offset) */
  model_scale_t
      correlation; /* tanh x = (1 - 2^-y) / (1 + 2^-y), y = output * multiplier + offset */
} model_mixture_t;

/* Of a model of text, in model_text.c. */
extern const model_text_t model_text;

/* Of one that an encoder reads for, in model_encoder.c. */
extern const model_encoder_t model_encoder;

typedef struct {
  const char *contract_hash;        /* SHA-256, hex; "none" where there is no model */
  uint32_t rate_millihz;            /* of samples, in 1000 s; 0 of text and forecasts */
  uint16_t window;                  /* samples */
  uint16_t hop;                     /* samples */
  uint8_t channels;                 /* of its input */
  uint8_t classes;                  /* 0 where there is no model */
  uint8_t shift;                    /* of all channels' scaling */
  uint16_t selftest_crc;            /* see selftest.h */
  const char *const *labels;        /* [classes]; NULL where outputs are no classes */
  const model_scale_t *scales;      /* [WINDOW_CHANNELS]; NULL of text */
  const model_text_t *text;         /* NULL of all else */
  const model_encoder_t *encoder;   /* of translations and captions; NULL of all else */
  const model_forecast_t *forecast; /* NULL of all else */
  const model_mixture_t *mixture;   /* of what draws; NULL of all else */
  model_policy_t policy;
  void (*reset)(void); /* forgets all samples */
  /* input int8 [MODEL_FEED][channels], output int8 [classes]; score = output + 128. The output is
   * that of the last window, once so many samples were fed since the reset. */
  void (*invoke)(const int8_t *input, int8_t *output);
} model_t;

extern const model_t MODEL;

/* Samples that the first feed after a reset has too many, so that a feed ends with the first
 * window. What they are does not matter. */
#define MODEL_SURPLUS(window, hop, feed) (((hop) - ((window) - (feed)) % (hop)) % (hop))

/* The output for one window alone, int8 [window][channels], from a reset on. */
void model_run(const int8_t *window, int8_t *output);

#endif
