/* The product's loop with a way to do harm: a control character is a crime, see test_faults.py. */
#include <stdint.h>

#include "app.h"
#include "board.h"

static int (*received)(void);

static volatile uintptr_t null_address = 0;
static volatile uintptr_t flash_address = 0x1000;
static volatile uintptr_t past_ram = 0x20040000u;

static void write_to(uintptr_t address) { *(volatile uint32_t *)address = 1; }

__attribute__((noinline)) static uint32_t recurse(uint32_t depth) {
  volatile uint32_t frame[16];
  frame[0] = depth;
  return depth == UINT32_MAX ? 0 : recurse(depth + 1) + frame[0];
}

static void jump_into_data(void) {
  static volatile uint16_t code[] = {0x4770, 0x4770}; /* bx lr */
  ((void (*)(void))((uintptr_t)code | 1u))();
}

static int read_byte(void) {
  const int byte = received();
  switch (byte) {
    case 1:
      write_to(null_address);
      break;
    case 2:
      return (int)*(volatile uint32_t *)null_address;
    case 3:
      write_to(flash_address);
      break;
    case 4:
      write_to(past_ram);
      break;
    case 5:
      return (int)recurse(0);
    case 6:
      jump_into_data();
      break;
    case 7:
      for (;;) {
      }
    default:
      break;
  }
  return byte;
}

int main(void) {
  received = board.read_byte;
  board.read_byte = read_byte;
  app_begin();
  for (;;) app_poll();
}
