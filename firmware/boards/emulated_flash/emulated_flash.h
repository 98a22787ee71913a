/* Two pages of flash in memory, as unkind as those of an nRF52840 (Product Specification, NVMC):
 * erasing sets all bits of a page, a write takes whole words and only clears bits, and no word may
 * be written a third time between erases. Used by the virtual and the native board.
 *
 * Power can be made to fail: the word that was being written is then torn, a page that was being
 * erased holds anything, and nothing works until the next start. */
#ifndef EMULATED_FLASH_H
#define EMULATED_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

#define EMULATED_FLASH_PAGES 2u
#define EMULATED_FLASH_BYTES (EMULATED_FLASH_PAGES * BOARD_STORE_PAGE_BYTES)
#define EMULATED_FLASH_WORDS (EMULATED_FLASH_BYTES / 4u)

typedef struct {
  uint32_t *words;                      /* [EMULATED_FLASH_WORDS], which outlast a restart */
  uint8_t writes[EMULATED_FLASH_WORDS]; /* of each word since it was erased */
  uint64_t power_bytes;                 /* that can be erased or written before power fails */
  uint32_t noise;                       /* of what a power failure leaves */
} emulated_flash_t;

/* A start with power that does not fail, on what the memory holds. How often a word was written
 * before is not known then: one that is not blank takes no more. */
void emulated_flash_begin(emulated_flash_t *flash, uint32_t *words);

const void *emulated_flash_page(const emulated_flash_t *flash, uint32_t page);

/* As those of board_t. */
bool emulated_flash_erase(emulated_flash_t *flash, uint32_t page);
bool emulated_flash_write(emulated_flash_t *flash, uint32_t page, uint32_t offset,
                          const void *bytes, size_t count);

#endif
