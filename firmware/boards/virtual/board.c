#include "board.h"

#include "emulated_environment.h"
#include "emulated_flash.h"
#include "emulated_imu.h"
#include "fault.h"
#include "registers.h"
#include "stack.h"
#include "transmitter.h"

#define TICKS_A_US (SYSTEM_HZ / 1000000u)
#define WRITE_LIMIT_US 50000u
#define IDLE_LIMIT_US 10000u
#define FLASH_BYTES (1u << 20)

extern const volatile uint8_t flash[]; /* link.ld: from address 0 on */

/* The words of the emulated flash, and after them what is known of them, in memory that no reset
 * clears. It ends with the emulator: what is saved outlasts a restart of the board, not QEMU. */
static uint32_t *const flash_words = (uint32_t *)FLASH_RAM;
static emulated_flash_t *const store = (emulated_flash_t *)(FLASH_RAM + EMULATED_FLASH_BYTES);

static emulated_imu_t imu;
static emulated_environment_t environment;
static bool has_environment;
static const char *fault;
static uint64_t board_ticks; /* as of last_ticks */
static uint32_t last_ticks;
static transmitter_t transmitter;

static uint32_t ticks(void) { return ~TIMER0->value; }

/* Extends the 32-bit counter, which wraps after 171 s; idle() alone calls this often enough. */
static uint64_t now_us(void) {
  const uint32_t now = ticks();
  board_ticks += now - last_ticks;
  last_ticks = now;
  return board_ticks / TICKS_A_US;
}

static void start_clock(void) {
  TIMER0->reload = UINT32_MAX;
  TIMER0->control = TIMER_ENABLE;
  last_ticks = ticks();
}

static size_t send(const char *bytes, size_t count) {
  size_t sent = 0;
  for (; sent < count && !(UART0->state & UART_TX_FULL); sent++) UART0->data = (uint8_t)bytes[sent];
  return sent;
}

static bool is_connected(void) { return true; }

static void wait_for_room(void) {}

static bool write(const char *text, size_t length) {
  return transmitter_write(&transmitter, text, length);
}

static bool begin(void) {
  start_clock();
  UART0->baud_divider = SYSTEM_HZ / 115200u;
  UART0->control = UART_TX_ENABLE | UART_RX_ENABLE | UART_RX_INTERRUPT_ENABLE;
  NVIC_ENABLE = 1u << UART0_RX_IRQ | 1u << TIMER1_IRQ;
  static const transmitter_port_t port = {send, is_connected, wait_for_room, now_us};
  transmitter_begin(&transmitter, &port, WRITE_LIMIT_US);
  fault = fault_take();
  emulated_flash_begin(store, flash_words);
  const bool present = emulated_imu_begin(&imu, (const volatile void *)PSRAM);
  has_environment = emulated_environment_begin(&environment, (const volatile void *)SPARE_RAM);
  board.environment = has_environment ? "emulated" : "none";
  board.imu = present ? "emulated" : "none";
  board.sensor_millihz = emulated_imu_rate_millihz(&imu);
  board.stream_millihz = emulated_imu_stream_millihz(&imu);
  return present;
}

static sample_status_t read_sample(sample_t *out) { return emulated_imu_read(&imu, now_us(), out); }

static uint32_t overruns(void) { return imu.lost; }

static bool find_environment(void) { return has_environment; }

static void measure(void) { emulated_environment_measure(&environment, now_us()); }

static reading_status_t read_environment(reading_t *out) {
  return emulated_environment_read(&environment, out);
}

static int read_byte(void) {
  if (!(UART0->state & UART_RX_FULL)) return -1;
  const uint32_t byte = UART0->data & 0xFFu;
  UART0->interrupt = UART_RX_INTERRUPT;
  return (int)byte;
}

/* Interrupts are masked, yet a pending one ends WFI. */
static void idle(void) {
  transmitter_poll(&transmitter);
  const uint32_t wait_us = emulated_imu_wait_us(&imu, now_us(), IDLE_LIMIT_US);
  if (wait_us == 0) return;
  TIMER1->reload = wait_us * TICKS_A_US;
  TIMER1->control = TIMER_ENABLE | TIMER_INTERRUPT_ENABLE;
  if (!(UART0->state & UART_RX_FULL)) __asm volatile("dsb\n wfi" ::: "memory");
  TIMER1->control = 0;
  TIMER1->interrupt = 1;
  NVIC_CLEAR_PENDING = 1u << UART0_RX_IRQ | 1u << TIMER1_IRQ;
}

static void feed_watchdog(void) { WATCHDOG->interrupt_clear = 1; }

static const char *restart_fault(void) { return fault; }

/* The MPU closes the first bytes of the flash, where the vectors are. */
static bool read_image(uint32_t offset, void *bytes, size_t count) {
  if (offset > FLASH_BYTES || count > FLASH_BYTES - offset) return false;
  const uint32_t control = MPU_CONTROL;
  MPU_CONTROL = 0;
  __asm volatile("dsb\n isb" ::: "memory");
  for (size_t i = 0; i < count; i++) ((uint8_t *)bytes)[i] = flash[offset + i];
  MPU_CONTROL = control;
  __asm volatile("dsb\n isb" ::: "memory");
  return true;
}

static const void *store_page(uint32_t page) { return emulated_flash_page(store, page); }

static bool store_erase(uint32_t page) { return emulated_flash_erase(store, page); }

static bool store_write(uint32_t page, uint32_t offset, const void *bytes, size_t count) {
  return emulated_flash_write(store, page, offset, bytes, count);
}

static void reboot(void) { SCB_AIRCR = AIRCR_RESET_REQUEST; }

board_t board = {
    .name = "virtual",
    .imu = "none",
    .environment = "none",
    .revision = "an386",
    .tick_hz = SYSTEM_HZ,
    .store_pages = EMULATED_FLASH_PAGES,
    .begin = begin,
    .read_sample = read_sample,
    .overruns = overruns,
    .find_environment = find_environment,
    .measure = measure,
    .read_environment = read_environment,
    .now_us = now_us,
    .ticks = ticks,
    .write = write,
    .read_byte = read_byte,
    .idle = idle,
    .feed_watchdog = feed_watchdog,
    .restart_fault = restart_fault,
    .stack_unused = stack_unused_bytes,
    .read_image = read_image,
    .store_page = store_page,
    .store_erase = store_erase,
    .store_write = store_write,
    .reboot = reboot,
};
