/* Runs single parts of the firmware on numbers from standard input; the first word says which. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "crc.h"
#include "decision.h"
#include "emulated_imu.h"
#include "escape.h"
#include "line.h"
#include "rate.h"
#include "transmitter.h"
#include "window.h"

static int64_t number(void) {
  int64_t value;
  if (scanf("%" SCNd64, &value) != 1) exit(EXIT_FAILURE);
  return value;
}

/* smoothing background release refractory fire[classes], n, then t score[classes] n times */
static void run_decision(void) {
  static uint16_t fire_sums[MODEL_CLASSES];
  model_policy_t policy = {.fire_sums = fire_sums};
  policy.smoothing_windows = (uint8_t)number();
  policy.background = (uint8_t)number();
  policy.release_sum = (uint16_t)number();
  policy.refractory_us = (uint32_t)number();
  for (int c = 0; c < MODEL_CLASSES; c++) fire_sums[c] = (uint16_t)number();
  decision_t decision;
  decision_reset(&decision);
  for (int64_t n = number(); n > 0; n--) {
    const uint64_t t_us = (uint64_t)number();
    int8_t output[MODEL_CLASSES];
    for (int c = 0; c < MODEL_CLASSES; c++) output[c] = (int8_t)(number() - 128);
    decision_event_t event;
    if (!decision_push(&decision, &policy, MODEL_CLASSES, output, t_us, &event)) continue;
    printf("%" PRIu64 " %u %u %u\n", t_us, event.class_index, event.sum,
           decision_score_thousandths(&policy, event.sum));
  }
}

/* shift, then multiplier offset a channel, n, then value[channels] n times */
static void run_window(void) {
  model_scale_t scales[MODEL_CHANNELS];
  const uint8_t shift = (uint8_t)number();
  for (int c = 0; c < MODEL_CHANNELS; c++) {
    scales[c].multiplier = (int32_t)number();
    scales[c].offset = number();
  }
  window_t window;
  window_reset(&window);
  for (int64_t n = number(); n > 0; n--) {
    int32_t value[MODEL_CHANNELS];
    for (int c = 0; c < MODEL_CHANNELS; c++) value[c] = (int32_t)number();
    if (!window_push(&window, scales, shift, value)) continue;
    for (size_t i = 0; i < sizeof window.input; i++) printf("%d ", window.input[i]);
    printf("\n");
  }
}

/* n, then seq t_us value[6] n times */
static void run_samples(void) {
  for (int64_t n = number(); n > 0; n--) {
    sample_t sample;
    sample.seq = (uint32_t)number();
    sample.t_us = (uint64_t)number();
    for (int c = 0; c < SAMPLE_CHANNELS; c++) sample.value[c] = (int32_t)number();
    line_t line;
    line_sample(&line, "", &sample);
    fwrite(line.text, 1, line.length, stdout);
  }
}

/* n bytes: each command they make, as kind on number byte_count */
static void run_commands(void) {
  command_reader_t reader;
  command_reader_reset(&reader);
  for (int64_t n = number(); n > 0; n--) {
    command_t command;
    if (!command_reader_push(&reader, (uint8_t)number(), &command)) continue;
    printf("%d %d %" PRIu32 " %u\n", command.kind, command.on, command.number, command.byte_count);
  }
}

/* n bytes of one line: temperature, seed and text of its command. */
static void run_texts(void) {
  command_reader_t reader;
  command_reader_reset(&reader);
  for (int64_t n = number(); n > 0; n--) {
    command_t command;
    if (!command_reader_push(&reader, (uint8_t)number(), &command)) continue;
    if (!escape_read(command.text)) exit(EXIT_FAILURE);
    printf("%" PRIu32 " %" PRIu32 " %s\n", command.temperature_e4, command.seed, command.text);
  }
}

/* n bytes of UTF-8, a character at a time, escaped */
static void run_escapes(void) {
  static char bytes[1024];
  const int64_t count = number();
  for (int64_t n = 0; n < count; n++) bytes[n] = (char)number();
  for (const char *text = bytes; *text != '\0';) {
    line_t line;
    line_start(&line, "");
    escape_write(&line, &text);
    fwrite(line.text, 1, line.length, stdout);
  }
}

/* One text of n times `x`, then the end of the line: how long it became. */
static void run_long_line(void) {
  line_t line;
  line_start(&line, "");
  for (int64_t n = number(); n > 0; n--) line_text(&line, "x");
  line_end(&line);
  printf("%zu %d\n", line.length, line.text[line.length - 1] == '\n');
}

/* n, then seq t_us n times: the rate after each */
static void run_rate(void) {
  rate_t rate = {0};
  for (int64_t n = number(); n > 0; n--) {
    sample_t sample = {.seq = (uint32_t)number()};
    sample.t_us = (uint64_t)number();
    rate_push(&rate, &sample);
    printf("%" PRIu32 "\n", rate.rate_millihz);
  }
}

/* The sensor's memory as it is after some steps: `write t_us`, `end`, `read now_us`, `wait now_us`.
 * A read prints its status, and seq and t_us where there is a sample. */
static void run_imu(void) {
  uint32_t *memory = calloc(EMULATED_IMU_BYTES, 1);
  if (memory == NULL) exit(EXIT_FAILURE);
  memory[0] = 0x31554D49u;
  memory[1] = 1;
  emulated_imu_t imu;
  emulated_imu_begin(&imu, memory);
  char step[8];
  while (scanf("%7s", step) == 1) {
    if (strcmp(step, "write") == 0) {
      const uint64_t t_us = (uint64_t)number();
      uint32_t *record = memory + (1 + memory[2] % EMULATED_IMU_CAPACITY) * 8;
      record[0] = (uint32_t)t_us;
      record[1] = (uint32_t)(t_us >> 32);
      memory[2]++;
    } else if (strcmp(step, "end") == 0) {
      memory[4] = 1;
    } else if (strcmp(step, "wait") == 0) {
      printf("%" PRIu32 "\n", emulated_imu_wait_us(&imu, (uint64_t)number(), 10000));
    } else {
      sample_t sample = {0};
      const sample_status_t status = emulated_imu_read(&imu, (uint64_t)number(), &sample);
      printf("%d %" PRIu32 " %" PRIu64 " %" PRIu32 "\n", status, sample.seq, sample.t_us, imu.lost);
    }
  }
  free(memory);
}

static struct {
  size_t room, room_a_ms;
  bool is_connected;
  uint64_t now_us;
} host;

static size_t host_send(const char *bytes, size_t count) {
  const size_t taken = count < host.room ? count : host.room;
  for (size_t i = 0; i < taken; i++) printf("%02x", (unsigned char)bytes[i]);
  host.room -= taken;
  return taken;
}

static bool host_is_connected(void) { return host.is_connected; }

static void host_wait(void) {
  host.now_us += 1000;
  host.room += host.room_a_ms;
}

static uint64_t host_now_us(void) { return host.now_us; }

/* limit_us, then steps: `host CONNECTED ROOM ROOM_A_MS`, and `piece HEX` and `poll`, which print
 * what was sent, the outcome and the time */
static void run_transmitter(void) {
  static const transmitter_port_t port = {host_send, host_is_connected, host_wait, host_now_us};
  transmitter_t transmitter;
  transmitter_begin(&transmitter, &port, (uint32_t)number());
  char step[8], hex[512];
  while (scanf("%7s", step) == 1) {
    if (strcmp(step, "host") == 0) {
      host.is_connected = number() != 0;
      host.room = (size_t)number();
      host.room_a_ms = (size_t)number();
      continue;
    }
    if (strcmp(step, "poll") == 0) {
      transmitter_poll(&transmitter);
      printf(" 1 %" PRIu64 "\n", host.now_us);
      continue;
    }
    if (scanf("%511s", hex) != 1) exit(EXIT_FAILURE);
    char piece[256];
    size_t length = 0;
    for (unsigned byte; sscanf(hex + 2 * length, "%2x", &byte) == 1;) piece[length++] = (char)byte;
    const bool was_sent = transmitter_write(&transmitter, piece, length);
    printf(" %d %" PRIu64 "\n", was_sent, host.now_us);
  }
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } parts[] = {{"decision", run_decision},      {"window", run_window}, {"samples", run_samples},
               {"commands", run_commands},      {"texts", run_texts},   {"escapes", run_escapes},
               {"long-line", run_long_line},    {"rate", run_rate},     {"imu", run_imu},
               {"transmitter", run_transmitter}};
  for (size_t i = 0; argc > 1 && i < sizeof parts / sizeof parts[0]; i++) {
    if (strcmp(argv[1], parts[i].name) == 0) {
      parts[i].run();
      return EXIT_SUCCESS;
    }
  }
  return EXIT_FAILURE;
}
