#include "flash_store.h"

#include <nrf.h>
#include <string.h>

#include "arduino_board.h"
#include "board_time.h"

extern "C" {
#include "board.h"

/* Of the core's linker script: what is copied to `data` lies in the flash from __etext on, and ends
 * the image. */
extern const uint8_t __etext[], __data_start__[], __data_end__[];
}

namespace {

const uint32_t PAGES = 2;
const uint32_t WORD_BYTES = 4;
const uint64_t LIMIT_US = 200000; /* erasing takes 85 ms, a word 41 us (nRF52840 PS, NVMC) */

uintptr_t address_of(uint32_t page) {
  const uintptr_t end = ARDUINO_BOARD.image_address + ARDUINO_BOARD.image_room_bytes;
  return end - (PAGES - page) * BOARD_STORE_PAGE_BYTES;
}

uintptr_t end_of_image() {
  const uintptr_t data_bytes =
      reinterpret_cast<uintptr_t>(__data_end__) - reinterpret_cast<uintptr_t>(__data_start__);
  return reinterpret_cast<uintptr_t>(__etext) + data_bytes;
}

/* The processor stands still meanwhile where it runs from the flash. */
bool becomes_ready() {
  const uint64_t began_us = board_now_us();
  while (NRF_NVMC->READY != NVMC_READY_READY_Ready) {
    if (board_now_us() - began_us > LIMIT_US) return false;
  }
  return true;
}

/* While the controller is not set to read, the instruction cache is off: it never stays so. */
template <typename Work>
bool with_controller(uint32_t mode, Work work) {
  if (!becomes_ready()) return false;
  NRF_NVMC->CONFIG = mode;
  const bool worked = work();
  NRF_NVMC->CONFIG = NVMC_CONFIG_WEN_Ren;
  return worked;
}

bool write_words(uintptr_t address, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i += WORD_BYTES) {
    uint32_t word;
    memcpy(&word, bytes + i, sizeof word);
    *reinterpret_cast<volatile uint32_t *>(address + i) = word;
    __DMB(); /* the controller is asked only after it has the word */
    if (!becomes_ready()) return false;
  }
  return true;
}

}  // namespace

uint32_t flash_store_pages() { return end_of_image() <= address_of(0) ? PAGES : 0; }

const void *flash_store_page(uint32_t page) {
  return reinterpret_cast<const void *>(address_of(page));
}

bool flash_store_erase(uint32_t page) {
  if (page >= flash_store_pages()) return false;
  return with_controller(NVMC_CONFIG_WEN_Een, [=] {
    NRF_NVMC->ERASEPAGE = static_cast<uint32_t>(address_of(page));
    return becomes_ready();
  });
}

bool flash_store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count) {
  if (page >= flash_store_pages() || offset % WORD_BYTES != 0 || count % WORD_BYTES != 0) {
    return false;
  }
  if (offset > BOARD_STORE_PAGE_BYTES || count > BOARD_STORE_PAGE_BYTES - offset) return false;
  return with_controller(NVMC_CONFIG_WEN_Wen, [=] {
    return write_words(address_of(page) + offset, static_cast<const uint8_t *>(bytes), count);
  });
}
