/* Environment sensors that live in memory: a series that the host put there before the board
 * starts. Used by the virtual and the native board.
 *
 * All numbers are little endian. A header of 32 bytes is followed by records of 32 bytes:
 *
 *   header: u32 magic "ENV1" = 0x31564E45, u32 version = 1, u32 count, u32 period_ms, 16 bytes 0
 *   record: u32 t_us_low, u32 t_us_high, i32 value[3] (thousandths, as in reading_t), 12 bytes 0
 *
 * A measurement gives the record that is nearest to it in time, where the first measurement is at
 * the time of the first record. Where none is within three quarters of a period the series has a
 * hole, and a measurement gives nothing. */
#ifndef EMULATED_ENVIRONMENT_H
#define EMULATED_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "reading.h"

#define EMULATED_ENVIRONMENT_BYTES (1u << 20)
#define EMULATED_ENVIRONMENT_RECORD_BYTES 32u

typedef struct {
  const volatile uint32_t *memory; /* EMULATED_ENVIRONMENT_BYTES; NULL where there is none */
  bool started;
  bool ended;
  bool measuring;
  uint32_t nearest;    /* record */
  uint64_t start_us;   /* board time of the first measurement */
  uint64_t measure_us; /* of the newest */
} emulated_environment_t;

/* Bytes of the memory that the header and its `count` say are in use. */
uint64_t emulated_environment_used_bytes(const volatile void *memory);

/* False where the memory holds no series. */
bool emulated_environment_begin(emulated_environment_t *environment, const volatile void *memory);

void emulated_environment_measure(emulated_environment_t *environment, uint64_t now_us);

/* Whether a series that was started has had the time to be told of whole, and of its end, even
 * where nobody measures any more. */
bool emulated_environment_is_past(const emulated_environment_t *environment, uint64_t now_us);

/* All but `seq` is written. */
reading_status_t emulated_environment_read(emulated_environment_t *environment, reading_t *out);

#endif
