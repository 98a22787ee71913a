#include "command.h"

#include <string.h>

#define TEMPERATURE_DECIMALS 4
#define VALUE_DECIMALS 3

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

/* The word that is all that is left; NULL where there are more, or none. */
static const char *only_word(char *text) {
  const char *word = next_word(&text);
  return next_word(&text) == NULL ? word : NULL;
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

/* What follows a command's name, to `out`; `kind`, or what is wrong with it. */
typedef command_kind_t parse_t(char *text, command_kind_t kind, command_t *out);

static command_kind_t parse_nothing(char *text, command_kind_t kind, command_t *out) {
  (void)out;
  return next_word(&text) == NULL ? kind : COMMAND_BAD_ARGUMENT;
}

static command_kind_t parse_on_off(char *text, command_kind_t kind, command_t *out) {
  const char *word = only_word(text);
  if (word == NULL) return COMMAND_BAD_ARGUMENT;
  out->on = strcmp(word, "on") == 0;
  return out->on || strcmp(word, "off") == 0 ? kind : COMMAND_BAD_ARGUMENT;
}

static command_kind_t read_bytes(const char *hex, command_kind_t kind, command_t *out) {
  if (hex == NULL || !is_hex_bytes(hex)) return COMMAND_BAD_ARGUMENT;
  const size_t count = strlen(hex) / 2;
  if (count > COMMAND_MAX_LOAD_BYTES) return COMMAND_OUT_OF_RANGE;
  out->byte_count = (uint8_t)count;
  for (size_t i = 0; i < count; i++) {
    out->bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) * 16 + hex_digit(hex[2 * i + 1]));
  }
  return kind;
}

static command_kind_t parse_samples(char *text, command_kind_t kind, command_t *out) {
  const command_kind_t found = read_bytes(only_word(text), kind, out);
  const bool is_whole = out->byte_count > 0 && out->byte_count % COMMAND_SAMPLE_BYTES == 0;
  return found == kind && !is_whole ? COMMAND_BAD_ARGUMENT : found;
}

static command_kind_t read_number(const char *word, command_kind_t kind, uint32_t *out) {
  uint64_t value = 0;
  if (word == NULL || read_digits(&word, UINT32_MAX, &value) == 0 || *word != '\0') {
    return COMMAND_BAD_ARGUMENT;
  }
  *out = (uint32_t)value;
  return value <= UINT32_MAX ? kind : COMMAND_OUT_OF_RANGE;
}

static command_kind_t parse_number(char *text, command_kind_t kind, command_t *out) {
  return read_number(only_word(text), kind, &out->number);
}

static command_kind_t parse_load(char *text, command_kind_t kind, command_t *out) {
  const char *offset = next_word(&text);
  const command_kind_t found = read_number(offset, kind, &out->number);
  return found == kind ? read_bytes(only_word(text), kind, out) : found;
}

/* What was found, unless it is the command and its number is not from `least` to `most`. */
static command_kind_t check_range(command_kind_t found, command_kind_t kind, uint32_t number,
                                  uint32_t least, uint32_t most) {
  const bool in_range = number >= least && number <= most;
  return found == kind && !in_range ? COMMAND_OUT_OF_RANGE : found;
}

static command_kind_t parse_runs(char *text, command_kind_t kind, command_t *out) {
  const command_kind_t found = parse_number(text, kind, out);
  return check_range(found, kind, out->number, 1, COMMAND_MAX_BENCH_RUNS);
}

/* A period of 0 ends the readings. */
static command_kind_t parse_period(char *text, command_kind_t kind, command_t *out) {
  const command_kind_t found = parse_number(text, kind, out);
  const uint32_t least = out->number == 0 ? 0 : COMMAND_LEAST_PERIOD_MS;
  return check_range(found, kind, out->number, least, COMMAND_MOST_PERIOD_MS);
}

/* All that is left of the line, spaces too; its escapes are read by who needs them. */
static command_kind_t parse_text(char *text, command_kind_t kind, command_t *out) {
  out->text = text;
  return *text != '\0' ? kind : COMMAND_BAD_ARGUMENT;
}

static command_kind_t parse_word(char *text, command_kind_t kind, command_t *out) {
  out->word = only_word(text);
  return out->word != NULL ? kind : COMMAND_BAD_ARGUMENT;
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

static bool to_temperature_e4(const char *word, uint32_t *temperature_e4) {
  return to_decimal(word, TEMPERATURE_DECIMALS, COMMAND_MAX_TEMPERATURE_E4, temperature_e4);
}

static command_kind_t parse_values(char *text, command_kind_t kind, command_t *out) {
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
  return kind;
}

/* A temperature and a seed, then the rest. */
static command_kind_t parse_sampled(char *text, command_kind_t kind, command_t *out,
                                    parse_t *parse_rest) {
  const char *temperature = next_word(&text);
  const char *seed = next_word(&text);
  if (seed == NULL || !to_temperature_e4(temperature, &out->temperature_e4))
    return COMMAND_BAD_ARGUMENT;
  command_kind_t found = read_number(seed, kind, &out->seed);
  if (found == kind) found = parse_rest(text, kind, out);
  return check_range(found, kind, out->temperature_e4, 0, COMMAND_MAX_TEMPERATURE_E4);
}

static command_kind_t parse_translation(char *text, command_kind_t kind, command_t *out) {
  return parse_sampled(text, kind, out, parse_text);
}

/* Of a caption or a drawing. */
static command_kind_t parse_sampling(char *text, command_kind_t kind, command_t *out) {
  return parse_sampled(text, kind, out, parse_nothing);
}

/* A translation's words after how many characters. */
static command_kind_t parse_generation(char *text, command_kind_t kind, command_t *out) {
  command_kind_t found = read_number(next_word(&text), kind, &out->number);
  if (found == kind) found = parse_translation(text, kind, out);
  return check_range(found, kind, out->number, 1, COMMAND_MAX_WRITTEN);
}

static const struct {
  const char *name;
  command_kind_t kind;
  parse_t *parse;
} RULES[] = {
    {"info", COMMAND_INFO, parse_nothing},
    {"labels", COMMAND_LABELS, parse_nothing},
    {"stream", COMMAND_STREAM, parse_on_off},
    {"classify", COMMAND_CLASSIFY, parse_on_off},
    {"scores", COMMAND_SCORES, parse_on_off},
    {"load", COMMAND_LOAD, parse_load},
    {"invoke", COMMAND_INVOKE, parse_nothing},
    {"bench", COMMAND_BENCH, parse_runs},
    {"profile", COMMAND_PROFILE, parse_nothing},
    {"selftest", COMMAND_SELFTEST, parse_nothing},
    {"image", COMMAND_IMAGE, parse_number},
    {"reboot", COMMAND_REBOOT, parse_nothing},
    {"pull", COMMAND_PULL, parse_number},
    {"inject", COMMAND_INJECT, parse_number},
    {"sample", COMMAND_SAMPLE, parse_samples},
    {"text", COMMAND_TEXT, parse_text},
    {"more", COMMAND_MORE, parse_text},
    {"generate", COMMAND_GENERATE, parse_generation},
    {"translate", COMMAND_TRANSLATE, parse_translation},
    {"caption", COMMAND_CAPTION, parse_sampling},
    {"draw", COMMAND_DRAW, parse_sampling},
    {"constants", COMMAND_CONSTANTS, parse_nothing},
    {"observe", COMMAND_OBSERVE, parse_values},
    {"environment", COMMAND_ENVIRONMENT, parse_period},
    {"enrol", COMMAND_ENROL, parse_load},
    {"enrol-save", COMMAND_ENROL_SAVE, parse_nothing},
    {"enrolment", COMMAND_ENROLMENT, parse_number},
    {"people", COMMAND_PEOPLE, parse_nothing},
    {"person", COMMAND_PERSON, parse_word},
    {"remove", COMMAND_REMOVE, parse_word},
    {"learn", COMMAND_LEARN, parse_word},
    {"forget", COMMAND_FORGET, parse_word},
};

static command_kind_t parse_line(char *text, command_t *out) {
  const char *name = next_word(&text);
  for (size_t i = 0; name != NULL && i < sizeof RULES / sizeof RULES[0]; i++) {
    if (strcmp(name, RULES[i].name) == 0) return RULES[i].parse(text, RULES[i].kind, out);
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
