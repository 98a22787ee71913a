#include "selftest.h"

#include "crc.h"
#include "model.h"
#include "model_size.h"

uint16_t selftest_crc(int8_t *input, void (*before_each)(void)) {
  int8_t output[MODEL_CLASSES];
  uint32_t state = 1;
  uint16_t crc = CRC16_START;
  for (int run = 0; run < SELFTEST_INFERENCES; run++) {
    for (int i = 0; i < MODEL_WINDOW * MODEL_CHANNELS; i++) {
      state = state * 1664525u + 1013904223u;
      input[i] = (int8_t)((int8_t)(state >> 24) / (1 << 2 * run));
    }
    before_each();
    model_run(input, output);
    crc = crc16(crc, output, sizeof output);
  }
  return crc;
}
