#include "command.h"

#include <string.h>

#define MAX_WORDS 4 /* one more than any command has, so that too many are seen */
#define HEAT_DECIMALS 4
#define VALUE_DECIMALS 3

typedef enum {
  NOTHING,
  ON_OFF,
  OFFSET_HEX,
  RUNS,
  NUMBER,
  PERIOD,
  SAMPLES,
  TEXT,
  GENERATION,
  VALUES
} arguments_t;

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
    {"sample", COMMAND_SAMPLE, SAMPLES},   {"text", COMMAND_TEXT, TEXT},
    {"more", COMMAND_MORE, TEXT},          {"generate", COMMAND_GENERATE, GENERATION},
    {"observe", COMMAND_OBSERVE, VALUES},  {"environment", COMMAND_ENVIRONMENT, PERIOD},
};

void command_reader_reset(command_reader_t *reader) {
  reader->length = 0;
  reader->too_long = false;
}

/* The word that `text` begins with, cut off in place, and `text` moved behind the space after it;
 * NULL where there is none. */
static const char *next_word(char **text) {
  char *word = *text;
  while (*word == ' ') word++;
  char *end = word;
  while (*end != ' ' && *end != '\0') end++;
  *text = end;
  if (*end == ' ') {
    *end = '\0';
    (*text)++;
  }
  return end > word ? word : NULL;
}

/* All that is left. */
static int split(char *text, const char *words[MAX_WORDS]) {
  int count = 0;
  while (count < MAX_WORDS && (words[count] = next_word(&text)) != NULL) count++;
  return count;
}

/* Goes on with `value` by the digits that `word` begins with, `word` being moved behind them, and
 * answers how many. What has become larger than `most` stays so. */
static int read_digits(const char **word, uint32_t most, uint64_t *value) {
  int count = 0;
  for (; **word >= '0' && **word <= '9'; (*word)++) {
    if (*value <= most) *value = *value * 10 + (uint64_t)(**word - '0');
    count++;
  }
  return count;
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

static command_kind_t parse_number(const char *word, command_kind_t kind, uint32_t *out) {
  uint64_t value = 0;
  (void)read_digits(&word, UINT32_MAX, &value);
  if (*word != '\0') return COMMAND_BAD_ARGUMENT;
  *out = (uint32_t)value;
  return value <= UINT32_MAX ? kind : COMMAND_OUT_OF_RANGE;
}

static command_kind_t parse_load(const char *offset, const char *hex, command_t *out) {
  const command_kind_t kind = parse_number(offset, COMMAND_LOAD, &out->number);
  return kind == COMMAND_LOAD ? parse_bytes(hex, COMMAND_LOAD, out) : kind;
}

static command_kind_t parse_bench(const char *runs, command_t *out) {
  const command_kind_t kind = parse_number(runs, COMMAND_BENCH, &out->number);
  const bool in_range = out->number >= 1 && out->number <= COMMAND_MAX_BENCH_RUNS;
  return kind == COMMAND_BENCH && !in_range ? COMMAND_OUT_OF_RANGE : kind;
}

/* All that is left of the line, spaces too; its escapes are read by who needs them. */
static command_kind_t parse_text(char *text, command_kind_t kind, command_t *out) {
  out->text = text;
  return *text != '\0' ? kind : COMMAND_BAD_ARGUMENT;
}

/* A whole number, or one with a point and one to `decimals` digits behind it, times ten to the
 * power of `decimals`; UINT32_MAX where it is larger than `most`. */
static bool to_decimal(const char *word, int decimals, uint32_t most, uint32_t *out) {
  uint64_t value = 0;
  int behind = 0; /* digits after the point */
  if (read_digits(&word, most, &value) == 0) return false;
  if (*word == '.') {
    word++;
    behind = read_digits(&word, most, &value);
    if (behind == 0 || behind > decimals) return false;
  }
  if (*word != '\0') return false;
  for (; behind < decimals; behind++) value *= 10;
  *out = value > most ? UINT32_MAX : (uint32_t)value;
  return true;
}

static bool to_heat(const char *word, uint32_t *heat) {
  return to_decimal(word, HEAT_DECIMALS, COMMAND_MAX_HEAT, heat);
}

static command_kind_t parse_values(char *text, command_t *out) {
  const char *word;
  while ((word = next_word(&text)) != NULL) {
    const bool is_negative = *word == '-';
    uint32_t magnitude;
    if (out->value_count == COMMAND_MAX_VALUES) return COMMAND_BAD_ARGUMENT;
    if (!to_decimal(word + is_negative, VALUE_DECIMALS, COMMAND_MAX_VALUE, &magnitude)) {
      return COMMAND_BAD_ARGUMENT;
    }
    if (magnitude > COMMAND_MAX_VALUE) return COMMAND_OUT_OF_RANGE;
    const int32_t value = (int32_t)magnitude;
    out->values[out->value_count++] = is_negative ? -value : value;
  }
  return COMMAND_OBSERVE;
}

static command_kind_t parse_generation(char *text, command_t *out) {
  const char *characters = next_word(&text);
  const char *heat = next_word(&text);
  const char *seed = next_word(&text);
  if (seed == NULL || !to_heat(heat, &out->heat)) return COMMAND_BAD_ARGUMENT;
  command_kind_t kind = parse_number(characters, COMMAND_GENERATE, &out->number);
  if (kind == COMMAND_GENERATE) kind = parse_number(seed, COMMAND_GENERATE, &out->seed);
  if (kind == COMMAND_GENERATE) kind = parse_text(text, COMMAND_GENERATE, out);
  const bool in_range = out->number >= 1 && out->number <= COMMAND_MAX_WRITTEN;
  const bool is_known = in_range && out->heat <= COMMAND_MAX_HEAT;
  return kind == COMMAND_GENERATE && !is_known ? COMMAND_OUT_OF_RANGE : kind;
}

static command_kind_t parse_period(const char *word, command_t *out) {
  const command_kind_t kind = parse_number(word, COMMAND_ENVIRONMENT, &out->number);
  const bool in_range = out->number == 0 || (out->number >= COMMAND_LEAST_PERIOD_MS &&
                                             out->number <= COMMAND_MOST_PERIOD_MS);
  return kind == COMMAND_ENVIRONMENT && !in_range ? COMMAND_OUT_OF_RANGE : kind;
}

static command_kind_t parse_words(const rule_t *rule, char *text, command_t *out) {
  static const int expected[] = {[NOTHING] = 0, [ON_OFF] = 1,  [RUNS] = 1,      [NUMBER] = 1,
                                 [PERIOD] = 1,  [SAMPLES] = 1, [OFFSET_HEX] = 2};
  const char *words[MAX_WORDS];
  if (split(text, words) != expected[rule->arguments]) return COMMAND_BAD_ARGUMENT;
  switch (rule->arguments) {
    case ON_OFF:
      return parse_on_off(words[0], rule->kind, out);
    case OFFSET_HEX:
      return parse_load(words[0], words[1], out);
    case RUNS:
      return parse_bench(words[0], out);
    case NUMBER:
      return parse_number(words[0], rule->kind, &out->number);
    case PERIOD:
      return parse_period(words[0], out);
    case SAMPLES:
      return parse_samples(words[0], out);
    default:
      return rule->kind;
  }
}

static command_kind_t parse_arguments(const rule_t *rule, char *text, command_t *out) {
  switch (rule->arguments) {
    case TEXT:
      return parse_text(text, rule->kind, out);
    case GENERATION:
      return parse_generation(text, out);
    case VALUES:
      return parse_values(text, out);
    default:
      return parse_words(rule, text, out);
  }
}

static command_kind_t parse_line(char *text, command_t *out) {
  const char *name = next_word(&text);
  for (size_t i = 0; name != NULL && i < sizeof RULES / sizeof RULES[0]; i++) {
    if (strcmp(name, RULES[i].name) == 0) return parse_arguments(&RULES[i], text, out);
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
