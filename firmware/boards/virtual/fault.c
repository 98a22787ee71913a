#include "fault.h"

#include <stdbool.h>
#include <stddef.h>

#include "crc.h"
#include "line.h"
#include "registers.h"

typedef enum { FAULT_HARD = 1, FAULT_WATCHDOG } cause_t;

typedef struct {
  uint32_t cause;
  uint32_t pc, lr;
  uint32_t status;  /* CFSR */
  uint32_t address; /* of the access, 0 where it is not known */
  uint16_t crc;     /* of the members above: noise after power-up must not pass for a fault */
} fault_record_t;

static fault_record_t fault_record __attribute__((section(".noinit")));

extern uint32_t stack_start[], stack_end[];

enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_WORDS = 8 };

static uint16_t record_crc(void) {
  return crc16(CRC16_START, &fault_record, offsetof(fault_record_t, crc));
}

static void field_hex32(line_t *line, const char *name, uint32_t value) {
  line_text(line, name);
  line_hex32(line, value);
}

const char *fault_take(void) {
  static line_t line;
  if (fault_record.crc != record_crc() || fault_record.cause == 0) return NULL;
  line_start(&line, fault_record.cause == FAULT_WATCHDOG ? "watchdog" : "memory-or-instruction");
  field_hex32(&line, " pc=", fault_record.pc);
  field_hex32(&line, " lr=", fault_record.lr);
  field_hex32(&line, " status=", fault_record.status);
  field_hex32(&line, " address=", fault_record.address);
  line.text[line.length] = '\0';
  fault_record.cause = 0;
  return line.text;
}

/* `frame` is where the core pushed the registers: after a stack overflow, outside the stack. */
__attribute__((used, noreturn)) static void record(const uint32_t *frame, cause_t cause) {
  const bool readable = frame >= stack_start && frame + FRAME_WORDS <= stack_end;
  fault_record.cause = cause;
  fault_record.pc = readable ? frame[FRAME_PC] : 0;
  fault_record.lr = readable ? frame[FRAME_LR] : 0;
  fault_record.status = SCB_CFSR;
  fault_record.address = 0;
  if (fault_record.status & CFSR_MMFAR_VALID) fault_record.address = SCB_MMFAR;
  if (fault_record.status & CFSR_BFAR_VALID) fault_record.address = SCB_BFAR;
  fault_record.crc = record_crc();
  SCB_AIRCR = AIRCR_RESET_REQUEST;
  for (;;) {
  }
}

/* The old stack may be full: start a new one. The MPU is off in these two handlers. */
__attribute__((naked)) void fault_hard(void) {
  __asm volatile(
      "mrs r0, msp\n"
      "ldr r1, =stack_end\n"
      "msr msp, r1\n"
      "movs r1, %0\n"
      "b record\n" ::"i"(FAULT_HARD));
}

__attribute__((naked)) void fault_watchdog(void) {
  __asm volatile(
      "mrs r0, msp\n"
      "ldr r1, =stack_end\n"
      "msr msp, r1\n"
      "movs r1, %0\n"
      "b record\n" ::"i"(FAULT_WATCHDOG));
}
