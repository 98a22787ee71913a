#include "environment.h"

#include <stddef.h>

#define LIMIT_US 250000u
#define LOOK_EVERY_US 5000u
/* What the parts are made to measure. */
#define LEAST_TEMPERATURE (-40000)
#define MOST_TEMPERATURE 125000
#define LEAST_PRESSURE 260000
#define MOST_PRESSURE 1260000
#define FULL_HUMIDITY 100000
#define SATURATED 10000 /* how far beyond 0 and 100 % a part reads that is in order */
#define FAR_AWAY 1000000000

static const struct {
  const char *name;
  const environment_driver_t *air, *baro;
} KITS[] = {{"HTS221+LPS22HB", &HTS221, &LPS22HB}, {"HS3003+LPS22HB", &HS3003, &LPS22HB}};

void environment_begin(environment_t *environment, const i2c_bus_t *bus) {
  *environment = (environment_t){.bus = bus};
}

bool environment_find(environment_t *environment) {
  const i2c_bus_t *bus = environment->bus;
  for (size_t i = 0; i < sizeof KITS / sizeof KITS[0] && environment->name == NULL; i++) {
    if (!KITS[i].air->is_there(bus) || !KITS[i].baro->is_there(bus)) continue;
    environment->name = KITS[i].name;
    environment->air.driver = KITS[i].air;
    environment->baro.driver = KITS[i].baro;
  }
  return environment->name != NULL;
}

static void ask(environment_part_t *part) { part->is_asked = part->is_ready = false; }

void environment_measure(environment_t *environment) {
  ask(&environment->air);
  ask(&environment->baro);
  environment->measuring = environment->name != NULL;
  environment->began_us = environment->look_us = environment->bus->now_us();
}

/* One step, and the same again at the next look where the bus fails. */
static void advance(const i2c_bus_t *bus, environment_part_t *part) {
  if (part->is_ready) return;
  if (!part->is_set_up) part->is_set_up = part->driver->begin(bus, part->scale);
  if (!part->is_set_up) return;
  if (part->is_asked) {
    part->is_ready = part->driver->read(bus, part->count);
  } else {
    part->is_asked = part->driver->measure(bus);
  }
}

/* On the line through both points, rounded to the nearest; halves go up. Where a damaged
 * calibration leads far away it stays far away. */
static int32_t scaled(const environment_scale_t *scale, int32_t count) {
  const int64_t sign = scale->high_count > scale->low_count ? 1 : -1;
  const int64_t run = sign * ((int64_t)scale->high_count - scale->low_count);
  const int64_t rise = sign * ((int64_t)scale->high_value - scale->low_value);
  const int64_t twice = 2 * ((int64_t)count - scale->low_count) * rise + run;
  const int64_t floor = twice / (2 * run) - (twice % (2 * run) < 0 ? 1 : 0);
  const int64_t value = scale->low_value + floor;
  if (value > FAR_AWAY) return FAR_AWAY;
  return value < -FAR_AWAY ? -FAR_AWAY : (int32_t)value;
}

static int32_t held(int32_t humidity) {
  if (humidity < 0) return 0;
  return humidity < FULL_HUMIDITY ? humidity : FULL_HUMIDITY;
}

static bool is_within(int32_t value, int32_t least, int32_t most) {
  return value >= least && value <= most;
}

static bool is_possible(const int32_t value[READING_VALUES]) {
  return is_within(value[READING_TEMPERATURE], LEAST_TEMPERATURE, MOST_TEMPERATURE) &&
         is_within(value[READING_PRESSURE], LEAST_PRESSURE, MOST_PRESSURE) &&
         is_within(value[READING_HUMIDITY], -SATURATED, FULL_HUMIDITY + SATURATED);
}

static reading_status_t deliver(environment_t *environment, reading_t *out) {
  const environment_part_t *air = &environment->air, *baro = &environment->baro;
  environment->measuring = false;
  out->t_us = environment->began_us;
  out->value[READING_TEMPERATURE] = scaled(&air->scale[0], air->count[0]);
  out->value[READING_HUMIDITY] = scaled(&air->scale[1], air->count[1]);
  out->value[READING_PRESSURE] = scaled(&baro->scale[0], baro->count[0]);
  if (!is_possible(out->value)) return READING_FAILED;
  out->value[READING_HUMIDITY] = held(out->value[READING_HUMIDITY]);
  return READING_READY;
}

static reading_status_t give_up(environment_t *environment) {
  environment->measuring = false;
  environment->air.is_set_up = environment->air.is_ready;
  environment->baro.is_set_up = environment->baro.is_ready;
  environment->bus->recover();
  return READING_FAILED;
}

reading_status_t environment_read(environment_t *environment, reading_t *out) {
  if (!environment->measuring) return READING_NONE;
  const i2c_bus_t *bus = environment->bus;
  const uint64_t now_us = bus->now_us();
  if (now_us < environment->look_us) return READING_NONE;
  environment->look_us = now_us + LOOK_EVERY_US;
  advance(bus, &environment->air);
  advance(bus, &environment->baro);
  if (environment->air.is_ready && environment->baro.is_ready) return deliver(environment, out);
  return now_us - environment->began_us < LIMIT_US ? READING_NONE : give_up(environment);
}
