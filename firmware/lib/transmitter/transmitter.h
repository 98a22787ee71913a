/* Lines to a host that may stop reading, or go away, in the middle of one.
 *
 * A host that stalls is waited for a short while, once; after that lines are dropped until it
 * reads again. A line of which only a part was sent is ended and marked as cut before anything
 * else is sent, so that no part of a line passes for a whole one, and two lines never run into
 * one. */
#ifndef TRANSMITTER_H
#define TRANSMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRANSMITTER_LIMITS_A_PIECE 4 /* to wait for a host that takes little at a time */
#define TRANSMITTER_CUT "\x18\n"     /* ASCII CAN: what stands before it in the line is void */

/* What the transmitter needs of a board's serial port. */
typedef struct {
  /* Takes as many of the bytes as there is room for now; how many. Never waits. */
  size_t (*send)(const char *bytes, size_t count);
  /* Whether a host has the port open. */
  bool (*is_connected)(void);
  /* Sleeps until there may be room again, at most 2 ms. */
  void (*wait)(void);
  uint64_t (*now_us)(void);
} transmitter_port_t;

typedef struct {
  const transmitter_port_t *port;
  uint32_t limit_us; /* to wait for a host that takes nothing */
  bool host_stalls;  /* the last wait was in vain */
  bool is_in_line;   /* the last byte sent was not a line's end */
  bool is_dropping;  /* what is left of a line that could not be sent whole */
  bool is_cut;       /* a part of it was sent: the mark is due */
} transmitter_t;

void transmitter_begin(transmitter_t *transmitter, const transmitter_port_t *port,
                       uint32_t limit_us);

/* Sends a line, or the next piece of one; a line ends with the piece that ends with '\n'. Waits
 * `limit_us` at most for a host that takes nothing, TRANSMITTER_LIMITS_A_PIECE times as long for
 * one that takes little, and not at all where no host is connected or where it stalls already.
 * False where the piece was not sent whole: then the rest of its line is dropped too. */
bool transmitter_write(transmitter_t *transmitter, const char *text, size_t length);

/* To be called while there is nothing to send: marks a line that was cut once the host reads. */
void transmitter_poll(transmitter_t *transmitter);

#endif
