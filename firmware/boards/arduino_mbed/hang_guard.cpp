#include "hang_guard.h"

#include <Arduino.h>
#include <drivers/Watchdog.h>
#include <nrf.h>

namespace {

/* Bluetooth's timer, which this firmware does not use. The core's critical sections hold back the
 * interrupts of the application; those of Bluetooth, this one among them, still come. */
NRF_TIMER_Type *timer() { return NRF_TIMER0; }
const IRQn_Type TIMER_IRQ = TIMER0_IRQn;
const uint32_t HIGHEST_PRIORITY = 0;
const uint32_t PRESCALER = 9; /* 16 MHz / 2^9 */
const uint32_t TIMER_HZ = 31250;
const uint32_t HANG_MS =
    1500; /* the bootloader takes 0.5 s more, and the start of a sensor as much */

/* The largest image is 240 pages of about 0.156 s each; a slow host and a second try come on top.
 */
const uint32_t WATCHDOG_MS = 10 * 60 * 1000;

/* A register that lasts through a restart; the bootloader uses the one before it. */
enum Reason : uint32_t { NONE = 0, HUNG = 0x48, CRASHED = 0x43 };

uint32_t reset_reason = 0;
uint32_t kept_reason = NONE;

void restart_because(Reason reason) {
  NRF_POWER->GPREGRET2 = reason;
  NVIC_SystemReset();
}

void on_timer() { restart_because(HUNG); }

void take_reasons() {
  reset_reason = NRF_POWER->RESETREAS;
  NRF_POWER->RESETREAS = reset_reason; /* a one written clears its bit */
  kept_reason = NRF_POWER->GPREGRET2;
  NRF_POWER->GPREGRET2 = NONE;
}

void start_timer() {
  timer()->MODE = TIMER_MODE_MODE_Timer;
  timer()->BITMODE = TIMER_BITMODE_BITMODE_32Bit;
  timer()->PRESCALER = PRESCALER;
  timer()->CC[0] = HANG_MS * TIMER_HZ / 1000;
  timer()->INTENSET = TIMER_INTENSET_COMPARE0_Msk;
  NVIC_SetVector(TIMER_IRQ, reinterpret_cast<uintptr_t>(on_timer));
  NVIC_SetPriority(TIMER_IRQ, HIGHEST_PRIORITY);
  NVIC_EnableIRQ(TIMER_IRQ);
  timer()->TASKS_CLEAR = 1;
  timer()->TASKS_START = 1;
}

}  // namespace

/* Every fault, failed assertion and fatal error of Mbed OS ends here; its own version blinks for
 * ever. */
extern "C" void mbed_die() {
  restart_because(CRASHED);
  for (;;) {
  }
}

void hang_guard_begin() {
  take_reasons();
  start_timer();
  mbed::Watchdog::get_instance().start(WATCHDOG_MS);
}

void hang_guard_feed() {
  timer()->TASKS_CLEAR = 1;
  mbed::Watchdog::get_instance().kick();
}

const char *hang_guard_reason() {
  if (kept_reason == HUNG) return "hang";
  if (kept_reason == CRASHED) return "crash";
  if (reset_reason & POWER_RESETREAS_DOG_Msk) return "watchdog";
  if (reset_reason & POWER_RESETREAS_LOCKUP_Msk) return "lockup";
  return nullptr;
}
