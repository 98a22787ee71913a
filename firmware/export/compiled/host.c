/* The proof on a computer: proof golden.bin */
#include <stdio.h>
#include <stdlib.h>

#include "proof.h"

static uint32_t no_clock(void) { return 0; }

static uint8_t *read_all(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
  const long bytes = ftell(file);
  rewind(file);
  uint8_t *content = bytes > 0 ? malloc((size_t)bytes) : NULL;
  if (content != NULL && fread(content, (size_t)bytes, 1, file) != 1) return NULL;
  fclose(file);
  return content;
}

int main(int argc, char **argv) {
  uint8_t *golden = argc == 2 ? read_all(argv[1]) : NULL;
  if (golden == NULL) {
    fputs("usage: proof golden.bin\n", stderr);
    return 2;
  }
  const proof_t proof = proof_run(golden, no_clock);
  free(golden);
  printf("%lu compared, %lu unequal\n", (unsigned long)proof.compared,
         (unsigned long)proof.unequal);
  return proof.compared == 0 || proof.unequal > 0;
}
