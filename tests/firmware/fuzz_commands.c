/* The whole application as a fuzzer sees it: any bytes to the board, any samples from its sensor.
 *
 * The input is what the host sends. A line end, or a byte above 127, ends a poll and lets the
 * sensor give a sample made of the bytes before it. What a measurement of the environment comes to
 * is made of them too. Checked, beside what the sanitizers see: every line sent is answered exactly
 * once, and all that the board says are lines of the protocol. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "board.h"
#include "emulated_flash.h"
#include "enrolment.h"
#include "model_size.h"

#define MOST_CHARACTERS 511 /* of the longest answer, that to `info` */
#define MOST_OF_A_LINE 255  /* characters of all that is no answer */
#define MOST_WRITTEN 10000  /* characters that are written a poll each before their answer */
#define POLLS_AFTER 100     /* the last answer, which nothing may answer again */
#define SAMPLE_BYTES (sizeof(uint32_t) + sizeof(uint64_t) + sizeof(int32_t[SAMPLE_CHANNELS]))
#define READING_BYTES (sizeof(uint64_t) + sizeof(int32_t[READING_VALUES]))
#define OUTCOMES 16 /* of a measurement, most of them a reading */

static const char *const MESSAGES[] = {"event ",   "forecast ", "hello ", "layer ",
                                       "learned ", "learning ", "move ",  "past ",
                                       "reading ", "score ",    "text ",  "warn "};

static const uint8_t *input;
static size_t input_length, used;
static bool poll_ends, sample_waits, line_waits, measuring;
static size_t outcomes; /* asked for */
static size_t lines_sent, answers;
static char said[MOST_CHARACTERS + 1];
static size_t said_length;
static uint64_t clock_us;
static jmp_buf power_on;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *why) {
  fprintf(stderr, "%s: %.*s\n", why, (int)said_length, said);
  abort();
}

static bool starts_with(const char *word) {
  const size_t length = strlen(word);
  return said_length >= length && memcmp(said, word, length) == 0;
}

static bool is_message(void) {
  for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
    if (starts_with(MESSAGES[i])) return true;
  }
  return false;
}

static void check_line(void) {
  const bool is_answer = starts_with("ok") || starts_with("err ");
  if (is_answer) answers++;
  const bool is_sample = said_length > 0 && said[0] >= '0' && said[0] <= '9';
  if (!is_answer && !is_sample && !is_message()) fail("not a line of the protocol");
  if (!is_answer && said_length > MOST_OF_A_LINE) fail("too long");
  said_length = 0;
}

static bool write_text(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '\n') {
      check_line();
      continue;
    }
    if (text[i] < ' ' || text[i] > '~') fail("not printable");
    if (said_length == MOST_CHARACTERS) fail("too long");
    said[said_length++] = text[i];
  }
  return true;
}

static int read_byte(void) {
  if (poll_ends || used == input_length) {
    poll_ends = false;
    return -1;
  }
  const uint8_t byte = input[used++];
  const bool ends_line = byte == '\n' || byte == '\r';
  poll_ends = sample_waits = ends_line || byte > 127;
  if (ends_line && line_waits) lines_sent++;
  line_waits = !ends_line;
  return byte;
}

static sample_status_t read_sample(sample_t *out) {
  if (!sample_waits || used < SAMPLE_BYTES) return used % 2 == 0 ? SAMPLE_NONE : SAMPLE_STOPPED;
  sample_waits = false;
  const uint8_t *byte = input + used - SAMPLE_BYTES;
  memcpy(&out->seq, byte, sizeof out->seq);
  memcpy(&out->t_us, byte + sizeof out->seq, sizeof out->t_us);
  memcpy(out->value, byte + sizeof out->seq + sizeof out->t_us, sizeof out->value);
  return SAMPLE_READY;
}

static bool find_environment(void) { return strcmp(board.environment, "none") != 0; }

static void measure(void) { measuring = true; }

static reading_status_t read_environment(reading_t *out) {
  if (!measuring) fail("asked for what was not measured");
  if (used < READING_BYTES) return READING_NONE;
  const uint8_t *byte = input + outcomes++ % (used - READING_BYTES + 1);
  const uint8_t outcome = byte[0] % OUTCOMES;
  measuring = outcome == READING_NONE;
  memcpy(&out->t_us, byte, sizeof out->t_us);
  memcpy(out->value, byte + sizeof out->t_us, sizeof out->value);
  return outcome <= READING_ENDED ? (reading_status_t)outcome : READING_READY;
}

static uint32_t flash_words[EMULATED_FLASH_WORDS];
static emulated_flash_t flash;

/* What a board was taught before the input comes. */
static void teach(void) {
  enrolment_t enrolment;
  enrolment_clear(&enrolment);
  enrolment_add_person(&enrolment, "bea");
  enrolment_add_learned(&enrolment, "jump");
  const enrolment_centre_t centre = {.owner = 0, .class_index = MODEL_CLASSES, .sharpness = 256};
  enrolment_add_centre(&enrolment, &centre);
  enrolment_seal(&enrolment);
  memset(flash_words, 0xFF, sizeof flash_words);
  memcpy(flash_words, &enrolment, sizeof enrolment);
}

static const void *store_page(uint32_t page) { return emulated_flash_page(&flash, page); }

static bool store_erase(uint32_t page) { return emulated_flash_erase(&flash, page); }

static bool store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count) {
  return emulated_flash_write(&flash, page, offset, bytes, count);
}

static bool begin(void) {
  measuring = false;
  emulated_flash_begin(&flash, flash_words);
  board.environment = input_length % 5 == 0 ? "none" : "fuzzed";
  return input_length % 2 == 0;
}

static uint32_t overruns(void) { return (uint32_t)(used / 64); }
static uint64_t now_us(void) { return clock_us += 50000; }
static uint32_t ticks(void) { return (uint32_t)clock_us; }
static void pass_time(void) { clock_us += 100; }
static const char *restart_fault(void) { return input_length % 3 == 0 ? "watchdog pc=0" : NULL; }
static uint32_t stack_unused(void) { return 0; }
static bool read_image(uint32_t offset, void *bytes, size_t count) {
  memset(bytes, (int)(offset & 0xFF), count);
  return offset < 100000;
}
static void reboot(void) { longjmp(power_on, 1); }

board_t board = {
    .name = "fuzzed",
    .imu = "fuzzed",
    .revision = "none",
    .store_pages = EMULATED_FLASH_PAGES,
    .store_page = store_page,
    .store_erase = store_erase,
    .store_write = store_write,
    .tick_hz = 1,
    .begin = begin,
    .read_sample = read_sample,
    .overruns = overruns,
    .find_environment = find_environment,
    .measure = measure,
    .read_environment = read_environment,
    .now_us = now_us,
    .ticks = ticks,
    .write = write_text,
    .read_byte = read_byte,
    .idle = pass_time,
    .feed_watchdog = pass_time,
    .restart_fault = restart_fault,
    .stack_unused = stack_unused,
    .read_image = read_image,
    .reboot = reboot,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input = data;
  input_length = size;
  used = lines_sent = answers = said_length = outcomes = 0;
  poll_ends = sample_waits = line_waits = false;
  clock_us = 0;
  teach();
  if (setjmp(power_on) != 0) line_waits = false;
  app_begin();
  while (used < input_length) app_poll();
  for (int poll = 0; poll < MOST_WRITTEN && answers < lines_sent; poll++) app_poll();
  for (int poll = 0; poll < POLLS_AFTER; poll++) app_poll();
  if (said_length != 0) fail("a line was begun and not ended");
  if (answers != lines_sent) fail("as many answers as lines were expected");
  return 0;
}
