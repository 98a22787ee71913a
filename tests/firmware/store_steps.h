/* The product's loop with an enrolment that is kept: `+` adds a person and saves, `?` loads. Both
 * are answered with how many there are; `+` also with the outcome. See test_enrolment_boards.py. */
#ifndef STORE_STEPS_H
#define STORE_STEPS_H

#include "app.h"
#include "board.h"
#include "enrolment_store.h"
#include "line.h"

static int (*received)(void);

static void say(const char *outcome, const enrolment_t *enrolment) {
  line_t line;
  line_start(&line, "store");
  line_field_text(&line, " outcome=", outcome);
  line_field_number(&line, " people=", enrolment->people_count);
  line_field_number(&line, " pages=", board.store_pages);
  line_end(&line);
  board.write(line.text, line.length);
}

static void keep_one_more(void) {
  static enrolment_t enrolment;
  enrolment_store_load(&enrolment);
  const char name[] = {(char)('a' + enrolment.people_count), '\0'};
  enrolment_add_person(&enrolment, name);
  say(enrolment_store_save(&enrolment) ? "saved" : "failed", &enrolment);
}

static void load(void) {
  static enrolment_t enrolment;
  enrolment_store_load(&enrolment);
  say("loaded", &enrolment);
}

static int read_byte(void) {
  const int byte = received();
  if (byte == '+') keep_one_more();
  if (byte == '?') load();
  return byte == '+' || byte == '?' ? -1 : byte;
}

static void begin_steps(void) {
  received = board.read_byte;
  board.read_byte = read_byte;
  app_begin();
}

#endif
