/* The proof on an emulated Cortex-M4F, the MPS2 AN386 of QEMU. golden.bin lies at GOLDEN. */
#include <stdint.h>

#include "proof.h"

#define GOLDEN ((const uint8_t *)0x21000000u)
#define TIMER_CONTROL (*(volatile uint32_t *)0x40000000u)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004u) /* counts down */
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008u)
#define CPACR (*(volatile uint32_t *)0xE000ED88u) /* who may use the floating-point unit */
#define SYS_WRITE0 4u
#define SYS_EXIT 0x18u
#define DONE 0x20026u
#define FAILED 0x20023u
#define STACK_PAINT 0xA5A5A5A5u
#define UNPAINTED 64 /* bytes of stack in use while it is painted */

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint32_t stack_start[], stack_end[];

static void call_host(uint32_t operation, uintptr_t argument) {
  register uint32_t r0 __asm("r0") = operation;
  register uintptr_t r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void print(const char *text) { call_host(SYS_WRITE0, (uintptr_t)text); }

static void print_number(uint32_t value, const char *unit) {
  char digits[12];
  char *first = digits + sizeof digits - 1;
  *first = '\0';
  do {
    *--first = (char)('0' + value % 10u);
    value /= 10u;
  } while (value > 0);
  print(first);
  print(unit);
}

static uintptr_t stack_of_caller;

/* The network is called from where this is called. */
static uint32_t ticks(void) {
  __asm volatile("mov %0, sp" : "=r"(stack_of_caller));
  return UINT32_MAX - TIMER_VALUE;
}

/* Of the network alone: what was used below its caller. */
static uint32_t stack_bytes(void) {
  const uint32_t *word = stack_start;
  while (*word == STACK_PAINT) word++;
  return (uint32_t)(stack_of_caller - (uintptr_t)word);
}

__attribute__((noreturn)) void reset(void) {
  const uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end; to++) *to = *from++;
  for (uint32_t *to = bss_start; to < bss_end; to++) *to = 0;
  for (uint32_t *to = stack_start; (uintptr_t)to < (uintptr_t)stack_end - UNPAINTED; to++) {
    *to = STACK_PAINT;
  }
  CPACR |= 0xFu << 20;
  __asm volatile("dsb\n isb" ::: "memory");
  TIMER_RELOAD = UINT32_MAX;
  TIMER_CONTROL = 1;
  const proof_t proof = proof_run(GOLDEN, ticks);
  print_number(proof.compared, " compared, ");
  print_number(proof.unequal, " unequal, ");
  print_number(proof.dearest, " ticks, ");
  print_number(stack_bytes(), " bytes of stack\n");
  call_host(SYS_EXIT, proof.compared == 0 || proof.unequal > 0 ? FAILED : DONE);
  for (;;) {
  }
}

__attribute__((used, section(".vectors"))) static const struct {
  uint32_t *stack;
  void (*reset)(void);
} vectors = {stack_end, reset};
