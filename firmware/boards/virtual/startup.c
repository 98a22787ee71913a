#include <stdint.h>

#include "fault.h"
#include "registers.h"
#include "stack.h"

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint32_t stack_guard[], stack_start[], stack_end[];

#define STACK_PAINT 0xA5A5A5A5u
#define WATCHDOG_S 2u

/* ARMv7-M region attributes: size as log2(bytes) - 1, access permission, execute never. */
#define REGION_ENABLE 1u
#define REGION_SIZE(log2_bytes) (((log2_bytes) - 1u) << 1)
#define REGION_CLOSED (0u << 24)
#define REGION_READ_WRITE (3u << 24)
#define REGION_READ_ONLY (6u << 24)
#define REGION_NO_EXECUTE (1u << 28)
#define REGION_NORMAL (3u << 17) /* cacheable, write-back */
#define REGION_DEVICE (5u << 16) /* shareable, bufferable */

typedef struct {
  uint32_t base;
  uint32_t attributes;
} region_t;

int main(void);

/* Where two regions overlap the later one holds. What is in none is closed: also RAM past 256 KB,
 * which the emulated machine has and the real one has not. */
static void protect_memory(void) {
  const region_t regions[] = {
      {0x00000000u, REGION_READ_ONLY | REGION_NORMAL | REGION_SIZE(20)},
      {0x00000000u, REGION_CLOSED | REGION_NO_EXECUTE | REGION_SIZE(8)},
      {0x20000000u, REGION_READ_WRITE | REGION_NO_EXECUTE | REGION_NORMAL | REGION_SIZE(18)},
      {(uint32_t)stack_guard, REGION_CLOSED | REGION_NO_EXECUTE | REGION_SIZE(8)},
      {PSRAM, REGION_READ_ONLY | REGION_NO_EXECUTE | REGION_NORMAL | REGION_SIZE(24)},
      {FLASH_RAM, REGION_READ_WRITE | REGION_NO_EXECUTE | REGION_NORMAL | REGION_SIZE(14)},
      {SPARE_RAM, REGION_READ_ONLY | REGION_NO_EXECUTE | REGION_NORMAL | REGION_SIZE(20)},
      {0x40000000u, REGION_READ_WRITE | REGION_NO_EXECUTE | REGION_DEVICE | REGION_SIZE(20)},
  };
  for (uint32_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
    MPU_REGION_BASE = regions[i].base | MPU_REGION_VALID | i;
    MPU_REGION_ATTRIBUTES = regions[i].attributes | REGION_ENABLE;
  }
  MPU_CONTROL = MPU_ENABLE;
  __asm volatile("dsb\n isb" ::: "memory");
}

static void start_watchdog(void) {
  WATCHDOG->load = WATCHDOG_S * SYSTEM_HZ;
  WATCHDOG->control = WATCHDOG_INTERRUPT_ENABLE | WATCHDOG_RESET_ENABLE;
}

uint32_t stack_unused_bytes(void) {
  const volatile uint32_t *word = stack_start;
  while (word < stack_end && *word == STACK_PAINT) word++;
  return (uint32_t)((uintptr_t)word - (uintptr_t)stack_start);
}

/* The rest of the start, on a painted stack. */
__attribute__((used, noreturn)) static void start(void) {
  const uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end; to++) *to = *from++;
  for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
  SCB_CPACR |= CPACR_FPU_FULL;
  __asm volatile("dsb\n isb" ::: "memory");
  protect_memory();
  start_watchdog();
  main();
  for (;;) {
  }
}

/* Interrupts stay masked for good: they only end the sleep of board.idle, so nothing can
 * disturb a count of instructions. Faults and the watchdog's NMI are not masked. */
__attribute__((naked, noreturn)) void reset(void) {
  __asm volatile(
      "cpsid i\n"
      "ldr r0, =stack_start\n"
      "ldr r1, =stack_end\n"
      "ldr r2, =%c0\n"
      "1: str r2, [r0], #4\n"
      "cmp r0, r1\n"
      "blo 1b\n"
      "b start\n" ::"i"(STACK_PAINT));
}

typedef struct {
  uint32_t *stack;
  void (*reset)(void);
  void (*nmi)(void);
  void (*hard_fault)(void);
} vectors_t;

__attribute__((used, section(".vectors"))) static const vectors_t vectors = {
    .stack = stack_end,
    .reset = reset,
    .nmi = fault_watchdog,
    .hard_fault = fault_hard,
};
