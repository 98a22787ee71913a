/* What the application knows; shared by its own files only. */
#ifndef APP_STATE_H
#define APP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "history.h"
#include "line.h"
#include "model_size.h"
#include "rate_lock.h"
#include "recognizer.h"

#if MODEL_LEARNED
#include "learning.h"
#endif

#define APP_INPUT_BYTES (MODEL_WINDOW * MODEL_CHANNELS)

typedef struct {
  uint32_t period_ms; /* 0: none are wanted */
  uint64_t start_us;  /* of period 0 */
  uint32_t next_seq;  /* of the period in which the next is due */
  uint32_t seq;       /* of the one that is being measured */
  uint32_t row_seq;   /* of the newest that the model was given */
  bool measuring;
  bool searching;     /* for the parts that the model's readings need */
  uint64_t search_us; /* not to be looked for before */
  bool failing;       /* the newest reading failed, and the host has been warned */
  bool are_rows;      /* the model's window holds readings, up to row_seq */
} readings_t;

typedef struct {
  bool streaming;
  bool classifying;
  bool scoring;
  bool stopped;              /* the sensor has stopped, and the host has been warned */
  uint32_t samples;          /* read so far */
  uint32_t overruns;         /* samples that the sensor has dropped */
  uint32_t overrun_seq;      /* of the first sample after the last that was dropped */
  uint32_t overruns_told;    /* to the host */
  uint64_t overrun_told_us;  /* when */
  bool bad_told;             /* the host has been warned of an impossible reading */
  uint64_t bad_told_us;      /* when last */
  bool hole_told;            /* recognition has started again after a hole */
  uint64_t hole_told_us;     /* the time of the last warning of a hole */
  uint32_t dropped;          /* lines that nobody took */
  uint32_t injected_millihz; /* rate of samples that the host sends; 0: the sensor's are taken */
  uint32_t injected;         /* samples so far */
  history_t *history;        /* of sample lines, whether they were sent or not */
  uint64_t kept_t_us;        /* of the newest in it */
  sample_status_t sensor;    /* what it answered last */
  uint32_t sensor_millihz;   /* for which the rates were begun */
  rate_lock_t stream_lock;   /* to the rate of sample lines */
  rate_lock_t model_lock;    /* from there to the rate of the contract */
  readings_t readings;       /* of the environment */
  uint64_t observed_us;      /* when the host gave the model a row; 0: it has not */
  command_reader_t reader;
  line_t line; /* being written */
  recognizer_t recognizer;
#if MODEL_LEARNED
  enrolment_t enrolment; /* by which gestures are recognized */
  enrolment_t staged;    /* what is to take its place */
  learning_t learning;
#endif
  int8_t
      test_input[APP_INPUT_BYTES]; /* of load, invoke and bench; selftest and text overwrite it */
} app_t;

/* Hands bytes to the board, and counts what nobody took. */
void app_write(app_t *app, const char *text, size_t length);

/* Ends the line and hands it to the board. */
void app_send(app_t *app);

/* Sends a line of its own. */
void app_say(app_t *app, const char *text);

/* Of sample lines, samples per 1000 s. */
uint32_t app_stream_millihz(void);

/* Says to the host that the sensor's rate cannot be brought to the contract's. */
void app_tell_rate_off(app_t *app);

/* To be called between the pieces of long work: feeds the watchdog and takes what the sensor has
 * made, so that its FIFO does not run over. */
void app_breathe(void);

/* Takes samples from the host, that many in 1000 s, instead of the sensor's; 0: the sensor's. All
 * samples before are forgotten. */
void app_inject(app_t *app, uint32_t rate_millihz);

/* Takes a sample as the sensor, or the host in its place, made it. */
void app_take(app_t *app, const sample_t *reading);

/* Takes a row of a series, int32 [MODEL_CHANNELS] in thousandths, and prints the forecast. */
void app_observe(app_t *app, uint64_t t_us, const int32_t *row);

/* Forgets all text. */
void app_begin_text(void);

/* Whether what `generate`, `translate` or `caption` asked for is not all written; so long commands
 * wait. */
bool app_is_writing(void);

/* Writes the next token of it; the answer comes after the last. */
void app_write_on(app_t *app);

/* Whether the drawing that `draw` asked for has not ended; so long commands wait. */
bool app_is_drawing(void);

/* Draws its next move; the answer comes after the last. */
void app_draw_on(app_t *app);

/* Forgets a drawing. */
void app_begin_drawing(void);

/* What the board was taught before is known again. */
void app_begin_enrolment(app_t *app);

/* Adds to `info` who and what was learned. */
void app_add_enrolment(line_t *line, const app_t *app);

/* The name of a class, also of one that was learned. */
const char *app_label(const app_t *app, int class_index);

/* Whether a gesture is being learned, and what the last sample says of it. */
bool app_is_learning(const app_t *app);
void app_learn(app_t *app, const recognition_t *result);

/* Carry one command out and send its one answer, of a board that has what the command needs. */
void app_answer_load(app_t *app, const command_t *command);
void app_answer_invoke(app_t *app, const command_t *command);
void app_answer_bench(app_t *app, const command_t *command);
void app_answer_profile(app_t *app, const command_t *command);
void app_answer_selftest(app_t *app, const command_t *command);
void app_answer_constants(app_t *app, const command_t *command);
void app_answer_image(app_t *app, const command_t *command);
void app_answer_text(app_t *app, const command_t *command); /* and more */
void app_answer_generate(app_t *app, const command_t *command);
void app_answer_translate(app_t *app, const command_t *command);
void app_answer_caption(app_t *app, const command_t *command);
void app_answer_draw(app_t *app, const command_t *command);
void app_answer_enrol(app_t *app, const command_t *command);
void app_answer_enrol_save(app_t *app, const command_t *command);
void app_answer_enrolment(app_t *app, const command_t *command);
void app_answer_people(app_t *app, const command_t *command);
void app_answer_person(app_t *app, const command_t *command);
void app_answer_remove(app_t *app, const command_t *command);
void app_answer_learn(app_t *app, const command_t *command);
void app_answer_forget(app_t *app, const command_t *command);

/* Carries any command out, where the board has what it needs, and sends its one answer. */
void app_answer(app_t *app, const command_t *command);

#endif
