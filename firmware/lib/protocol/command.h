/* Bytes from the host to commands. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_MAX_CHARACTERS 255 /* of a line, without the line end */
#define COMMAND_MAX_LOAD_BYTES 112 /* of one `load` */
#define COMMAND_MAX_BENCH_RUNS 100
#define COMMAND_MAX_WRITTEN 10000        /* characters of one `generate` */
#define COMMAND_MAX_TEMPERATURE_E4 50000 /* a temperature of 5 */
#define COMMAND_MAX_VALUE 2000000000u    /* of `observe`: two million, in thousandths */
#define COMMAND_MAX_VALUES 32            /* of one `observe` */
#define COMMAND_LEAST_PERIOD_MS 300u     /* of readings: each takes up to 250 */
#define COMMAND_MOST_PERIOD_MS 86400000u
#define COMMAND_SAMPLE_BYTES 32 /* u64 t_us, then i32 value[6], little endian */

typedef enum {
  COMMAND_INFO,
  COMMAND_LABELS,
  COMMAND_STREAM,
  COMMAND_CLASSIFY,
  COMMAND_SCORES,
  COMMAND_LOAD,
  COMMAND_INVOKE,
  COMMAND_BENCH,
  COMMAND_PROFILE,
  COMMAND_SELFTEST,
  COMMAND_CONSTANTS,
  COMMAND_IMAGE,
  COMMAND_REBOOT,
  COMMAND_PULL,
  COMMAND_INJECT,
  COMMAND_SAMPLE,
  COMMAND_TEXT,
  COMMAND_MORE,
  COMMAND_GENERATE,
  COMMAND_TRANSLATE,
  COMMAND_CAPTION,
  COMMAND_DRAW,
  COMMAND_OBSERVE,
  COMMAND_ENVIRONMENT,
  COMMAND_ENROL,
  COMMAND_ENROL_SAVE,
  COMMAND_ENROLMENT,
  COMMAND_PEOPLE,
  COMMAND_PERSON,
  COMMAND_REMOVE,
  COMMAND_LEARN,
  COMMAND_FORGET,
  COMMAND_UNKNOWN,
  COMMAND_BAD_ARGUMENT,
  COMMAND_OUT_OF_RANGE,
  COMMAND_LINE_TOO_LONG,
} command_kind_t;

typedef struct {
  command_kind_t kind;
  bool on; /* of stream, classify, scores */
  /* Offset of load, enrol and enrolment, runs of bench, bytes of image, seq of pull, rate of
   * inject, characters of generate, period of environment. */
  uint32_t number;
  /* Of generate, translate, caption and draw; the temperature in ten-thousandths. */
  uint32_t temperature_e4, seed;
  char *text;          /* of text, more, generate and translate: with its escapes, in the reader */
  const char *word;    /* of person, remove, learn, forget; in the reader too */
  uint8_t byte_count;  /* of load, sample, enrol */
  uint8_t value_count; /* of observe */
  union {
    uint8_t bytes[COMMAND_MAX_LOAD_BYTES]; /* of load, sample, enrol */
    int32_t values[COMMAND_MAX_VALUES];    /* of observe: thousandths */
  };
} command_t;

typedef struct {
  char text[COMMAND_MAX_CHARACTERS + 1];
  size_t length;
  bool too_long; /* the rest of this line is thrown away */
} command_reader_t;

void command_reader_reset(command_reader_t *reader);

/* Takes one received byte; true when it ended a line, which is then written to `out` and holds
 * until the next byte. Empty lines are passed over, so `\n`, `\r\n` and `\r` all end a line once.
 */
bool command_reader_push(command_reader_t *reader, uint8_t byte, command_t *out);

#endif
