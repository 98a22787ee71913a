/* Checksums: 16 bits over what memory holds, 32 bits over what a serial line may garble. */
#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC16_START 0xFFFFu

/* CRC-16/CCITT: polynomial 0x1021, most significant bit first, no reflection, no final xor.
 * Continues `crc`, CRC16_START at first, over `length` bytes. */
uint16_t crc16(uint16_t crc, const void *data, size_t length);

/* CRC-32 as in Ethernet, zip and zlib: polynomial 0x04C11DB7, reflected, inverted at both ends.
 * Continues `crc`, 0 at first, over `length` bytes. */
uint32_t crc32(uint32_t crc, const void *data, size_t length);

#endif
