/* An enrolment, and a board whose flash is emulated: steps from standard input, see
 * test_enrolment.py. A process is one run of the board after another. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "emulated_flash.h"
#include "enrolment.h"
#include "enrolment_store.h"

static emulated_flash_t flash;
static uint32_t words[EMULATED_FLASH_WORDS];
static enrolment_t enrolment;
static bool is_stuck; /* the last word of what is written stays as it was */
static uint32_t feeds;

static const void *store_page(uint32_t page) { return emulated_flash_page(&flash, page); }

static bool store_erase(uint32_t page) { return emulated_flash_erase(&flash, page); }

static bool store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count) {
  return emulated_flash_write(&flash, page, offset, bytes, is_stuck ? count - 4 : count);
}

static void feed_watchdog(void) { feeds++; }

board_t board = {
    .store_pages = EMULATED_FLASH_PAGES,
    .feed_watchdog = feed_watchdog,
    .store_page = store_page,
    .store_erase = store_erase,
    .store_write = store_write,
};

static long number(void) {
  long value;
  if (scanf("%ld", &value) != 1) exit(EXIT_FAILURE);
  return value;
}

static const char *word(void) {
  static char text[2 * BOARD_STORE_PAGE_BYTES + 1];
  if (scanf("%8192s", text) != 1) exit(EXIT_FAILURE);
  return text;
}

static size_t read_hex(void *bytes) {
  const char *hex = word();
  size_t count = 0;
  for (unsigned byte; sscanf(hex + 2 * count, "%2x", &byte) == 1; count++) {
    ((uint8_t *)bytes)[count] = (uint8_t)byte;
  }
  return count;
}

static void print_hex(void) {
  for (size_t i = 0; i < sizeof enrolment; i++) printf("%02x", ((const uint8_t *)&enrolment)[i]);
  printf("\n");
}

static enrolment_centre_t read_centre(void) {
  enrolment_centre_t centre;
  centre.owner = (uint8_t)number();
  centre.class_index = (uint8_t)number();
  centre.sharpness = (uint16_t)number();
  memset(centre.centre, (int)number(), sizeof centre.centre);
  return centre;
}

static void add_centre(void) {
  const enrolment_centre_t centre = read_centre();
  printf("%d\n", enrolment_add_centre(&enrolment, &centre));
}

static void restart(void) { emulated_flash_begin(&flash, words); }

/* Something else each time, valid. */
static void change(enrolment_t *to, uint32_t step) {
  enrolment_clear(to);
  char name[ENROLMENT_NAME];
  for (uint32_t person = 0; person < 1 + step % ENROLMENT_PEOPLE; person++) {
    snprintf(name, sizeof name, "%" PRIu32 "-%" PRIu32, step, person);
    to->person = enrolment_add_person(to, name);
  }
  for (uint32_t i = 0; i < step % (ENROLMENT_CENTRES + 1); i++) {
    enrolment_centre_t centre = {.owner = to->person, .sharpness = (uint16_t)rand()};
    for (int d = 0; d < ENROLMENT_DIMENSIONS; d++) centre.centre[d] = (int8_t)(rand() % 256 - 128);
    enrolment_add_centre(to, &centre);
  }
}

/* Saves over and over, with power lost after some bytes, prints how often the old or the new one
 * was there after the restart, or ends where it was neither. */
static void cut_power(uint32_t cuts) {
  enrolment_t old, new;
  uint32_t olds = 0, news = 0, finished = 0;
  enrolment_store_load(&old);
  for (uint32_t cut = 0; cut < cuts; cut++) {
    change(&new, cut);
    flash.power_bytes = (uint64_t)rand() % (BOARD_STORE_PAGE_BYTES + sizeof new + 400);
    const bool is_saved = enrolment_store_save(&new);
    finished += flash.power_bytes > 0;
    const uint32_t noise = flash.noise;
    restart();
    flash.noise = noise;
    enrolment_store_load(&enrolment);
    const bool is_new = memcmp(&enrolment, &new, sizeof new) == 0;
    const bool is_old = memcmp(&enrolment, &old, sizeof old) == 0;
    if (is_new == is_old || (is_saved && !is_new)) {
      printf("lost at cut %" PRIu32 "\n", cut);
      return;
    }
    olds += is_old;
    news += is_new;
    old = enrolment;
  }
  printf("%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", olds, news, finished);
}

static void save(void) {
  feeds = 0;
  const bool is_saved = enrolment_store_save(&enrolment);
  printf("%d %" PRIu32 " %" PRIu32 "\n", is_saved, enrolment.number, feeds);
}

static void print_number(long value) { printf("%ld\n", value); }

static void set(void) { read_hex(&enrolment); }
static void clear(void) { enrolment_clear(&enrolment); }
static void seal(void) { enrolment_seal(&enrolment); }
static void check(void) { print_number(enrolment_check(&enrolment)); }
static void is_active(void) { print_number(enrolment_is_active(&enrolment)); }
static void choose(void) { enrolment.person = (uint8_t)number(); }
static void add_person(void) { print_number(enrolment_add_person(&enrolment, word())); }
static void add_learned(void) { print_number(enrolment_add_learned(&enrolment, word())); }
static void find_person(void) { print_number(enrolment_find_person(&enrolment, word())); }
static void find_learned(void) { print_number(enrolment_find_learned(&enrolment, word())); }

static void remove_person(void) {
  print_number(enrolment_remove_person(&enrolment, (uint8_t)number()));
}

static void remove_learned(void) {
  print_number(enrolment_remove_learned(&enrolment, (uint8_t)number()));
}

static void load(void) { enrolment_store_load(&enrolment); }
static void sticks(void) { is_stuck = true; }
static void has_no_flash(void) { board.store_pages = 0; }
static void erase(void) { print_number(store_erase((uint32_t)number())); }

/* What lies on a page, whatever wrote it. */
static void put_page(void) {
  const long page = number();
  read_hex((uint8_t *)words + page * (long)BOARD_STORE_PAGE_BYTES);
}

static void write_flash(void) {
  const uint32_t page = (uint32_t)number(), offset = (uint32_t)number();
  uint8_t bytes[BOARD_STORE_PAGE_BYTES];
  const size_t count = read_hex(bytes);
  const bool is_written = emulated_flash_write(&flash, page, offset, bytes, count);
  const uint32_t place = page * BOARD_STORE_PAGE_BYTES + offset;
  printf("%d %08" PRIx32 "\n", is_written, words[place / 4 % EMULATED_FLASH_WORDS]);
}

static void cut(void) {
  srand((unsigned)number());
  cut_power((uint32_t)number());
}

static void step(const char *name) {
  static const struct {
    const char *name;
    void (*run)(void);
  } steps[] = {
      {"set", set},
      {"clear", clear},
      {"seal", seal},
      {"print", print_hex},
      {"check", check},
      {"active", is_active},
      {"choose", choose},
      {"person", add_person},
      {"learned", add_learned},
      {"centre", add_centre},
      {"find-person", find_person},
      {"find-learned", find_learned},
      {"remove-person", remove_person},
      {"remove-learned", remove_learned},
      {"load", load},
      {"save", save},
      {"restart", restart},
      {"page", put_page},
      {"stuck", sticks},
      {"no-flash", has_no_flash},
      {"erase", erase},
      {"write", write_flash},
      {"cut", cut},
  };
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    if (strcmp(name, steps[i].name) == 0) {
      steps[i].run();
      return;
    }
  }
  exit(EXIT_FAILURE);
}

int main(void) {
  char name[16];
  restart();
  while (scanf("%15s", name) == 1) step(name);
  return EXIT_SUCCESS;
}
