#include "board_time.h"

#include <Arduino.h>

uint64_t board_now_us() {
  static uint64_t total_us = 0;
  static uint32_t last_us = 0; /* micros() wraps after 71 minutes */
  const uint32_t us = static_cast<uint32_t>(micros());
  total_us += us - last_us;
  last_us = us;
  return total_us;
}
