#include "imu_clock.h"

#define NS_A_US 1000u
#define NS_A_THOUSAND_SECONDS UINT64_C(1000000000000)
#define FIRST_MEASURED_FRAMES 64u
#define HALF_FRAMES 4096u
#define FORWARD_SHIFT 7 /* of what a frame is late, this part is believed */

void imu_clock_begin(imu_clock_t *clock, uint32_t rate_millihz, uint64_t now_us) {
  *clock = (imu_clock_t){.period_ns = NS_A_THOUSAND_SECONDS / rate_millihz,
                         .newest_ns = now_us * NS_A_US};
}

static void measure(imu_clock_t *clock, uint64_t now_us) {
  const imu_clock_mark_t now = {now_us, clock->frames};
  if (clock->from.frame == 0) clock->from = clock->half = now;
  const uint64_t frames = now.frame - clock->from.frame;
  const uint64_t since_ns = (now.at_us - clock->from.at_us) * NS_A_US;
  if (frames >= FIRST_MEASURED_FRAMES && since_ns >= frames) clock->period_ns = since_ns / frames;
  if (now.frame - clock->half.frame >= HALF_FRAMES) {
    clock->from = clock->half;
    clock->half = now;
  }
}

void imu_clock_found(imu_clock_t *clock, uint32_t frames, uint64_t now_us) {
  if (frames == 0) return;
  const uint64_t now_ns = now_us * NS_A_US;
  const bool first = clock->frames == 0;
  clock->frames += frames;
  clock->newest_ns += frames * clock->period_ns;
  if (first || clock->newest_ns > now_ns) {
    clock->newest_ns = now_ns;
  } else {
    clock->newest_ns += (now_ns - clock->newest_ns) >> FORWARD_SHIFT;
  }
  measure(clock, now_us);
}

uint32_t imu_clock_due(const imu_clock_t *clock, uint64_t now_us) {
  const uint64_t now_ns = now_us * NS_A_US;
  return now_ns > clock->newest_ns ? (uint32_t)((now_ns - clock->newest_ns) / clock->period_ns) : 0;
}

bool imu_clock_is_time(const imu_clock_t *clock, uint64_t now_us) {
  return now_us * NS_A_US + clock->period_ns / 8 >= clock->newest_ns + clock->period_ns;
}

uint64_t imu_clock_us(const imu_clock_t *clock, uint32_t frames) {
  return (clock->newest_ns - frames * clock->period_ns) / NS_A_US;
}
