/* The last two pages of the flash that is the application's: what a board keeps.
 *
 * No bootloader and no core uses them. On the Nano 33 BLE they end with the flash, at 0x100000; on
 * the XIAO at 0xED000, where the file system of other cores begins, and the bootloader and its
 * settings lie after that. An upload erases only the pages that its image covers. */
#ifndef FLASH_STORE_H
#define FLASH_STORE_H

#include <stddef.h>
#include <stdint.h>

/* 0 where the image reaches into them. */
uint32_t flash_store_pages();

/* As in board.h. */
const void *flash_store_page(uint32_t page);
bool flash_store_erase(uint32_t page);
bool flash_store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count);

#endif
