/* The least that runs a network on the emulated board: no interrupts, no MPU, no firmware.
 *
 * Inputs lie at PSRAM: a count, then MODEL_NETWORK_INPUTS values each, int8 or int16. For each
 * input a line is printed: timer ticks of the call, the output in hexadecimal. Then `s N`, bytes of
 * stack ever used. Built with NN_PROFILE, before it a line for each layer: `l N M`, ticks and stack
 * of its dearest call.
 */
#include <stdint.h>

#include "model_network.h"
#include "registers.h"

#define SYS_WRITE0 4u
#define SYS_EXIT 0x18u
#define EXIT_DONE 0x20026u
#define STACK_PAINT 0xA5A5A5A5u
#define UNPAINTED 64 /* bytes at the end of the stack that are in use while it is painted */

/* A value's bytes, by the types of the network's parameters. */
#define BYTES(int16_input, int16_output)                 \
  _Generic(&model_network_invoke,                        \
      void (*)(const int16_t *, int8_t *): int16_input,  \
      void (*)(const int8_t *, int16_t *): int16_output, \
      void (*)(const int16_t *, int16_t *): 2,           \
      default: 1)
#define INPUT_BYTES (BYTES(2, 1) * MODEL_NETWORK_INPUTS)
#define OUTPUT_BYTES (BYTES(1, 2) * MODEL_NETWORK_OUTPUTS)

typedef void call_t(const int8_t *input, int8_t *output);

extern uint32_t data_start[], data_end[], data_load[], bss_start[], bss_end[];
extern uint32_t stack_start[], stack_end[];

static _Alignas(4) int8_t output[OUTPUT_BYTES];
static char line[2 * OUTPUT_BYTES + 24];

static void call_host(uint32_t operation, uintptr_t argument) {
  register uint32_t r0 __asm("r0") = operation;
  register uintptr_t r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static char *write_hex(char *to, uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    *to++ = "0123456789abcdef"[value >> shift & 15u];
  }
  return to;
}

static void print(char *end) {
  end[0] = '\n';
  end[1] = '\0';
  call_host(SYS_WRITE0, (uintptr_t)line);
}

static uint32_t *deepest(void) {
  uint32_t *word = stack_start;
  while (*word == STACK_PAINT) word++;
  return word;
}

#ifdef NN_PROFILE
static uint32_t layer_ticks[MODEL_NETWORK_LAYERS];
static uint32_t layer_stack[MODEL_NETWORK_LAYERS];
static uint32_t layer_start;

/* Bytes used below the caller, painted anew but for the last UNPAINTED of them. */
__attribute__((noinline)) static uint32_t take_stack(void) {
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  uint32_t *word = deepest();
  const uint32_t used = here - (uintptr_t)word;
  for (; (uintptr_t)word < here - UNPAINTED; word++) *word = STACK_PAINT;
  return used;
}

void nn_layer_done(int32_t layer) {
  const uint32_t ticks = layer_start - TIMER0->value;
  const uint32_t used = take_stack();
  if (ticks > layer_ticks[layer]) layer_ticks[layer] = ticks;
  if (used > layer_stack[layer]) layer_stack[layer] = used;
  layer_start = TIMER0->value;
}

static void start_layers(void) {
  take_stack();
  layer_start = TIMER0->value;
}

static void print_layers(void) {
  for (int32_t i = 0; i < MODEL_NETWORK_LAYERS; i++) {
    line[0] = 'l';
    line[1] = ' ';
    char *end = write_hex(line + 2, layer_ticks[i], 8);
    *end++ = ' ';
    print(write_hex(end, layer_stack[i], 8));
  }
}
#else
static void start_layers(void) {}
static void print_layers(void) {}
#endif

__attribute__((noinline)) static void nothing(const int8_t *input, int8_t *out) {
  __asm volatile("" : : "r"(input), "r"(out) : "memory");
}

static uint32_t ticks_of(call_t *call, const int8_t *input) {
  const uint32_t before = TIMER0->value; /* counts down */
  call(input, output);
  return before - TIMER0->value;
}

static void run_all(void) {
  const int8_t *input = (const int8_t *)(PSRAM + sizeof(uint32_t));
  for (uint32_t left = *(const uint32_t *)PSRAM; left > 0; left--, input += INPUT_BYTES) {
    start_layers();
    call_t *const invoke = (call_t *)model_network_invoke;
    const uint32_t ticks = ticks_of(invoke, input) - ticks_of(nothing, input);
    char *end = write_hex(line, ticks, 8);
    *end++ = ' ';
    for (int i = 0; i < OUTPUT_BYTES; i++) {
      end = write_hex(end, (uint8_t)output[i], 2);
    }
    print(end);
  }
}

static void print_stack(void) {
  line[0] = 's';
  line[1] = ' ';
  print(write_hex(line + 2, (uint32_t)((uintptr_t)stack_end - (uintptr_t)deepest()), 8));
}

__attribute__((noreturn)) void reset(void) {
  const uint32_t *from = data_load;
  for (uint32_t *to = data_start; to < data_end; to++) {
    *to = *from++;
  }
  for (uint32_t *to = bss_start; to < bss_end; to++) {
    *to = 0;
  }
  for (uint32_t *to = stack_start; (uintptr_t)to < (uintptr_t)stack_end - UNPAINTED; to++) {
    *to = STACK_PAINT;
  }
  SCB_CPACR |= CPACR_FPU_FULL;
  __asm volatile("dsb\n isb" ::: "memory");
  TIMER0->reload = UINT32_MAX;
  TIMER0->control = TIMER_ENABLE;
  run_all();
  print_layers();
  print_stack();
  call_host(SYS_EXIT, EXIT_DONE);
  for (;;) {
  }
}

__attribute__((used, section(".vectors"))) static const struct {
  uint32_t *stack;
  void (*reset)(void);
} vectors = {stack_end, reset};
