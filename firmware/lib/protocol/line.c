#include "line.h"

#include "crc.h"

#define MAX_DIGITS 20 /* of 2^64 */

static void add(line_t *line, char character) {
  if (line->length < LINE_MAX_CHARACTERS) line->text[line->length++] = character;
}

void line_start(line_t *line, const char *text) {
  line->length = 0;
  line_text(line, text);
}

void line_text(line_t *line, const char *text) {
  while (*text != '\0') add(line, *text++);
}

static void add_number(line_t *line, uint64_t number, int min_digits) {
  char digits[MAX_DIGITS];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0 || count < min_digits);
  while (count > 0) add(line, digits[--count]);
}

void line_number(line_t *line, uint64_t number) { add_number(line, number, 1); }

void line_thousandths(line_t *line, int64_t thousandths) {
  uint64_t magnitude = (uint64_t)thousandths;
  if (thousandths < 0) {
    add(line, '-');
    magnitude = 0 - magnitude;
  }
  add_number(line, magnitude / 1000, 1);
  add(line, '.');
  add_number(line, magnitude % 1000, 3);
}

void line_hex(line_t *line, const void *bytes, size_t count) {
  static const char digits[] = "0123456789ABCDEF";
  const uint8_t *byte = bytes;
  for (size_t i = 0; i < count; i++) {
    add(line, digits[byte[i] >> 4]);
    add(line, digits[byte[i] & 15]);
  }
}

void line_hex16(line_t *line, uint16_t number) {
  const uint8_t bytes[2] = {(uint8_t)(number >> 8), (uint8_t)number};
  line_hex(line, bytes, sizeof bytes);
}

void line_hex32(line_t *line, uint32_t number) {
  line_hex16(line, (uint16_t)(number >> 16));
  line_hex16(line, (uint16_t)number);
}

void line_field_text(line_t *line, const char *name, const char *value) {
  line_text(line, name);
  line_text(line, value);
}

void line_field_number(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_number(line, value);
}

void line_field_thousandths(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_thousandths(line, value);
}

void line_end(line_t *line) { line->text[line->length++] = '\n'; }

static void add_row(line_t *line, const char *word, uint32_t seq, uint64_t t_us,
                    const int32_t *values, int count) {
  line_start(line, word);
  const size_t start = line->length;
  line_number(line, seq);
  add(line, ',');
  line_number(line, t_us);
  for (int i = 0; i < count; i++) {
    add(line, ',');
    line_thousandths(line, values[i]);
  }
  const uint32_t crc = crc32(0, line->text + start, line->length - start);
  add(line, ',');
  line_hex32(line, crc);
  line_end(line);
}

void line_sample(line_t *line, const char *word, const sample_t *sample) {
  add_row(line, word, sample->seq, sample->t_us, sample->value, SAMPLE_CHANNELS);
}

void line_reading(line_t *line, const reading_t *reading) {
  add_row(line, "reading ", reading->seq, reading->t_us, reading->value, READING_VALUES);
}
