/* Commands by which a board learns people and gestures, see docs/serial-protocol.md. */
#include <stddef.h>
#include <string.h>

#include "app_state.h"
#include "enrolment_store.h"
#include "model.h"

#if MODEL_LEARNED

#define NOBODY "-" /* also: nothing */
#define PIECE_BYTES 64u
#define TOO_LIKE 250 /* thousandths of likeness, from which on two gestures are mixed up */

static const char *learned_name(const enrolment_t *enrolment, int learned) {
  return learned < enrolment->learned_count ? enrolment->learned[learned] : NOBODY;
}

const char *app_label(const app_t *app, int class_index) {
  if (class_index < MODEL_CLASSES) return MODEL.labels[class_index];
  return learned_name(&app->enrolment, class_index - MODEL_CLASSES);
}

static const char *person_name(const enrolment_t *enrolment) {
  return enrolment->person < enrolment->people_count ? enrolment->people[enrolment->person]
                                                     : NOBODY;
}

void app_begin_enrolment(app_t *app) {
  enrolment_store_load(&app->enrolment);
  app->recognizer.enrolment = &app->enrolment;
}

void app_add_enrolment(line_t *line, const app_t *app) {
  line_field_text(line, " person=", person_name(&app->enrolment));
  line_field_number(line, " people=", app->enrolment.people_count);
  line_field_number(line, " learned=", app->enrolment.learned_count);
}

/* What is staged becomes the active one, once it lies in the flash. */
static bool keep_staged(app_t *app) {
  if (!enrolment_store_save(&app->staged)) return false;
  app->enrolment = app->staged;
  recognizer_reset(&app->recognizer);
  return true;
}

static void say_number(app_t *app) {
  line_start(&app->line, "ok");
  line_field_number(&app->line, " number=", app->enrolment.number);
  app_send(app);
}

static void keep_and_answer(app_t *app) {
  if (keep_staged(app)) {
    say_number(app);
  } else {
    app_say(app, "err flash");
  }
}

void app_answer_enrol(app_t *app, const command_t *command) {
  const size_t size = sizeof app->staged;
  if (command->number > size || command->byte_count > size - command->number) {
    app_say(app, "err out-of-range");
    return;
  }
  memcpy((uint8_t *)&app->staged + command->number, command->bytes, command->byte_count);
  app_say(app, "ok");
}

void app_answer_enrol_save(app_t *app, const command_t *command) {
  (void)command;
  const enrolment_status_t status = enrolment_check(&app->staged);
  if (status == ENROLMENT_VALID) {
    app->staged.number = app->enrolment.number; /* of the next save, whatever the host counted */
    keep_and_answer(app);
  } else {
    app_say(app, status == ENROLMENT_BAD ? "err bad-enrolment" : "err wrong-contract");
  }
}

void app_answer_enrolment(app_t *app, const command_t *command) {
  const size_t size = sizeof app->enrolment;
  if (command->number >= size) {
    app_say(app, "err out-of-range");
    return;
  }
  const size_t left = size - command->number;
  line_start(&app->line, "ok ");
  line_hex(&app->line, (const uint8_t *)&app->enrolment + command->number,
           left < PIECE_BYTES ? left : PIECE_BYTES);
  app_send(app);
}

static void add_names(line_t *line, const char *field, const char (*names)[ENROLMENT_NAME],
                      int count) {
  line_text(line, field);
  if (count == 0) line_text(line, NOBODY);
  for (int i = 0; i < count; i++) {
    if (i > 0) line_text(line, ",");
    line_text(line, names[i]);
  }
}

void app_answer_people(app_t *app, const command_t *command) {
  (void)command;
  const enrolment_t *const enrolment = &app->enrolment;
  line_start(&app->line, "ok");
  line_field_text(&app->line, " active=", person_name(enrolment));
  add_names(&app->line, " people=", enrolment->people, enrolment->people_count);
  add_names(&app->line, " learned=", enrolment->learned, enrolment->learned_count);
  app_send(app);
}

void app_answer_person(app_t *app, const command_t *command) {
  const bool nobody = strcmp(command->word, NOBODY) == 0;
  const uint8_t person = enrolment_find_person(&app->enrolment, command->word);
  if (!nobody && person == ENROLMENT_NOBODY) {
    app_say(app, "err unknown-name");
    return;
  }
  app->staged = app->enrolment;
  app->staged.person = person;
  keep_and_answer(app);
}

void app_answer_remove(app_t *app, const command_t *command) {
  app->staged = app->enrolment;
  const uint8_t person = enrolment_find_person(&app->staged, command->word);
  if (!enrolment_remove_person(&app->staged, person)) {
    app_say(app, "err unknown-name");
    return;
  }
  keep_and_answer(app);
}

/* A gesture that was learned, or the ways of one of the model: as `learn` adds them. */
static bool forget(enrolment_t *enrolment, const char *name) {
  const uint8_t class_index = learning_class(enrolment, name);
  if (class_index >= MODEL_CLASSES) {
    return enrolment_remove_learned(enrolment, enrolment_find_learned(enrolment, name));
  }
  return enrolment_remove_ways(enrolment, enrolment->person, class_index) ||
         enrolment_remove_ways(enrolment, ENROLMENT_NOBODY, class_index);
}

void app_answer_forget(app_t *app, const command_t *command) {
  app->staged = app->enrolment;
  if (!forget(&app->staged, command->word)) {
    app_say(app, "err unknown-name");
    return;
  }
  keep_and_answer(app);
}

void app_answer_learn(app_t *app, const command_t *command) {
  if (strcmp(command->word, NOBODY) == 0) {
    app->learning.name[0] = '\0';
    app_say(app, "ok");
    return;
  }
  app->staged = app->enrolment;
  const uint8_t known = learning_class(&app->staged, command->word);
  if (known == MODEL.policy.background) {
    app_say(app, "err background");
  } else if (known == CENTRES_CLASSES &&
             enrolment_add_learned(&app->staged, command->word) == ENROLMENT_NOBODY) {
    const bool is_full = app->staged.learned_count == ENROLMENT_LEARNED;
    app_say(app, is_full ? "err full" : "err bad-argument");
  } else {
    learning_begin(&app->learning, command->word);
    recognizer_reset(&app->recognizer);
    app_say(app, "ok");
  }
}

static void send_learned(app_t *app, const learned_t *learned) {
  line_start(&app->line, "learned ");
  line_text(&app->line, app->learning.name);
  line_field_text(&app->line, " like=", app_label(app, learned->like));
  line_field_thousandths(&app->line, " likeness=", learned->likeness);
  line_field_thousandths(&app->line, " sure=", learned->sureness);
  app_send(app);
  if (learned->likeness < TOO_LIKE) return;
  line_start(&app->line, "warn too-like ");
  line_text(&app->line, app_label(app, learned->like));
  app_send(app);
}

static void end_learning(app_t *app) {
  learned_t learned;
  app->staged = app->enrolment;
  if (!learning_add(&app->learning, &model_centres, &app->staged, &learned)) {
    app_say(app, "warn not-learned full");
  } else if (keep_staged(app)) {
    send_learned(app, &learned);
  } else {
    app_say(app, "warn not-learned flash");
  }
  app->learning.name[0] = '\0';
}

void app_learn(app_t *app, const recognition_t *result) {
  if (!learning_is_on(&app->learning)) return;
  const window_t *const window = &app->recognizer.window;
  learning_push_sample(&app->learning,
                       window->input + (size_t)(window->filled - 1) * MODEL_CHANNELS);
  if (!result->has_scores) return;
  const learning_step_t step =
      learning_push_window(&app->learning, &model_centres, app->recognizer.embedded);
  switch (step) {
    case LEARNING_GOES_ON:
      break;
    case LEARNING_TAKE:
    case LEARNING_ODD_TAKE:
    case LEARNING_DONE:
      line_start(&app->line, "learning take=");
      line_number(&app->line, app->learning.takes);
      line_text(&app->line, " of=");
      line_number(&app->line, LEARNING_TAKES);
      if (step == LEARNING_ODD_TAKE) line_text(&app->line, " odd=1");
      app_send(app);
      if (step == LEARNING_DONE) end_learning(app);
      break;
    case LEARNING_TIMED_OUT:
      app->learning.name[0] = '\0';
      app_say(app, "warn not-learned timeout");
      break;
  }
}

bool app_is_learning(const app_t *app) { return learning_is_on(&app->learning); }

#else

const char *app_label(const app_t *app, int class_index) {
  (void)app;
  return MODEL.labels[class_index];
}

void app_begin_enrolment(app_t *app) { (void)app; }

void app_add_enrolment(line_t *line, const app_t *app) {
  (void)line;
  (void)app;
}

void app_learn(app_t *app, const recognition_t *result) {
  (void)app;
  (void)result;
}

bool app_is_learning(const app_t *app) {
  (void)app;
  return false;
}

static void refuse(app_t *app, const command_t *command) {
  (void)command;
  app_say(app, "err no-centres");
}

void app_answer_enrol(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_enrol_save(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_enrolment(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_people(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_person(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_remove(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_learn(app_t *app, const command_t *command) { refuse(app, command); }
void app_answer_forget(app_t *app, const command_t *command) { refuse(app, command); }

#endif
