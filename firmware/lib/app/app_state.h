/* What the application knows; shared by its own files only. */
#ifndef APP_STATE_H
#define APP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "line.h"
#include "model_size.h"
#include "rate.h"
#include "recognizer.h"

#define APP_INPUT_BYTES (MODEL_WINDOW * MODEL_CHANNELS)

typedef struct {
  bool streaming;
  bool classifying;
  bool scoring;
  bool stopped;             /* the sensor has stopped, and the host has been told */
  uint32_t samples;         /* read so far */
  uint32_t overruns;        /* that the host has been told of */
  uint64_t overrun_told_us; /* when */
  rate_t rate;
  command_reader_t reader;
  line_t line; /* being written */
  recognizer_t recognizer;
  int8_t test_input[APP_INPUT_BYTES]; /* of load, invoke and bench; selftest overwrites it */
} app_t;

/* Ends the line and hands it to the board. */
void app_send(app_t *app);

/* Carries a command out and sends its one answer. */
void app_answer(app_t *app, const command_t *command);

#endif
