/* The firmware's signal path as a shared library for the host.
 *
 * Built from this folder, the parts of lib that pipeline/twin/library.py names, and the
 * sources of one generated model; it runs the same C as the board, so its answers are the board's.
 * One library holds one state: load a second copy for a second stream. */
#ifndef TWIN_H
#define TWIN_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "sample.h"

typedef struct {
  uint64_t t_us; /* of the sample that decided it */
  uint32_t class_index;
  uint32_t sum; /* smoothed score; see twin_score_thousandths */
} twin_event_t;

/* Sizes and the hash of the model that was built in. */
uint32_t twin_window(void);
uint32_t twin_hop(void);
uint32_t twin_feed(void); /* samples that the network is given: a window, or a hop */
uint32_t twin_channels(void);
uint32_t twin_samples(void); /* of the window that is kept; of a caption it is the encoder's */
uint32_t twin_sample_channels(void);
uint32_t twin_classes(void);
uint32_t twin_columns(void); /* of the scores of a replay: the classes, and what may be learned */
const char *twin_contract_hash(void);
/* The name of a class, 0 <= class_index < classes; NULL where the outputs are no classes. */
const char *twin_label(uint32_t class_index);

/* What the network, or the encoder of a caption, is given for each of `samples`, int32
 * [samples][6]: int8 [samples][channels], or [samples][sample channels]. */
void twin_quantize(const int32_t *values, uint32_t samples, int8_t *quantized);

/* Forgets all samples, as a start of the board does. `nominal_millihz`: what the sensor is set to,
 * samples per 1000 s; 0 where that is not known. */
void twin_reset(uint32_t nominal_millihz);

/* Pushes `samples` of them, int32 [samples][6], uint32 [samples] and uint64 [samples], going on
 * from the present state: they are held to the model's rate and recognised. Answers how many
 * windows were finished. The room the caller gives: inputs int8 [n][window][channels], scores
 * int8 [n][columns], scores_t_us uint64 [n], events [n], with n = 2 * samples / hop + 1. */
uint32_t twin_replay(const int32_t *values, const uint32_t *seq, const uint64_t *t_us,
                     uint32_t samples, int8_t *inputs, int8_t *scores, uint64_t *scores_t_us,
                     twin_event_t *events, uint32_t *event_count);

/* The decision alone, from its start: what `policy` makes of int8 [windows][classes] that ended at
 * uint64 [windows], by rising time. Answers how many events it wrote to `events` [windows]. */
uint32_t twin_decide(const model_policy_t *policy, uint32_t classes, const int8_t *scores,
                     const uint64_t *t_us, uint32_t windows, twin_event_t *events);

/* Whether the model has centres: others know nothing of what follows. */
bool twin_has_centres(void);

/* The embeddings of `count` windows, input int8 [count][window][channels]: int8 [count][32].
 * Forgets all samples. */
void twin_embed_windows(const int8_t *input, int8_t *embedded, uint32_t count);

/* Uses an enrolment of `size` bytes from now on; NULL: none. False where it is not valid; then the
 * one before stays. Forgets all samples. */
bool twin_enrol(const void *bytes, uint32_t size);

/* Learns a gesture as a board does, from samples as for twin_replay; all samples before are
 * forgotten. Writes the enrolment that is used, with the gesture, to `enrolment`. Answers how many
 * takes it saw; with less than three nothing is learned. */
uint32_t twin_learn(const char *name, const int32_t *values, const uint64_t *t_us, uint32_t samples,
                    void *enrolment);

/* Scores of embeddings int8 [count][32] by the nearest centres: int8 [count][columns]. */
void twin_score_embedded(const int8_t *embedded, int8_t *scores, uint32_t count);

/* An event's score as the board prints it: thousandths, 0..1000. NULL: the model's own policy. */
uint32_t twin_score_thousandths(const model_policy_t *policy, uint32_t sum);

/* The network alone: input int8 [window][channels], output int8 [classes]. Forgets all samples. */
void twin_invoke(const int8_t *input, int8_t *output);

/* `count` inferences: input int8 [count][window][channels], output int8 [count][classes]. */
void twin_invoke_many(const int8_t *input, int8_t *output, uint32_t count);

/* `count` feeds, one after the other from a reset on: input int8 [count][feed][channels], output
 * int8 [count][classes]. Forgets them afterwards. */
void twin_stream(const int8_t *input, int8_t *output, uint32_t count);

/* What follows needs a model of text; tokens are those of its vocabulary. */

/* The tokens of a text: answers how many, at most one a byte. */
uint32_t twin_tokenise(const char *text, uint16_t *tokens);

/* The UTF-8 of a token, "" of the first two. */
const char *twin_token(uint16_t token);

/* What is written between two tokens. */
const char *twin_between(void);

/* How many values of the network's input stand for a token. */
uint32_t twin_row(void);

/* What the network is given for tokens [count]: int8 [count][row]. */
void twin_embed(const uint16_t *tokens, uint32_t count, int8_t *embedded);

/* What a network that takes a whole text says to it: int8 [classes]. */
void twin_judge(const char *text, int8_t *output);

/* The characters that a network that generates writes after a prompt of at least one character,
 * tokens [count]. False where a character of the prompt is unknown. */
bool twin_generate(const char *prompt, uint32_t count, uint32_t temperature_e4, uint32_t seed,
                   uint16_t *tokens);

/* What follows needs a model with an encoder. It reads `text`; of a caption, for which that is
 * NULL, the window of samples. False for a text without a token, and before the first sample. */

/* What stands for it in the network's input, behind a token: int8 [channels - row]. */
bool twin_read(const char *text, int8_t *context);

/* The translation, or the caption: tokens [window], `count` of them without the last one's end. */
bool twin_translate(const char *text, uint32_t temperature_e4, uint32_t seed, uint16_t *tokens,
                    uint32_t *count);

/* Of a caption: lets these be the window of samples: int8 [samples][sample channels]. */
void twin_show(const int8_t *window);

/* Needs a model that forecasts. What it says to rows int32 [count][channels] in thousandths, from a
 * reset on: forecasts int32 [..][classes] in thousandths, one for each row from the first whole
 * window on. Answers how many. */
uint32_t twin_forecast(const int32_t *rows, uint32_t count, int32_t *forecasts);

/* Needs a model that draws. A drawing: moves int32 [window - 1][3], dx and dy in thousandths and
 * whether the pen is lifted after the move. Answers how many; `has_ended`: whether the network has
 * ended it. */
uint32_t twin_draw(uint32_t temperature_e4, uint32_t seed, int32_t *moves, bool *has_ended);

/* What `selftest` on a board compares its own answer with. */
uint16_t twin_selftest_crc(void);

#endif
