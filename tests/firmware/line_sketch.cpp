/* In place of main.cpp: answers each line `N` with a line of N bytes, its end included, that begins
 * with N. */
#include <Arduino.h>

#include "usb_port.h"

static transmitter_t transmitter;
static size_t wanted = 0;

static void answer() {
  static char line[1024];
  for (size_t i = 0; i + 1 < wanted; i++) line[i] = static_cast<char>('a' + i % 26);
  char digits[8];
  size_t count = 0;
  for (size_t rest = wanted; rest > 0; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  for (size_t i = 0; i < count && i + 1 < wanted; i++) line[i] = digits[count - 1 - i];
  line[wanted - 1] = '\n';
  transmitter_write(&transmitter, line, wanted);
  wanted = 0;
}

extern "C" {

void setup(void) { transmitter_begin(&transmitter, &USB_PORT, 50000); }

void loop(void) {
  const int byte = usb_port_read();
  if (byte == '\n') {
    answer();
  } else if (byte >= 0) {
    wanted = 10 * wanted + static_cast<size_t>(byte - '0');
  } else {
    transmitter_poll(&transmitter);
    delay(1);
  }
}
}
