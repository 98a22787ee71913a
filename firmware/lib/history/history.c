#include "history.h"

#include <string.h>

#define DIGIT_BITS 7
#define MORE 0x80u        /* another digit follows */
#define LONGEST_DIGITS 10 /* of 64 bits */

static void fields_of(const sample_t *sample, uint64_t *fields) {
  fields[0] = sample->seq;
  fields[1] = sample->t_us;
  for (int c = 0; c < SAMPLE_CHANNELS; c++) fields[2 + c] = (uint64_t)(int64_t)sample->value[c];
}

static void sample_of(const uint64_t *fields, sample_t *out) {
  out->seq = (uint32_t)fields[0];
  out->t_us = fields[1];
  for (int c = 0; c < SAMPLE_CHANNELS; c++) out->value[c] = (int32_t)fields[2 + c];
}

/* All in arithmetic that wraps, so that nothing is too large. */
static uint64_t expected(const history_trend_t *trend, int field) {
  return 2 * trend->last[field] - trend->before[field];
}

static void follow(history_trend_t *trend, const uint64_t *fields) {
  memcpy(trend->before, trend->last, sizeof trend->before);
  memcpy(trend->last, fields, sizeof trend->last);
}

static uint32_t write_number(uint8_t *bytes, uint64_t difference) {
  uint64_t left = difference << 1 ^ (0 - (difference >> 63)); /* small ones of either sign */
  uint32_t length = 0;
  while (left >= MORE) {
    bytes[length++] = (uint8_t)(left | MORE);
    left >>= DIGIT_BITS;
  }
  bytes[length++] = (uint8_t)left;
  return length;
}

static uint64_t read_number(const history_t *history, uint32_t *place) {
  uint64_t number = 0;
  uint8_t digit = MORE;
  for (int i = 0; i < LONGEST_DIGITS && digit >= MORE; i++) {
    digit = history->bytes[*place];
    *place = (*place + 1) % HISTORY_BYTES;
    number |= (uint64_t)(digit & ~MORE) << (DIGIT_BITS * i);
  }
  return number >> 1 ^ (0 - (number & 1));
}

static void read_fields(history_reader_t *reader, uint64_t *fields) {
  for (int i = 0; i < HISTORY_FIELDS; i++) {
    fields[i] = expected(&reader->trend, i) + read_number(reader->history, &reader->place);
  }
  follow(&reader->trend, fields);
  reader->left--;
}

void history_reader_begin(history_reader_t *reader, const history_t *history) {
  *reader = (history_reader_t){
      .history = history,
      .place = history->start,
      .left = history->count,
      .trend = history->oldest,
  };
}

bool history_reader_next(history_reader_t *reader, sample_t *out) {
  if (reader->left == 0) return false;
  uint64_t fields[HISTORY_FIELDS];
  read_fields(reader, fields);
  sample_of(fields, out);
  return true;
}

static void drop_oldest(history_t *history) {
  history_reader_t reader;
  uint64_t fields[HISTORY_FIELDS];
  history_reader_begin(&reader, history);
  read_fields(&reader, fields);
  history->size -= (reader.place + HISTORY_BYTES - history->start) % HISTORY_BYTES;
  history->start = reader.place;
  history->oldest = reader.trend;
  history->count--;
}

static void append(history_t *history, const uint8_t *bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    history->bytes[(history->start + history->size++) % HISTORY_BYTES] = bytes[i];
  }
  history->count++;
}

void history_push(history_t *history, const sample_t *sample) {
  uint64_t fields[HISTORY_FIELDS];
  uint8_t bytes[HISTORY_FIELDS * LONGEST_DIGITS];
  uint32_t length = 0;
  fields_of(sample, fields);
  for (int i = 0; i < HISTORY_FIELDS; i++) {
    length += write_number(bytes + length, fields[i] - expected(&history->newest, i));
  }
  while (history->count == HISTORY_SAMPLES || HISTORY_BYTES - history->size < length) {
    drop_oldest(history);
  }
  append(history, bytes, length);
  follow(&history->newest, fields);
}
