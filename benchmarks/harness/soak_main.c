/* The product's loop under a rough host and a rough sensor, the same at every run.
 *
 * The host's bytes and the sensor's faults come from a generator (the constants are those of
 * Numerical Recipes), the samples from the recording at PSRAM, over and over. Every minute of board
 * time a line is added to what the board says: `# minute=… starts=… stack_unused=… …`. */
#include <string.h>

#include "app.h"
#include "board.h"
#include "line.h"
#include "registers.h"

#define MINUTE_US 60000000u
#define HEADER_WORDS 8u
#define COUNT_WORD 2u
#define PERIOD_WORD 3u
#define DEAD_US 3000000u    /* longer than the app takes to say so */
#define SILENT_US 1000000u  /* a driver says `stopped` after it */
#define COMMAND_US 250000u  /* between commands, on average */
#define FAULT_SAMPLES 4000u /* between faults of the sensor, on average */
#define LONGEST_COMMAND 320u

static uint32_t starts __attribute__((section(".noinit")));
static uint32_t starts_mark __attribute__((section(".noinit")));
#define MARK 0x50414B21u

static uint32_t state = 1;
static uint32_t next_sample, lost, commands, faults;
static uint64_t first_us, dead_until_us, command_at_us, told_minutes;
static char command[LONGEST_COMMAND + 1];
static size_t command_length, command_sent;

static uint32_t random_below(uint32_t limit) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * limit >> 24);
}

static const volatile uint32_t *imu(void) { return (const volatile uint32_t *)PSRAM; }

static uint64_t due_us(void) { return first_us + (uint64_t)next_sample * imu()[PERIOD_WORD]; }

static void read_record(sample_t *out) {
  const volatile uint32_t *words = imu() + HEADER_WORDS * (1 + next_sample % imu()[COUNT_WORD]);
  out->seq = next_sample;
  out->t_us = due_us();
  for (int c = 0; c < SAMPLE_CHANNELS; c++) out->value[c] = (int32_t)words[2 + c];
}

/* Samples that are lost, that are noise, that all stick, or none for a while. */
static void fail_now_and_then(sample_t *sample) {
  static int32_t stuck_value;
  static uint32_t stuck_until;
  if (next_sample < stuck_until) {
    for (int c = 0; c < SAMPLE_CHANNELS; c++) sample->value[c] = stuck_value;
  }
  if (random_below(FAULT_SAMPLES) != 0) return;
  faults++;
  switch (random_below(4)) {
    case 0:
      lost += 40;
      next_sample += 40;
      break;
    case 1:
      for (int c = 0; c < SAMPLE_CHANNELS; c++)
        sample->value[c] = (int32_t)(random_below(UINT32_MAX));
      break;
    case 2:
      stuck_value = sample->value[0];
      stuck_until = next_sample + 200;
      break;
    default:
      dead_until_us = board.now_us() + DEAD_US;
      break;
  }
}

static sample_status_t read_sample(sample_t *out) {
  const uint64_t now_us = board.now_us();
  if (now_us < dead_until_us) {
    const bool is_told = dead_until_us - now_us < DEAD_US - SILENT_US;
    return is_told ? SAMPLE_STOPPED : SAMPLE_NONE;
  }
  while (dead_until_us != 0 && due_us() + imu()[PERIOD_WORD] < now_us) {
    next_sample++;
    lost++;
  }
  dead_until_us = 0;
  if (now_us < due_us()) return SAMPLE_NONE;
  read_record(out);
  next_sample++;
  fail_now_and_then(out);
  return SAMPLE_READY;
}

static uint32_t overruns(void) { return lost; }

static void add_hex(uint32_t bytes) {
  for (uint32_t i = 0; i < 2 * bytes && command_length < LONGEST_COMMAND - 1; i++) {
    command[command_length++] = "0123456789ABCDEF"[random_below(16)];
  }
}

static void add_noise(uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++) command[command_length++] = (char)(random_below(255) + 1);
}

static void add_text(const char *text) {
  while (*text != '\0') command[command_length++] = *text++;
}

static void make_command(void) {
  static const char *const plain[] = {
      "info",         "labels",        "stream on",    "stream off", "classify on",
      "classify off", "scores on",     "scores off",   "invoke",     "bench 2",
      "selftest",     "pull 0",        "pull 4000000", "inject 0",   "inject 0",
      "inject 0",     "inject 119000", "inject 60000", "reboot now", "bench 0",
  };
  const uint32_t choice = random_below(30);
  command_length = command_sent = 0;
  if (choice < sizeof plain / sizeof plain[0]) {
    add_text(plain[choice]);
  } else if (choice < 25) {
    add_text("sample ");
    add_hex(32 * (1 + random_below(3)));
  } else if (choice < 27) {
    add_text("load 0 ");
    add_hex(random_below(112));
  } else {
    add_noise(random_below(LONGEST_COMMAND - 1));
  }
  command[command_length++] = '\n';
  commands++;
}

static int read_byte(void) {
  if (command_sent < command_length) return (unsigned char)command[command_sent++];
  const uint64_t now_us = board.now_us();
  if (now_us < command_at_us) return -1;
  command_at_us = now_us + random_below(2 * COMMAND_US);
  make_command();
  return (unsigned char)command[command_sent++];
}

static void add_field(line_t *line, const char *name, uint64_t value) {
  line_text(line, name);
  line_number(line, value);
}

static void tell_minutes(void) {
  static line_t line;
  const uint64_t minutes = board.now_us() / MINUTE_US;
  if (minutes == told_minutes) return;
  told_minutes = minutes;
  line_start(&line, "#");
  add_field(&line, " minute=", minutes);
  add_field(&line, " starts=", starts);
  add_field(&line, " stack_unused=", board.stack_unused());
  add_field(&line, " commands=", commands);
  add_field(&line, " faults=", faults);
  add_field(&line, " samples=", next_sample);
  line_end(&line);
  board.write(line.text, line.length);
}

static void count_start(void) {
  if (starts_mark != MARK) starts = 0;
  starts_mark = MARK;
  starts++;
}

int main(void) {
  count_start();
  board.read_sample = read_sample;
  board.read_byte = read_byte;
  board.overruns = overruns;
  app_begin();
  first_us = board.now_us();
  for (;;) {
    app_poll();
    tell_minutes();
  }
}
