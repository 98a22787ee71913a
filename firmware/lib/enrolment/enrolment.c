#include "enrolment.h"

#include <string.h>

#include "crc.h"
#include "model.h"
#include "model_size.h"

static uint8_t hex_digit(char c) {
  if (c >= '0' && c <= '9') return (uint8_t)(c - '0');
  return c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) : UINT8_MAX;
}

/* Zeros where the hash is no number: a board without a model has the hash "none". */
static void contract_of_model(uint8_t contract[ENROLMENT_CONTRACT]) {
  memset(contract, 0, ENROLMENT_CONTRACT);
  for (size_t i = 0; i < 2 * ENROLMENT_CONTRACT; i++) {
    const uint8_t digit = hex_digit(MODEL.contract_hash[i]);
    if (digit == UINT8_MAX) {
      memset(contract, 0, ENROLMENT_CONTRACT);
      return;
    }
    contract[i / 2] = (uint8_t)(contract[i / 2] << 4 | digit);
  }
}

static uint32_t crc_of(const enrolment_t *enrolment) {
  return crc32(0, enrolment, offsetof(enrolment_t, crc));
}

void enrolment_clear(enrolment_t *enrolment) {
  memset(enrolment, 0, sizeof *enrolment);
  enrolment->magic = ENROLMENT_MAGIC;
  enrolment->version = ENROLMENT_VERSION;
  enrolment->size = sizeof *enrolment;
  enrolment->person = ENROLMENT_NOBODY;
  contract_of_model(enrolment->contract);
}

void enrolment_seal(enrolment_t *enrolment) { enrolment->crc = crc_of(enrolment); }

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

static bool is_name(const char *name) {
  size_t length = 0;
  while (length < ENROLMENT_NAME && is_letter(name[length])) length++;
  if (length == 0 || length == ENROLMENT_NAME || name[length] != '\0') return false;
  return strcmp(name, "-") != 0;
}

/* The place of a name among others, `count` where it is not there. */
static uint8_t place_of(const char (*names)[ENROLMENT_NAME], uint8_t count, const char *name) {
  uint8_t place = 0;
  while (place < count && strncmp(names[place], name, ENROLMENT_NAME) != 0) place++;
  return place;
}

/* In place_of, so many names before it as its own index: it is not there before. */
static bool are_names(const char (*names)[ENROLMENT_NAME], uint8_t count) {
  for (uint8_t i = 0; i < count; i++) {
    if (!is_name(names[i]) || place_of(names, i, names[i]) != i) return false;
  }
  return true;
}

static bool is_centre(const enrolment_t *enrolment, const enrolment_centre_t *centre) {
  return (centre->owner < enrolment->people_count || centre->owner == ENROLMENT_NOBODY) &&
         centre->class_index < MODEL_CLASSES + enrolment->learned_count;
}

static bool is_written_whole(const enrolment_t *enrolment) {
  return enrolment->magic == ENROLMENT_MAGIC && enrolment->version == ENROLMENT_VERSION &&
         enrolment->size == sizeof *enrolment && enrolment->crc == crc_of(enrolment);
}

static bool counts_are_right(const enrolment_t *enrolment) {
  return enrolment->people_count <= ENROLMENT_PEOPLE &&
         enrolment->learned_count <= ENROLMENT_LEARNED &&
         enrolment->centre_count <= ENROLMENT_CENTRES &&
         (enrolment->person < enrolment->people_count || enrolment->person == ENROLMENT_NOBODY);
}

static bool contents_are_right(const enrolment_t *enrolment) {
  if (!counts_are_right(enrolment)) return false;
  if (!are_names(enrolment->people, enrolment->people_count)) return false;
  if (!are_names(enrolment->learned, enrolment->learned_count)) return false;
  for (uint8_t i = 0; i < enrolment->centre_count; i++) {
    if (!is_centre(enrolment, &enrolment->centres[i])) return false;
  }
  return true;
}

enrolment_status_t enrolment_check(const enrolment_t *enrolment) {
  uint8_t contract[ENROLMENT_CONTRACT];
  contract_of_model(contract);
  if (!is_written_whole(enrolment)) return ENROLMENT_BAD;
  if (memcmp(enrolment->contract, contract, sizeof contract) != 0) return ENROLMENT_WRONG_CONTRACT;
  return contents_are_right(enrolment) ? ENROLMENT_VALID : ENROLMENT_BAD;
}

bool enrolment_is_active(const enrolment_t *enrolment) {
  if (enrolment->learned_count > 0) return true;
  for (uint8_t i = 0; i < enrolment->centre_count; i++) {
    const uint8_t owner = enrolment->centres[i].owner;
    if (owner == ENROLMENT_NOBODY || owner == enrolment->person) return true;
  }
  return false;
}

static uint8_t find(const char (*names)[ENROLMENT_NAME], uint8_t count, const char *name) {
  const uint8_t place = place_of(names, count, name);
  return place < count ? place : ENROLMENT_NOBODY;
}

uint8_t enrolment_find_person(const enrolment_t *enrolment, const char *name) {
  return find(enrolment->people, enrolment->people_count, name);
}

uint8_t enrolment_find_learned(const enrolment_t *enrolment, const char *name) {
  return find(enrolment->learned, enrolment->learned_count, name);
}

static uint8_t add(char (*names)[ENROLMENT_NAME], uint8_t *count, uint8_t room, const char *name) {
  if (*count >= room || !is_name(name)) return ENROLMENT_NOBODY;
  if (place_of((const char (*)[ENROLMENT_NAME])names, *count, name) != *count) {
    return ENROLMENT_NOBODY;
  }
  strncpy(names[*count], name, ENROLMENT_NAME);
  return (*count)++;
}

uint8_t enrolment_add_person(enrolment_t *enrolment, const char *name) {
  return add(enrolment->people, &enrolment->people_count, ENROLMENT_PEOPLE, name);
}

uint8_t enrolment_add_learned(enrolment_t *enrolment, const char *name) {
  return add(enrolment->learned, &enrolment->learned_count, ENROLMENT_LEARNED, name);
}

bool enrolment_add_centre(enrolment_t *enrolment, const enrolment_centre_t *centre) {
  if (enrolment->centre_count >= ENROLMENT_CENTRES || !is_centre(enrolment, centre)) return false;
  enrolment->centres[enrolment->centre_count++] = *centre;
  return true;
}

static void remove_name(char (*names)[ENROLMENT_NAME], uint8_t *count, uint8_t place) {
  (*count)--;
  memmove(names[place], names[place + 1], (size_t)(*count - place) * ENROLMENT_NAME);
  memset(names[*count], 0, ENROLMENT_NAME);
}

#define ANY (-1)

static bool is_of(const enrolment_centre_t *centre, int owner, int class_index) {
  return (owner == ANY || centre->owner == owner) &&
         (class_index == ANY || centre->class_index == class_index);
}

/* How many there were. */
static size_t remove_centres(enrolment_t *enrolment, int owner, int class_index) {
  uint8_t kept = 0;
  for (uint8_t i = 0; i < enrolment->centre_count; i++) {
    const enrolment_centre_t *const centre = &enrolment->centres[i];
    if (!is_of(centre, owner, class_index)) enrolment->centres[kept++] = *centre;
  }
  const size_t removed = (size_t)(enrolment->centre_count - kept);
  memset(&enrolment->centres[kept], 0, removed * sizeof enrolment->centres[0]);
  enrolment->centre_count = kept;
  return removed;
}

/* Of a person after the one that was removed. */
static uint8_t moved_down(uint8_t person, uint8_t removed) {
  return person != ENROLMENT_NOBODY && person > removed ? (uint8_t)(person - 1) : person;
}

bool enrolment_remove_person(enrolment_t *enrolment, uint8_t person) {
  if (person >= enrolment->people_count) return false;
  remove_name(enrolment->people, &enrolment->people_count, person);
  remove_centres(enrolment, person, ANY);
  for (uint8_t i = 0; i < enrolment->centre_count; i++) {
    enrolment->centres[i].owner = moved_down(enrolment->centres[i].owner, person);
  }
  if (enrolment->person == person) enrolment->person = ENROLMENT_NOBODY;
  enrolment->person = moved_down(enrolment->person, person);
  return true;
}

bool enrolment_remove_learned(enrolment_t *enrolment, uint8_t learned) {
  if (learned >= enrolment->learned_count) return false;
  const uint8_t class_index = (uint8_t)(MODEL_CLASSES + learned);
  remove_name(enrolment->learned, &enrolment->learned_count, learned);
  remove_centres(enrolment, ANY, class_index);
  for (uint8_t i = 0; i < enrolment->centre_count; i++) {
    if (enrolment->centres[i].class_index > class_index) enrolment->centres[i].class_index--;
  }
  return true;
}

bool enrolment_remove_ways(enrolment_t *enrolment, uint8_t owner, uint8_t class_index) {
  return remove_centres(enrolment, owner, class_index) > 0;
}
