#include "command.h"

#include <string.h>

#define MAX_WORDS 4 /* one more than any command has, so that too many are seen */

typedef enum { NOTHING, ON_OFF, OFFSET_HEX, RUNS, NUMBER, SAMPLES } arguments_t;

typedef struct {
  const char *name;
  command_kind_t kind;
  arguments_t arguments;
} rule_t;

static const rule_t RULES[] = {
    {"info", COMMAND_INFO, NOTHING},       {"labels", COMMAND_LABELS, NOTHING},
    {"stream", COMMAND_STREAM, ON_OFF},    {"classify", COMMAND_CLASSIFY, ON_OFF},
    {"scores", COMMAND_SCORES, ON_OFF},    {"load", COMMAND_LOAD, OFFSET_HEX},
    {"invoke", COMMAND_INVOKE, NOTHING},   {"bench", COMMAND_BENCH, RUNS},
    {"profile", COMMAND_PROFILE, NOTHING}, {"selftest", COMMAND_SELFTEST, NOTHING},
    {"image", COMMAND_IMAGE, NUMBER},      {"reboot", COMMAND_REBOOT, NOTHING},
    {"pull", COMMAND_PULL, NUMBER},        {"inject", COMMAND_INJECT, NUMBER},
    {"sample", COMMAND_SAMPLE, SAMPLES},
};

void command_reader_reset(command_reader_t *reader) {
  reader->length = 0;
  reader->too_long = false;
}

/* Cuts `text` at its spaces, in place. */
static int split(char *text, const char *words[MAX_WORDS]) {
  int count = 0;
  bool in_word = false;
  for (; *text != '\0'; text++) {
    if (*text == ' ') {
      *text = '\0';
      in_word = false;
    } else if (!in_word) {
      if (count == MAX_WORDS) break;
      words[count++] = text;
      in_word = true;
    }
  }
  return count;
}

static bool is_number(const char *word) {
  for (const char *c = word; *c != '\0'; c++) {
    if (*c < '0' || *c > '9') return false;
  }
  return true;
}

/* The number, or UINT32_MAX where it is larger than that: out of every range we have. */
static uint32_t to_number(const char *word) {
  uint64_t value = 0;
  for (; *word != '\0' && value < UINT32_MAX; word++) value = value * 10 + (uint64_t)(*word - '0');
  return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

static bool is_hex_bytes(const char *hex) {
  size_t digits = 0;
  for (; hex[digits] != '\0'; digits++) {
    if (hex_digit(hex[digits]) < 0) return false;
  }
  return digits % 2 == 0;
}

static command_kind_t parse_on_off(const char *word, command_kind_t kind, command_t *out) {
  out->on = strcmp(word, "on") == 0;
  return out->on || strcmp(word, "off") == 0 ? kind : COMMAND_BAD_ARGUMENT;
}

static command_kind_t parse_bytes(const char *hex, command_kind_t kind, command_t *out) {
  if (!is_hex_bytes(hex)) return COMMAND_BAD_ARGUMENT;
  const size_t count = strlen(hex) / 2;
  if (count > COMMAND_MAX_LOAD_BYTES) return COMMAND_OUT_OF_RANGE;
  out->byte_count = (uint8_t)count;
  for (size_t i = 0; i < count; i++) {
    out->bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) * 16 + hex_digit(hex[2 * i + 1]));
  }
  return kind;
}

static command_kind_t parse_samples(const char *hex, command_t *out) {
  const command_kind_t kind = parse_bytes(hex, COMMAND_SAMPLE, out);
  const bool is_whole = out->byte_count > 0 && out->byte_count % COMMAND_SAMPLE_BYTES == 0;
  return kind == COMMAND_SAMPLE && !is_whole ? COMMAND_BAD_ARGUMENT : kind;
}

static command_kind_t parse_number(const char *word, command_kind_t kind, command_t *out) {
  if (!is_number(word)) return COMMAND_BAD_ARGUMENT;
  out->number = to_number(word);
  return kind;
}

static command_kind_t parse_load(const char *offset, const char *hex, command_t *out) {
  if (parse_number(offset, COMMAND_LOAD, out) != COMMAND_LOAD) return COMMAND_BAD_ARGUMENT;
  return parse_bytes(hex, COMMAND_LOAD, out);
}

static command_kind_t parse_bench(const char *runs, command_t *out) {
  const command_kind_t kind = parse_number(runs, COMMAND_BENCH, out);
  const bool in_range = out->number >= 1 && out->number <= COMMAND_MAX_BENCH_RUNS;
  return kind == COMMAND_BENCH && !in_range ? COMMAND_OUT_OF_RANGE : kind;
}

static command_kind_t parse_arguments(const rule_t *rule, const char *words[], int count,
                                      command_t *out) {
  static const int expected[] = {[NOTHING] = 1, [ON_OFF] = 2,  [RUNS] = 2,
                                 [NUMBER] = 2,  [SAMPLES] = 2, [OFFSET_HEX] = 3};
  if (count != expected[rule->arguments]) return COMMAND_BAD_ARGUMENT;
  switch (rule->arguments) {
    case ON_OFF:
      return parse_on_off(words[1], rule->kind, out);
    case OFFSET_HEX:
      return parse_load(words[1], words[2], out);
    case RUNS:
      return parse_bench(words[1], out);
    case NUMBER:
      return parse_number(words[1], rule->kind, out);
    case SAMPLES:
      return parse_samples(words[1], out);
    case NOTHING:
      break;
  }
  return rule->kind;
}

static command_kind_t parse_line(char *text, command_t *out) {
  const char *words[MAX_WORDS];
  const int count = split(text, words);
  for (size_t i = 0; count > 0 && i < sizeof RULES / sizeof RULES[0]; i++) {
    if (strcmp(words[0], RULES[i].name) == 0) {
      return parse_arguments(&RULES[i], words, count, out);
    }
  }
  return COMMAND_UNKNOWN;
}

static void add(command_reader_t *reader, uint8_t byte) {
  if (reader->length == COMMAND_MAX_CHARACTERS) {
    reader->too_long = true;
    return;
  }
  /* A stray control character must not end the text early and pass as a shorter command. */
  reader->text[reader->length++] = byte < ' ' ? '?' : (char)byte;
}

bool command_reader_push(command_reader_t *reader, uint8_t byte, command_t *out) {
  if (byte != '\n' && byte != '\r') {
    add(reader, byte);
    return false;
  }
  if (reader->length == 0) return false;
  reader->text[reader->length] = '\0';
  *out = (command_t){0};
  out->kind = reader->too_long ? COMMAND_LINE_TOO_LONG : parse_line(reader->text, out);
  command_reader_reset(reader);
  return true;
}
