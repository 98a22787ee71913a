/* The product's loop as a Nano 33 BLE Sense runs it: with the drivers of its IMU on an emulated
 * part (PART, at RATE_MILLIHZ), streaming and classifying. count_plugin.c counts what it executes.
 *
 * Time is the emulated bus's. What the real board does otherwise is in functions called load_*, so
 * that it can be left out: here it is only counted. After MEASURED_US a line says how much of it
 * there was. */
#include <string.h>

#include "app.h"
#include "board.h"
#include "imu.h"
#include "line.h"
#include "nano33ble_imu.h"
#include "part.h"

#define SETTLE_US 5000000u
#define MEASURED_US 20000000u
#define IDLE_US 1000u         /* delay(1) of the Arduino core */
#define STREAM_MILLIHZ 119000 /* as in boards/nano33ble */
#define GUARD_TIMES 2u        /* that the board asks for the time around a transfer */
#define PACKET_BYTES 63u      /* of USB at most */
#define CLOCKS_A_BYTE 9u      /* eight bits and the acknowledgement */
#define CLOCKS_A_READ 3u      /* start, repeated start, stop */
#define CLOCKS_A_WRITE 2u
#define READ_OVERHEAD 3u /* bytes: address, register, address again */
#define WRITE_OVERHEAD 2u

static imu_t imu;
static const char command[] = "stream on\n";
static size_t command_sent;
static struct {
  uint32_t polls, idles, clocks, transfers, times, lines, bytes, packets;
} count;

static bool load_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t length) {
  count.transfers++;
  count.times += GUARD_TIMES;
  count.clocks += (READ_OVERHEAD + length) * CLOCKS_A_BYTE + CLOCKS_A_READ;
  return PART_BUS.read(address, reg, bytes, length);
}

static bool load_bus_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t length) {
  count.transfers++;
  count.times += GUARD_TIMES;
  count.clocks += (WRITE_OVERHEAD + length) * CLOCKS_A_BYTE + CLOCKS_A_WRITE;
  return PART_BUS.write(address, reg, bytes, length);
}

static uint64_t load_now_us(void) {
  count.times++;
  return bus_now_us();
}

static i2c_bus_t bus;

static bool load_begin(void) {
  static uint8_t part_firmware[FIRMWARE_BYTES];
  static const int16_t frame[6] = {812, -4211, 7950, -310, 1255, -72};
  bus = PART_BUS;
  bus.read = load_read;
  bus.write = load_bus_write;
  bus.now_us = load_now_us;
  bus_plug(&PART, RATE_MILLIHZ);
  bus_show(frame);
  const bool started =
      imu_begin(&imu, &bus, NANO33BLE_IMU_PARTS, NANO33BLE_IMU_PART_COUNT, part_firmware);
  board.sensor_millihz = imu.part->driver->rate_millihz;
  board.stream_millihz = STREAM_MILLIHZ;
  return started;
}

static sample_status_t read_sample(sample_t *out) { return imu_read(&imu, out); }

static uint32_t overruns(void) { return imu.lost; }

static bool load_write(const char *text, size_t length) {
  (void)text;
  count.lines++;
  count.bytes += (uint32_t)length;
  count.packets += (uint32_t)((length + PACKET_BYTES - 1) / PACKET_BYTES);
  return true;
}

static int load_read_byte(void) {
  return command[command_sent] != '\0' ? command[command_sent++] : -1;
}

static void load_idle(void) {
  count.idles++;
  bus_advance(IDLE_US);
}

static void (*feed)(void);
static void load_feed_watchdog(void) { feed(); }

/* By itself, so that it can be told from settling. */
__attribute__((noinline)) void measured_poll(void) {
  app_poll();
  __asm volatile("" ::: "memory");
}

static void add(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_number(line, value);
}

static void print_counts(bool (*write)(const char *, size_t)) {
  static line_t line;
  line_start(&line, "load");
  add(&line, " polls=", count.polls);
  add(&line, " idles=", count.idles);
  add(&line, " clocks=", count.clocks);
  add(&line, " transfers=", count.transfers);
  add(&line, " times=", count.times);
  add(&line, " lines=", count.lines);
  add(&line, " bytes=", count.bytes);
  add(&line, " packets=", count.packets);
  add(&line, " samples=", imu.next_seq);
  line_end(&line);
  write(line.text, line.length);
}

int main(void) {
  bool (*const write)(const char *, size_t) = board.write;
  feed = board.feed_watchdog;
  board.begin();
  board.begin = load_begin;
  board.read_sample = read_sample;
  board.overruns = overruns;
  board.now_us = load_now_us;
  board.write = load_write;
  board.read_byte = load_read_byte;
  board.idle = load_idle;
  board.feed_watchdog = load_feed_watchdog;
  app_begin();
  while (bus_now_us() < SETTLE_US) app_poll();
  memset(&count, 0, sizeof count);
  imu.next_seq = 0;
  for (; bus_now_us() < SETTLE_US + MEASURED_US; count.polls++) measured_poll();
  print_counts(write);
  for (;;) feed();
}
