/* Plays a script on the emulated parts: words from standard input, one step after another.
 *
 *   add NAME, remove NAME   hts221, hs3003 or lps22hb
 *   calibrate B*16          of an HTS221, before it is added
 *   begin                   prints whether all is there, and the parts' name
 *   air T H P               what the parts will find, in their counts
 *   measure                 and asks every ms until there is an outcome: prints `READY T P H`,
 *                           `FAILED`, or `NONE` after a second; then what it took, in ms
 *   start US                begins a measurement that nobody asks about for so long
 *   hold, flaky N           faults */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "part.h"

#define ENOUGH_MS 1000

static environment_t environment;

static int32_t number(void) {
  int32_t value;
  if (scanf("%" SCNd32, &value) != 1) exit(EXIT_FAILURE);
  return value;
}

static const part_t *named(void) {
  char name[16];
  if (scanf("%15s", name) != 1) exit(EXIT_FAILURE);
  if (strcmp(name, "hts221") == 0) return &HTS221_PART;
  return strcmp(name, "hs3003") == 0 ? &HS3003_PART : &LPS22HB_PART;
}

static void add(void) { bus_add(named()); }

static void remove_part(void) { bus_remove(named()); }

static void calibrate(void) {
  for (size_t i = 0; i < sizeof calibration; i++) calibration[i] = (uint8_t)number();
}

static void begin(void) {
  environment_begin(&environment, &PART_BUS);
  const bool found = environment_find(&environment);
  printf("%d %s\n", found, found ? environment.name : "none");
}

static void set_air(void) {
  air.temperature = number();
  air.humidity = number();
  air.pressure = number();
}

static void measure(void) {
  reading_t reading = {0};
  reading_status_t status = READING_NONE;
  const uint64_t began_us = bus_now_us();
  environment_measure(&environment);
  for (int ms = 0; ms < ENOUGH_MS && status == READING_NONE; ms++) {
    status = environment_read(&environment, &reading);
    if (status == READING_NONE) bus_advance(1000);
  }
  if (status == READING_READY) {
    printf("READY %" PRId32 " %" PRId32 " %" PRId32, reading.value[READING_TEMPERATURE],
           reading.value[READING_PRESSURE], reading.value[READING_HUMIDITY]);
  } else {
    printf(status == READING_FAILED ? "FAILED" : "NONE");
  }
  printf(" %" PRIu64 "\n", (bus_now_us() - began_us) / 1000);
}

/* Three looks, so that every part has been told to measure. */
static void start(void) {
  reading_t reading;
  environment_measure(&environment);
  for (int i = 0; i < 3; i++) {
    (void)environment_read(&environment, &reading);
    bus_advance(5000);
  }
  bus_advance((uint32_t)number());
}

static void flaky(void) { bus_fail_every((uint32_t)number()); }

int main(void) {
  static const struct {
    const char *name;
    void (*run)(void);
  } steps[] = {{"add", add},     {"remove", remove_part}, {"calibrate", calibrate},
               {"begin", begin}, {"air", set_air},        {"measure", measure},
               {"start", start}, {"hold", bus_hold_low},  {"flaky", flaky}};
  bus_advance(1000000);
  char word[16];
  while (scanf("%15s", word) == 1) {
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
      if (strcmp(word, steps[i].name) == 0) steps[i].run();
    }
  }
  return EXIT_SUCCESS;
}
