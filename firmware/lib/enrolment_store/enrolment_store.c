#include "enrolment_store.h"

#include <string.h>

#include "board.h"

enum { PAGES = 2 };

static_assert(sizeof(enrolment_t) <= BOARD_STORE_PAGE_BYTES, "an enrolment is one page");
static_assert(sizeof(enrolment_t) % 4 == 0, "the flash takes whole words");

/* The valid copy on a page, NULL where there is none. */
static const enrolment_t *copy_on(uint32_t page) {
  if (board.store_pages < PAGES) return NULL;
  const enrolment_t *copy = board.store_page(page);
  return enrolment_check(copy) == ENROLMENT_VALID ? copy : NULL;
}

/* Numbers wrap: the newer one is at most half of them ahead. */
static bool is_newer(const enrolment_t *copy, const enrolment_t *than) {
  return than == NULL || copy->number - than->number < UINT32_C(1) << 31;
}

/* The page with the newest valid copy, PAGES where there is none. */
static uint32_t newest_page(void) {
  const enrolment_t *newest = NULL;
  uint32_t newest_on = PAGES;
  for (uint32_t page = 0; page < PAGES; page++) {
    const enrolment_t *copy = copy_on(page);
    if (copy == NULL || !is_newer(copy, newest)) continue;
    newest = copy;
    newest_on = page;
  }
  return newest_on;
}

void enrolment_store_load(enrolment_t *enrolment) {
  const uint32_t page = newest_page();
  if (page == PAGES) {
    enrolment_clear(enrolment);
    return;
  }
  memcpy(enrolment, board.store_page(page), sizeof *enrolment);
}

/* Erasing a page may take 85 ms (nRF52840), all the words of an enrolment 38 ms. */
static bool write_page(uint32_t page, const enrolment_t *enrolment) {
  board.feed_watchdog();
  if (!board.store_erase(page)) return false;
  board.feed_watchdog();
  const bool is_written = board.store_write(page, 0, enrolment, sizeof *enrolment);
  board.feed_watchdog();
  return is_written && memcmp(board.store_page(page), enrolment, sizeof *enrolment) == 0;
}

bool enrolment_store_save(enrolment_t *enrolment) {
  if (board.store_pages < PAGES) return false;
  const uint32_t newest = newest_page();
  const enrolment_t *copy = newest < PAGES ? board.store_page(newest) : NULL;
  enrolment->number = copy != NULL ? copy->number + 1 : 1;
  enrolment_seal(enrolment);
  if (enrolment_check(enrolment) != ENROLMENT_VALID) return false;
  return write_page(newest == 0 ? 1 : 0, enrolment);
}
