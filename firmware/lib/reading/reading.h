/* One reading of the board's environment, in integers, the same on every board. */
#ifndef READING_H
#define READING_H

#include <stdint.h>

enum { READING_TEMPERATURE, READING_PRESSURE, READING_HUMIDITY, READING_VALUES };

typedef struct {
  uint32_t seq;                  /* counts the periods, also those without a reading */
  uint64_t t_us;                 /* board time at which its measurement began */
  int32_t value[READING_VALUES]; /* thousandths: of a degC, of a hPa, of a percent */
} reading_t;

/* What asking for the outcome of a measurement gives. */
typedef enum {
  READING_NONE,   /* it is still under way */
  READING_READY,  /* one reading was written to `out` */
  READING_FAILED, /* it gave nothing; the next may */
  READING_ENDED,  /* there will be none any more: the recording has ended */
} reading_status_t;

#endif
