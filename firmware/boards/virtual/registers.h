/* The few registers of the MPS2 AN386 (Cortex-M4F with CMSDK peripherals) that we use.
 * Offsets: Arm Cortex-M System Design Kit TRM, chapter 4; Armv7-M Architecture Reference Manual,
 * section B3. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define SYSTEM_HZ 25000000u /* of the UARTs, timers and the watchdog */

typedef struct {
  volatile uint32_t data, state, control, interrupt, baud_divider;
} uart_t;
#define UART0 ((uart_t *)0x40004000u)
#define UART_TX_FULL (1u << 0)
#define UART_RX_FULL (1u << 1)
#define UART_TX_ENABLE (1u << 0)
#define UART_RX_ENABLE (1u << 1)
#define UART_RX_INTERRUPT_ENABLE (1u << 3)
#define UART_RX_INTERRUPT (1u << 1)
#define UART0_RX_IRQ 0

typedef struct {
  volatile uint32_t control, value, reload, interrupt;
} cmsdk_timer_t;
#define TIMER0 ((cmsdk_timer_t *)0x40000000u)
#define TIMER1 ((cmsdk_timer_t *)0x40001000u)
#define TIMER_ENABLE (1u << 0)
#define TIMER_INTERRUPT_ENABLE (1u << 3)
#define TIMER1_IRQ 9

typedef struct {
  volatile uint32_t load, value, control, interrupt_clear;
} watchdog_t;
#define WATCHDOG ((watchdog_t *)0x40008000u)
#define WATCHDOG_INTERRUPT_ENABLE (1u << 0)
#define WATCHDOG_RESET_ENABLE (1u << 1)

#define NVIC_ENABLE (*(volatile uint32_t *)0xE000E100u)
#define NVIC_CLEAR_PENDING (*(volatile uint32_t *)0xE000E280u)

#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define AIRCR_RESET_REQUEST 0x05FA0004u
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)
#define CFSR_MMFAR_VALID (1u << 7)
#define CFSR_BFAR_VALID (1u << 15)
#define SCB_MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define SCB_BFAR (*(volatile uint32_t *)0xE000ED38u)
#define SCB_CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_FPU_FULL (0xFu << 20)

#define MPU_CONTROL (*(volatile uint32_t *)0xE000ED94u)
#define MPU_REGION_BASE (*(volatile uint32_t *)0xE000ED9Cu)
#define MPU_REGION_ATTRIBUTES (*(volatile uint32_t *)0xE000EDA0u)
#define MPU_REGION_VALID (1u << 4)
#define MPU_ENABLE (1u << 0)

#define PSRAM 0x21000000u
#define FLASH_RAM 0x20200000u /* 16 KB that the real board has not: of emulated flash */
#define SPARE_RAM 0x20300000u /* 1 MB that the real board has not: of emulated sensors */

#endif
