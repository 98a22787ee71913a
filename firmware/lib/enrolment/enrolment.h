/* An enrolment: people whose way of the gestures a board knows, and gestures it learned, as data
 * for one model. These are the bytes that lie in the flash and go over the serial line.
 *
 * The functions that change one leave its checksum behind: enrolment_seal writes it. */
#ifndef ENROLMENT_H
#define ENROLMENT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENROLMENT_MAGIC 0x524E4547u /* "GENR" */
#define ENROLMENT_VERSION 1u
#define ENROLMENT_DIMENSIONS 32
#define ENROLMENT_PEOPLE 8
#define ENROLMENT_LEARNED 4
#define ENROLMENT_CENTRES 96
#define ENROLMENT_NAME 16 /* bytes, the last one 0 */
#define ENROLMENT_CONTRACT 8
#define ENROLMENT_NOBODY 255

typedef struct {
  uint8_t owner; /* person whose centre it is; ENROLMENT_NOBODY: it counts for everybody */
  uint8_t class_index;
  uint16_t sharpness; /* 256ths by which squared distances to it are multiplied */
  int8_t centre[ENROLMENT_DIMENSIONS];
} enrolment_centre_t;

/* Little endian, as every processor that this runs on; unused bytes are 0. */
typedef struct {
  uint32_t magic;
  uint16_t version;
  uint16_t size;                        /* of all this */
  uint32_t number;                      /* of saves: of two copies the higher one is newer */
  uint8_t contract[ENROLMENT_CONTRACT]; /* the first bytes of the SHA-256 of the model's contract */
  uint8_t person;                       /* who is recognized, or ENROLMENT_NOBODY */
  uint8_t people_count;
  uint8_t learned_count;
  uint8_t centre_count;
  char people[ENROLMENT_PEOPLE][ENROLMENT_NAME];
  char learned[ENROLMENT_LEARNED][ENROLMENT_NAME]; /* class MODEL_CLASSES + i */
  enrolment_centre_t centres[ENROLMENT_CENTRES];
  uint32_t crc; /* CRC-32 of all bytes before it */
} enrolment_t;

static_assert(sizeof(enrolment_centre_t) == 36, "a centre has no padding");
static_assert(offsetof(enrolment_t, person) == 20, "the header has no padding");
static_assert(offsetof(enrolment_t, people) == 24, "the header is 24 bytes");
static_assert(offsetof(enrolment_t, centres) == 216, "names are 192 bytes");
static_assert(offsetof(enrolment_t, crc) == 3672, "centres are 3456 bytes");
static_assert(sizeof(enrolment_t) == 3676, "an enrolment has no padding");

typedef enum { ENROLMENT_VALID, ENROLMENT_BAD, ENROLMENT_WRONG_CONTRACT } enrolment_status_t;

/* An empty one for this image's model, not sealed. */
void enrolment_clear(enrolment_t *enrolment);

/* Writes the checksum. */
void enrolment_seal(enrolment_t *enrolment);

/* Whether it can be used with this image's model. Another model's is told by its contract alone:
 * what it holds cannot be judged here. */
enrolment_status_t enrolment_check(const enrolment_t *enrolment);

/* Whether centres of an enrolment count: of the person who is chosen, or of everybody. */
bool enrolment_is_active(const enrolment_t *enrolment);

/* The index of a name, ENROLMENT_NOBODY where it is not there. */
uint8_t enrolment_find_person(const enrolment_t *enrolment, const char *name);
uint8_t enrolment_find_learned(const enrolment_t *enrolment, const char *name);

/* The index of a new name. ENROLMENT_NOBODY where there is no place left, where the name is there
 * already, or where it is none: 1 to 15 letters, digits, _ and -, and not "-" alone, which stands
 * for nobody in the serial protocol. */
uint8_t enrolment_add_person(enrolment_t *enrolment, const char *name);
uint8_t enrolment_add_learned(enrolment_t *enrolment, const char *name);

/* False where there is no place left, or its owner or class is not there. */
bool enrolment_add_centre(enrolment_t *enrolment, const enrolment_centre_t *centre);

/* Removes a name and its centres; those after it move down, and centres follow their owner or
 * class, as does who is recognized. False where the index is not there. */
bool enrolment_remove_person(enrolment_t *enrolment, uint8_t person);
bool enrolment_remove_learned(enrolment_t *enrolment, uint8_t learned);

/* Removes an owner's centres of a class; the owner may be ENROLMENT_NOBODY. False where there are
 * none. */
bool enrolment_remove_ways(enrolment_t *enrolment, uint8_t owner, uint8_t class_index);

#endif
