/* Plays files to a fuzz target without a fuzzer, so that any compiler can check a corpus. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char *names[]) {
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(names[i], "rb");
    if (file == NULL) return EXIT_FAILURE;
    /* Of the exact size, so that a sanitizer sees a byte read beyond it. */
    static uint8_t read[MOST_BYTES];
    const size_t size = fread(read, 1, sizeof read, file);
    fclose(file);
    uint8_t *exact = malloc(size + (size == 0));
    if (exact == NULL) return EXIT_FAILURE;
    for (size_t at = 0; at < size; at++) exact[at] = read[at];
    fprintf(stderr, "%s\n", names[i]);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
  }
  return EXIT_SUCCESS;
}
