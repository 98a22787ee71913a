/* Plays a script on the emulated parts: words from standard input, one step after another.
 *
 *   part NAME RATE_MILLIHZ   on the bus: lsm9ds1, bmi270 or none of a Nano, lsm6ds3 of a XIAO
 *   begin                prints whether it started, and the driver's name
 *   show V*6, numbers    what the part measures
 *   poll US STEP_US      reads every STEP_US; a line a sample: seq t_us value[6] made_us
 *   wait US              nobody reads
 *   unplug, plug, hold, jam, free   faults and their end
 *   flaky N              one of N transfers fails
 *   garble N BITS        the Nth write of one byte from now on arrives with these bits turned over
 *   corrupt              the firmware that is loaded is not the right one
 *   state                prints lost, the last status, the transfers so far and the longest call
 *                        to imu_read since the last state, in us */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imu.h"
#include "nano33ble_imu.h"
#include "part.h"
#include "xiao_imu.h"

static imu_t imu;
static uint8_t given[FIRMWARE_BYTES];
static sample_status_t status;
static uint64_t longest_us;
static bool is_xiao; /* else a Nano */

static int64_t number(void) {
  int64_t value;
  if (scanf("%" SCNd64, &value) != 1) exit(EXIT_FAILURE);
  return value;
}

static sample_status_t read_one(sample_t *sample) {
  const uint64_t began_us = bus_now_us();
  status = imu_read(&imu, sample);
  const uint64_t took_us = bus_now_us() - began_us;
  if (took_us > longest_us) longest_us = took_us;
  return status;
}

static void read_all(void) {
  sample_t sample;
  while (read_one(&sample) == SAMPLE_READY) {
    printf("%" PRIu32 " %" PRIu64, sample.seq, sample.t_us);
    for (int c = 0; c < SAMPLE_CHANNELS; c++) printf(" %" PRId32, sample.value[c]);
    printf(" %" PRIu64 "\n", bus_made_us(sample.seq));
  }
}

static void poll(void) {
  const uint64_t until_us = bus_now_us() + (uint64_t)number();
  const uint32_t step_us = (uint32_t)number();
  while (bus_now_us() < until_us) {
    bus_advance(step_us);
    read_all();
  }
}

static void plug(void) {
  char name[16];
  if (scanf("%15s", name) != 1) exit(EXIT_FAILURE);
  static const struct {
    const char *name;
    const part_t *part;
  } known[] = {{"lsm9ds1", &LSM9DS1_PART}, {"bmi270", &BMI270_PART}, {"lsm6ds3", &LSM6DS3_PART}};
  const part_t *part = NULL;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(name, known[i].name) == 0) part = known[i].part;
  }
  is_xiao = part == &LSM6DS3_PART;
  bus_plug(part, (uint32_t)number());
}

static void begin(void) {
  const bool started =
      is_xiao ? imu_begin(&imu, &PART_BUS, XIAO_IMU_PARTS, XIAO_IMU_PART_COUNT, NULL)
              : imu_begin(&imu, &PART_BUS, NANO33BLE_IMU_PARTS, NANO33BLE_IMU_PART_COUNT, given);
  bus_count_anew();
  printf("%d %s\n", started, imu.part != NULL ? imu.part->driver->name : "none");
}

static void show(void) {
  int16_t frame[6];
  for (int i = 0; i < 6; i++) frame[i] = (int16_t)number();
  bus_show(frame);
}

static void state(void) {
  printf("%" PRIu32 " %d %" PRIu32 " %" PRIu64 "\n", imu.lost, status, bus_transfers(), longest_us);
  longest_us = 0;
}

static void wait(void) { bus_advance((uint32_t)number()); }

static void flaky(void) { bus_fail_every((uint32_t)number()); }

static void garble(void) {
  const uint32_t write = (uint32_t)number();
  bus_garble(write, (uint8_t)number());
}

static void jam(void) { bus_jam(true); }

static void free_bus(void) { bus_jam(false); }

static void corrupt(void) { given[5000] ^= 1; }

int main(void) {
  static const struct {
    const char *name;
    void (*run)(void);
  } steps[] = {{"part", plug},
               {"begin", begin},
               {"show", show},
               {"poll", poll},
               {"wait", wait},
               {"unplug", bus_unplug},
               {"plug", bus_plug_again},
               {"hold", bus_hold_low},
               {"jam", jam},
               {"free", free_bus},
               {"numbers", bus_show_numbers},
               {"state", state},
               {"corrupt", corrupt},
               {"flaky", flaky},
               {"garble", garble}};
  for (uint32_t i = 0; i < FIRMWARE_BYTES; i++) given[i] = firmware[i] = (uint8_t)(i * 7 + i / 256);
  bus_advance(1000000);
  char word[16];
  while (scanf("%15s", word) == 1) {
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
      if (strcmp(word, steps[i].name) == 0) steps[i].run();
    }
  }
  return EXIT_SUCCESS;
}
