#include "crc.h"

uint16_t crc16(uint16_t crc, const void *data, size_t length) {
  const uint8_t *byte = data;
  for (size_t i = 0; i < length; i++) {
    /* A byte at a time without a table: the shifts below are the polynomial, folded. */
    uint8_t x = (uint8_t)((crc >> 8) ^ byte[i]);
    x = (uint8_t)(x ^ (x >> 4));
    crc = (uint16_t)((crc << 8) ^ (x << 12) ^ (x << 5) ^ x);
  }
  return crc;
}
