/* A process as a board: the serial port is stdin and stdout, the sensor a file.
 *
 * GESTURE_IMU_FILE names the file, laid out as emulated_imu.h says, and GESTURE_ENVIRONMENT_FILE
 * one as emulated_environment.h says. GESTURE_FLASH_FILE names one that holds what is saved, the
 * bytes of the flash's pages, and is made where there is none; without it a restart of the board
 * keeps what is saved, the end of the process does not. With GESTURE_FAST=1 board time jumps to the
 * next sample instead of waiting for it, and the process ends when the recording and its input have
 * ended. */
#define _GNU_SOURCE
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "emulated_environment.h"
#include "emulated_flash.h"
#include "emulated_imu.h"
#include "transmitter.h"

#define FLASH_FILE "GESTURE_FLASH_FILE"
#define HEADER_BYTES 32u
#define TICK_HZ 100000000u
#define WRITE_LIMIT_US 50000u
#define FAST_WRITE_LIMIT_US 5000000u
#define IDLE_LIMIT_US 10000u

static emulated_flash_t flash;
static emulated_imu_t imu;
static emulated_environment_t environment;
static bool has_environment;
static bool fast;
static uint64_t start_ns;
static uint64_t skipped_us; /* board time ahead of the host's clock, when fast */
static bool input_ended;
static bool sensor_ended;
static transmitter_t transmitter;

static uint64_t host_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t host_us(void) { return host_ns() / 1000; }

static uint64_t now_us(void) { return (host_ns() - start_ns) / 1000 + skipped_us; }

static uint32_t ticks(void) { return (uint32_t)(host_ns() / (1000000000u / TICK_HZ)); }

static void refuse(const char *path, const char *why) {
  static const char what[] = "cannot use the file ";
  const struct {
    const char *text;
    size_t length;
  } parts[] = {
      {what, sizeof what - 1}, {path, strlen(path)}, {": ", 2}, {why, strlen(why)}, {"\n", 1}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    if (write(STDERR_FILENO, parts[i].text, parts[i].length) < 0) break;
  }
  _exit(EXIT_FAILURE);
}

/* The file may be shorter than the map: only records that `count` covers are touched. */
static const volatile void *map_sensor(const char *path, size_t room,
                                       uint64_t (*used_bytes)(const volatile void *)) {
  struct stat status;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) refuse(path, strerror(errno));
  const uint64_t bytes = (uint64_t)status.st_size;
  if (bytes < HEADER_BYTES) refuse(path, "it has no header");
  void *memory = mmap(NULL, room, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) refuse(path, strerror(errno));
  close(file);
  if (used_bytes(memory) > bytes) refuse(path, "it is cut short");
  return memory;
}

static bool has_room(int wait_ms) {
  struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&output, 1, wait_ms) == 1 && (output.revents & POLLOUT) != 0;
}

static size_t send(const char *bytes, size_t count) {
  if (!has_room(0)) return 0;
  const ssize_t sent = write(STDOUT_FILENO, bytes, count);
  if (sent < 0 && errno != EINTR && errno != EAGAIN) _exit(EXIT_FAILURE);
  return sent > 0 ? (size_t)sent : 0;
}

static bool is_connected(void) { return true; }

static void wait_for_room(void) { (void)has_room(1); }

static bool write_piece(const char *text, size_t length) {
  return transmitter_write(&transmitter, text, length);
}

static bool begin_imu(void) {
  const char *path = getenv("GESTURE_IMU_FILE");
  return path != NULL &&
         emulated_imu_begin(&imu, map_sensor(path, EMULATED_IMU_BYTES, emulated_imu_used_bytes));
}

static bool begin_environment(void) {
  const char *path = getenv("GESTURE_ENVIRONMENT_FILE");
  return path != NULL &&
         emulated_environment_begin(&environment, map_sensor(path, EMULATED_ENVIRONMENT_BYTES,
                                                             emulated_environment_used_bytes));
}

/* A file without a name, which `reboot` hands on to the next process as a descriptor's. */
static const char *nameless_flash(void) {
  static char path[32];
  const int file = memfd_create("flash", 0);
  if (file < 0) refuse("flash", strerror(errno));
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  setenv(FLASH_FILE, path, 1);
  return path;
}

/* A new file, and what is missing of one, is blank. */
static void fill_with_ones(const char *path, int file, off_t begin) {
  uint8_t blank[EMULATED_FLASH_BYTES];
  memset(blank, 0xFF, sizeof blank);
  const size_t missing = begin < (off_t)sizeof blank ? sizeof blank - (size_t)begin : 0;
  const ssize_t filled = pwrite(file, blank, missing, begin);
  if (filled < 0 || (size_t)filled != missing) refuse(path, "no room for the flash's pages");
}

static void begin_flash(void) {
  const char *path = getenv(FLASH_FILE);
  if (path == NULL) path = nameless_flash();
  struct stat status;
  const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0 || fstat(file, &status) != 0) refuse(path, strerror(errno));
  fill_with_ones(path, file, status.st_size);
  void *memory = mmap(NULL, EMULATED_FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) refuse(path, strerror(errno));
  close(file);
  emulated_flash_begin(&flash, memory);
}

static bool begin(void) {
  const char *hurry = getenv("GESTURE_FAST");
  fast = hurry != NULL && strcmp(hurry, "1") == 0;
  start_ns = host_ns();
  skipped_us = 0;
  static const transmitter_port_t port = {send, is_connected, wait_for_room, host_us};
  /* When fast, the host sets the pace. */
  transmitter_begin(&transmitter, &port, fast ? FAST_WRITE_LIMIT_US : WRITE_LIMIT_US);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  begin_flash();
  has_environment = begin_environment();
  board.environment = has_environment ? "emulated" : "none";
  const bool present = begin_imu();
  board.imu = present ? "emulated" : "none";
  board.sensor_millihz = emulated_imu_rate_millihz(&imu);
  board.stream_millihz = emulated_imu_stream_millihz(&imu);
  sensor_ended = !present;
  return present;
}

static sample_status_t read_sample(sample_t *out) {
  const sample_status_t status = emulated_imu_read(&imu, now_us(), out);
  if (imu.present) sensor_ended = status == SAMPLE_STOPPED;
  return status;
}

static uint32_t overruns(void) { return imu.lost; }

static bool find_environment(void) { return has_environment; }

static void measure(void) { emulated_environment_measure(&environment, now_us()); }

static reading_status_t read_environment(reading_t *out) {
  return emulated_environment_read(&environment, out);
}

static int read_byte(void) {
  static uint8_t buffer[256];
  static size_t used, filled;
  if (used == filled && !input_ended) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, 0) != 1) return -1;
    const ssize_t got = read(STDIN_FILENO, buffer, sizeof buffer);
    input_ended = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
    used = 0;
    filled = got > 0 ? (size_t)got : 0;
  }
  return used < filled ? buffer[used++] : -1;
}

static void idle(void) {
  transmitter_poll(&transmitter);
  const uint64_t now = now_us();
  const bool imu_runs = imu.present && imu.started && !sensor_ended;
  const bool environment_runs = environment.started && !environment.ended;
  const bool is_over =
      sensor_ended && (!environment_runs || emulated_environment_is_past(&environment, now));
  if (input_ended && (is_over || !fast)) _exit(EXIT_SUCCESS);
  const uint32_t wait_us = emulated_imu_wait_us(&imu, now, IDLE_LIMIT_US);
  if (fast && (imu_runs || environment_runs)) {
    skipped_us += wait_us;
    return;
  }
  struct pollfd input = {.fd = input_ended ? -1 : STDIN_FILENO, .events = POLLIN};
  poll(&input, 1, (int)((wait_us + 999) / 1000));
}

static void feed_watchdog(void) {}

static const char *restart_fault(void) { return NULL; }

static uint32_t stack_unused(void) { return 0; }

/* The flash of a process is the file of its program. */
static bool read_image(uint32_t offset, void *bytes, size_t count) {
  const int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (program < 0) return false;
  const ssize_t got = pread(program, bytes, count, (off_t)offset);
  close(program);
  return got >= 0 && (size_t)got == count;
}

static const void *store_page(uint32_t page) { return emulated_flash_page(&flash, page); }

static bool store_erase(uint32_t page) { return emulated_flash_erase(&flash, page); }

static bool store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count) {
  return emulated_flash_write(&flash, page, offset, bytes, count);
}

static void reboot(void) {
  execl("/proc/self/exe", "native", (char *)NULL);
  _exit(EXIT_FAILURE);
}

board_t board = {
    .name = "native",
    .imu = "none",
    .environment = "none",
    .revision = "host",
    .tick_hz = TICK_HZ,
    .store_pages = EMULATED_FLASH_PAGES,
    .begin = begin,
    .read_sample = read_sample,
    .overruns = overruns,
    .find_environment = find_environment,
    .measure = measure,
    .read_environment = read_environment,
    .now_us = now_us,
    .ticks = ticks,
    .write = write_piece,
    .read_byte = read_byte,
    .idle = idle,
    .feed_watchdog = feed_watchdog,
    .restart_fault = restart_fault,
    .stack_unused = stack_unused,
    .read_image = read_image,
    .store_page = store_page,
    .store_erase = store_erase,
    .store_write = store_write,
    .reboot = reboot,
};
