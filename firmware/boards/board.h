/* What the application needs of a board: a struct of functions, one folder a port. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reading.h"
#include "sample.h"

#define BOARD_STORE_PAGE_BYTES 4096u

typedef struct {
  const char *name;        /* "virtual", "native", "nano33ble" */
  const char *imu;         /* the part found so far, or "none" */
  const char *environment; /* the parts for temperature, pressure and humidity, so far, or "none" */
  const char *revision;    /* of the board, as far as it is known */
  uint32_t tick_hz;        /* rate of ticks() */
  uint32_t sensor_millihz; /* samples per 1000 s that the sensor is set to; 0 without one */
  uint32_t stream_millihz; /* to which its samples are brought before all else; 0: as they come */
  uint32_t store_pages;    /* pages of flash that keep what is saved; 0 where it has none */

  /* Starts the hardware. False where the sensor does not answer: the app runs on, and a port looks
   * for it again. `imu` and the rates may change while samples are read. */
  bool (*begin)(void);
  /* The oldest sample not yet read. Never waits. */
  sample_status_t (*read_sample)(sample_t *out);
  /* Samples the board had to drop because nobody read them in time. */
  uint32_t (*overruns)(void);
  /* Looks for the environment's parts where they are not known yet; whether they are now. */
  bool (*find_environment)(void);
  /* Begins to measure the environment, where its parts are known. Never waits. */
  void (*measure)(void);
  /* What came of it; all but `seq` is written. Never waits. */
  reading_status_t (*read_environment)(reading_t *out);
  uint64_t (*now_us)(void);
  /* A free-running counter for measuring how long work takes; wraps. */
  uint32_t (*ticks)(void);
  /* Sends a line or a piece of one, as transmitter_write does; waits for a host that takes nothing,
   * 50 ms at most. */
  bool (*write)(const char *text, size_t length);
  /* The next received byte, -1 where there is none. Never waits. */
  int (*read_byte)(void);
  /* Sleeps until something may have happened, at most 10 ms. */
  void (*idle)(void);
  void (*feed_watchdog)(void);
  /* What made the board restart by itself, as words for `warn fault`; NULL after a plain start. */
  const char *(*restart_fault)(void);
  /* Bytes of stack never used since the start; 0 where that is not known. */
  uint32_t (*stack_unused)(void);
  /* Copies a piece of the image that runs, as it was uploaded. False outside its memory. */
  bool (*read_image)(uint32_t offset, void *bytes, size_t count);
  /* The bytes of such a page as they lie in the flash. */
  const void *(*store_page)(uint32_t page);
  /* Sets all bits of a page; may take 85 ms. False where it failed: the page may hold anything. */
  bool (*store_erase)(uint32_t page);
  /* Writes whole words, `offset` and `count` multiples of 4: bits can only be cleared, and no word
   * may be written a third time between erases. False where it failed. */
  bool (*store_write)(uint32_t page, uint32_t offset, const void *bytes, size_t count);
  void (*reboot)(void);
} board_t;

/* Every port defines exactly one. */
extern board_t board;

#endif
