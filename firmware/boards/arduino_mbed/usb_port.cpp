#include "usb_port.h"

#include <Arduino.h>
#include <USB/PluggableUSBSerial.h>

#include "board_time.h"

namespace {

/* The core sends no packet of zero bytes to end a transfer, so a full packet (64 bytes) may stay in
 * the host's driver until more follows: none of ours is full. */
const uint32_t PACKET_BYTES = 63;
const uint32_t FLUSH_LIMIT_US = 100000;
const unsigned long HAND_ON_MS = 50; /* for the host's driver to hand on what it has */

/* Takes nothing while the packet before waits for the host. */
size_t send(const char *bytes, size_t count) {
  uint32_t taken = 0;
  const uint32_t packet = count < PACKET_BYTES ? static_cast<uint32_t>(count) : PACKET_BYTES;
  _SerialUSB.send_nb(reinterpret_cast<uint8_t *>(const_cast<char *>(bytes)), packet, &taken);
  return taken;
}

bool is_connected() { return _SerialUSB.connected(); }

void wait() { delay(1); }

/* A byte is accepted once the packet before it has been collected; this one is not sent off. */
bool is_collected() {
  uint8_t unsent = '\n';
  uint32_t taken = 0;
  _SerialUSB.send_nb(&unsent, sizeof unsent, &taken, false);
  return taken > 0;
}

}  // namespace

const transmitter_port_t USB_PORT = {send, is_connected, wait, board_now_us};

int usb_port_read() { return _SerialUSB.available() > 0 ? _SerialUSB.read() : -1; }

void usb_port_flush() {
  const uint64_t begin_us = board_now_us();
  while (is_connected() && !is_collected() && board_now_us() - begin_us < FLUSH_LIMIT_US) wait();
  delay(HAND_ON_MS);
}
