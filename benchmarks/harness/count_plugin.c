/* A TCG plugin that counts what QEMU executes, instruction by instruction, for the functions it is
 * told to watch: `-plugin libcount.so,out=FILE,function=0xADDRESS,function=...`.
 *
 * Each instruction counts for the innermost watched function that is running, 0 where there is
 * none, then 1, 2, ... in the order of the arguments. At the end FILE gets a line for each that was
 * executed: function, address, and the numbers of counts_t in hexadecimal. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of qemu-plugin.h as QEMU 7.2 has it (API version 1), which Debian does not ship. */
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CALLBACK_NO_REGISTERS = 0 };
enum { READS_AND_WRITES = 3 };
typedef void (*tb_callback_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_callback_t)(unsigned cpu, void *data);
typedef void (*mem_callback_t)(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t at, void *data);
typedef void (*exit_callback_t)(qemu_plugin_id_t id, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_callback_t callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, exec_callback_t callback,
                                            int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_callback_t callback,
                                      int flags, int which, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_callback_t callback, void *data);

#define EXPORTED __attribute__((visibility("default")))
#define FLASH_BYTES (1u << 20) /* from address 0 on */
#define FUNCTIONS 16
#define DEPTH 64

/* A cache of instructions as the nRF53's is described (two ways, lines of 128 bits, the least
 * recently used one gives way), of half the 2 KB. */
#define LINE_SHIFT 4
#define SETS 32

typedef struct {
  uint64_t executed;
  uint64_t taken;       /* of these, those after which not the next instruction came */
  uint64_t flash_reads; /* words and parts of words that it loaded from the flash */
  uint64_t unaligned;   /* cycles that loads took longer for not being aligned */
  uint64_t misses;      /* lines that the cache had not */
} counts_t;

typedef struct {
  uint32_t address;
  uint8_t size;
  bool is_call;
} instruction_t;

typedef struct {
  uint32_t back; /* where its caller goes on */
  int function;
} frame_t;

EXPORTED int qemu_plugin_version = 1;

static counts_t *counts[FUNCTIONS + 1]; /* [FLASH_BYTES / 2] each */
static uint32_t watched[FUNCTIONS];
static int functions;
static const char *out_path;
static frame_t frames[DEPTH];
static int depth; /* frames[0] is outside of all */
static const instruction_t *last;
static uint32_t lines[SETS][2]; /* line + 1, the last used one first */

static counts_t *of(const instruction_t *instruction) {
  return &counts[frames[depth].function][instruction->address / 2];
}

static void jumped_to(uint32_t address) {
  of(last)->taken++;
  for (int i = depth; i > 0; i--) {
    if (frames[i].back == address) {
      depth = i - 1;
      return;
    }
  }
  if (last->is_call && depth + 1 < DEPTH) {
    frames[depth + 1] = (frame_t){last->address + last->size, frames[depth].function};
    depth++;
  }
  for (int i = 0; i < functions; i++) {
    if (watched[i] == address) frames[depth].function = i + 1;
  }
}

static bool is_cached(uint32_t address) {
  uint32_t *set = lines[(address >> LINE_SHIFT) % SETS];
  const uint32_t line = (address >> LINE_SHIFT) + 1;
  if (set[0] == line) return true;
  const bool hit = set[1] == line;
  set[1] = set[0];
  set[0] = line;
  return hit;
}

static void executed(unsigned cpu, void *data) {
  (void)cpu;
  const instruction_t *instruction = data;
  const uint32_t address = instruction->address;
  if (last != NULL && last->address + last->size != address) jumped_to(address);
  counts_t *count = of(instruction);
  count->executed++;
  count->misses += !is_cached(address);
  if (address >> LINE_SHIFT != (address + instruction->size - 1) >> LINE_SHIFT)
    count->misses += !is_cached(address + instruction->size - 1);
  last = instruction;
}

/* A halfword in two bytes takes a cycle more, a word in two halfwords one, in three parts two. */
static void read_memory(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t at, void *data) {
  (void)cpu;
  if (qemu_plugin_mem_is_store(info)) return; /* to be told of reads alone does not work in 7.2 */
  counts_t *count = of(data);
  count->flash_reads += at < FLASH_BYTES;
  const unsigned size = 1u << qemu_plugin_mem_size_shift(info);
  if (size == 2) count->unaligned += at & 1;
  if (size == 4) count->unaligned += (at & 1) ? 2 : (at & 2) ? 1 : 0;
}

/* BL and BLX, as the Armv7-M Architecture Reference Manual encodes them (A7.7.18, A7.7.19). */
static bool is_call(const uint16_t *words, size_t size) {
  if (size == 2) return (words[0] & 0xFF80u) == 0x4780u;
  return (words[0] & 0xF800u) == 0xF000u && (words[1] & 0xD000u) == 0xD000u;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    instruction_t *instruction = malloc(sizeof *instruction);
    if (instruction == NULL || qemu_plugin_insn_vaddr(insn) >= FLASH_BYTES) abort();
    uint16_t words[2];
    instruction->address = (uint32_t)qemu_plugin_insn_vaddr(insn);
    instruction->size = (uint8_t)qemu_plugin_insn_size(insn);
    memcpy(words, qemu_plugin_insn_data(insn), instruction->size);
    instruction->is_call = is_call(words, instruction->size);
    qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, CALLBACK_NO_REGISTERS, instruction);
    qemu_plugin_register_vcpu_mem_cb(insn, read_memory, CALLBACK_NO_REGISTERS, READS_AND_WRITES,
                                     instruction);
  }
}

static void write_counts(qemu_plugin_id_t id, void *data) {
  (void)id;
  (void)data;
  FILE *out = fopen(out_path, "w");
  if (out == NULL) return;
  for (int f = 0; f <= functions; f++) {
    for (uint32_t i = 0; i < FLASH_BYTES / 2; i++) {
      const counts_t *c = &counts[f][i];
      if (c->executed == 0) continue;
      fprintf(out, "%x %x %llx %llx %llx %llx %llx\n", (unsigned)f, 2 * i,
              (unsigned long long)c->executed, (unsigned long long)c->taken,
              (unsigned long long)c->flash_reads, (unsigned long long)c->unaligned,
              (unsigned long long)c->misses);
    }
  }
  fclose(out);
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc,
                                 char **argv) {
  (void)info;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "out=", 4) == 0) out_path = strdup(argv[i] + 4);
    if (strncmp(argv[i], "function=", 9) != 0) continue;
    if (functions == FUNCTIONS) return 1;
    watched[functions++] = (uint32_t)strtoul(argv[i] + 9, NULL, 0);
  }
  for (int f = 0; f <= functions; f++) {
    counts[f] = calloc(FLASH_BYTES / 2, sizeof *counts[f]);
    if (counts[f] == NULL) return 1;
  }
  if (out_path == NULL) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, write_counts, NULL);
  return 0;
}
