#include "transmitter.h"

void transmitter_begin(transmitter_t *transmitter, const transmitter_port_t *port,
                       uint32_t limit_us) {
  *transmitter = (transmitter_t){.port = port, .limit_us = limit_us};
}

/* Whether to try again, after a try at `now_us` of which the host took nothing. */
static bool is_worth_waiting(transmitter_t *transmitter, uint64_t start_us, uint64_t taken_us,
                             uint64_t now_us) {
  const uint64_t limit_us = transmitter->limit_us;
  const uint64_t piece_us = TRANSMITTER_LIMITS_A_PIECE * limit_us;
  if (now_us - taken_us >= limit_us || now_us - start_us >= piece_us) {
    transmitter->host_stalls = true;
  }
  if (!transmitter->host_stalls) transmitter->port->wait();
  return !transmitter->host_stalls;
}

/* How many bytes were sent. A host that takes some of them reads again. The time is that before a
 * try: one who was kept from trying for long, by whatever else runs, must not blame the host. */
static size_t send(transmitter_t *transmitter, const char *text, size_t length, uint64_t start_us) {
  const transmitter_port_t *port = transmitter->port;
  uint64_t taken_us = start_us; /* when the host took something last */
  size_t sent = 0;
  while (sent < length) {
    if (!port->is_connected()) {
      transmitter->host_stalls = false; /* whoever comes next is waited for */
      break;
    }
    const uint64_t now_us = port->now_us();
    const size_t taken = port->send(text + sent, length - sent);
    sent += taken;
    if (taken > 0) {
      transmitter->host_stalls = false;
      taken_us = now_us;
    } else if (!is_worth_waiting(transmitter, start_us, taken_us, now_us)) {
      break;
    }
  }
  return sent;
}

/* Half a mark voids its line as well as a whole one does, and may come twice. */
static bool send_mark(transmitter_t *transmitter, uint64_t start_us) {
  static const char mark[] = TRANSMITTER_CUT;
  const size_t length = sizeof mark - 1;
  if (send(transmitter, mark, length, start_us) < length) return false;
  transmitter->is_cut = transmitter->is_in_line = false;
  return true;
}

static bool send_piece(transmitter_t *transmitter, const char *text, size_t length) {
  const uint64_t start_us = transmitter->port->now_us();
  if (transmitter->is_cut && !send_mark(transmitter, start_us)) return false;
  const size_t sent = send(transmitter, text, length, start_us);
  if (sent > 0) transmitter->is_in_line = sent < length || text[length - 1] != '\n';
  return sent == length;
}

bool transmitter_write(transmitter_t *transmitter, const char *text, size_t length) {
  if (length == 0) return !transmitter->is_dropping;
  const bool was_sent = !transmitter->is_dropping && send_piece(transmitter, text, length);
  if (!was_sent) {
    transmitter->is_cut = transmitter->is_in_line;
    transmitter->is_dropping = text[length - 1] != '\n';
  }
  return was_sent;
}

void transmitter_poll(transmitter_t *transmitter) {
  const bool is_due = transmitter->is_cut && !transmitter->is_dropping;
  if (is_due) (void)send_mark(transmitter, transmitter->port->now_us());
}
