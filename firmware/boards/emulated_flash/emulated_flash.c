#include "emulated_flash.h"

#include <string.h>

#define BLANK UINT32_MAX
#define WORD_BYTES 4u
#define PAGE_WORDS (BOARD_STORE_PAGE_BYTES / WORD_BYTES)
#define MOST_WRITES 2u /* nRF52840, n_WRITE */

void emulated_flash_begin(emulated_flash_t *flash, uint32_t *words) {
  flash->words = words;
  flash->power_bytes = UINT64_MAX;
  flash->noise = 1;
  for (uint32_t i = 0; i < EMULATED_FLASH_WORDS; i++) {
    flash->writes[i] = words[i] == BLANK ? 0 : MOST_WRITES;
  }
}

const void *emulated_flash_page(const emulated_flash_t *flash, uint32_t page) {
  return &flash->words[page * PAGE_WORDS];
}

/* Numerical Recipes' generator; its upper bits are the better ones. */
static uint32_t noise(emulated_flash_t *flash) {
  flash->noise = flash->noise * 1664525u + 1013904223u;
  return flash->noise ^ flash->noise >> 16;
}

/* Whether power lasts for so many bytes more. */
static bool has_power(emulated_flash_t *flash, uint32_t bytes) {
  const bool lasts = flash->power_bytes >= bytes;
  flash->power_bytes = lasts ? flash->power_bytes - bytes : 0;
  return lasts;
}

bool emulated_flash_erase(emulated_flash_t *flash, uint32_t page) {
  if (page >= EMULATED_FLASH_PAGES || flash->power_bytes == 0) return false;
  const bool is_whole = has_power(flash, BOARD_STORE_PAGE_BYTES);
  for (uint32_t i = page * PAGE_WORDS; i < (page + 1) * PAGE_WORDS; i++) {
    flash->words[i] = is_whole ? BLANK : noise(flash);
    flash->writes[i] = is_whole ? 0 : MOST_WRITES;
  }
  return is_whole;
}

static bool write_word(emulated_flash_t *flash, uint32_t index, uint32_t word) {
  if (flash->power_bytes == 0 || flash->writes[index] == MOST_WRITES) return false;
  const bool is_whole = has_power(flash, WORD_BYTES);
  flash->words[index] &= is_whole ? word : word | noise(flash);
  flash->writes[index]++;
  return is_whole;
}

bool emulated_flash_write(emulated_flash_t *flash, uint32_t page, uint32_t offset,
                          const void *bytes, size_t count) {
  if (page >= EMULATED_FLASH_PAGES || offset % WORD_BYTES != 0 || count % WORD_BYTES != 0) {
    return false;
  }
  if (offset > BOARD_STORE_PAGE_BYTES || count > BOARD_STORE_PAGE_BYTES - offset) return false;
  const uint32_t first = page * PAGE_WORDS + offset / WORD_BYTES;
  for (uint32_t i = 0; i < count / WORD_BYTES; i++) {
    uint32_t word;
    memcpy(&word, (const uint8_t *)bytes + i * WORD_BYTES, sizeof word);
    if (!write_word(flash, first + i, word)) return false;
  }
  return true;
}
