/* CRC-16/CCITT: polynomial 0x1021, most significant bit first, no reflection, no final xor. */
#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC16_START 0xFFFFu

/* Continues `crc`, CRC16_START at first, over `length` bytes. */
uint16_t crc16(uint16_t crc, const void *data, size_t length);

#endif
