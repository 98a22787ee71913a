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

uint32_t crc32(uint32_t crc, const void *data, size_t length) {
  /* What four zero bits more make of a remainder with these four bits in front. */
  static const uint32_t folded[16] = {
      0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
      0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
      0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
  };
  const uint8_t *byte = data;
  crc = ~crc;
  for (size_t i = 0; i < length; i++) {
    crc ^= byte[i];
    crc = (crc >> 4) ^ folded[crc & 15];
    crc = (crc >> 4) ^ folded[crc & 15];
  }
  return ~crc;
}
