/* Sensors as their registers show them, written from their data sheets for the drivers' tests.
 *
 * Time is what the test says, and goes on by what transfers take at 400 kHz. */
#ifndef PART_H
#define PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "i2c_bus.h"

#define FIRMWARE_BYTES 8192u

typedef struct {
  uint8_t address;
  void (*switch_on)(void);
  void (*write)(uint8_t reg, uint8_t value);
  uint8_t (*read)(uint8_t reg);
  /* Called at the start of a transfer; reg counts up in it, except where the part says not. */
  void (*start)(void);
  bool (*is_port)(uint8_t reg); /* a register that a transfer stays at */
  /* Of an IMU: whether it is set to make frames, and one more frame. */
  bool (*is_on)(void);
  void (*make)(const int16_t frame[6]);
  /* Of a part without registers, in place of all of write, read and is_port. */
  void (*ask)(void);
  uint8_t (*receive)(void);
} part_t;

extern const part_t LSM9DS1_PART, BMI270_PART, LSM6DS3_PART;
extern const part_t HTS221_PART, HS3003_PART, LPS22HB_PART;

/* What the environment's parts find when they measure, in their own counts. */
typedef struct {
  int32_t temperature, humidity, pressure;
} air_t;
extern air_t air;

/* Of an HTS221, registers 0x30 to 0x3F. */
extern uint8_t calibration[16];

/* What the BMI270 must be given. */
extern uint8_t firmware[FIRMWARE_BYTES];

extern const i2c_bus_t PART_BUS;

/* The same transfers without a guard. */
bool bus_raw_probe(uint8_t address); /* whether the address is acknowledged */
bool bus_raw_read(uint8_t address, uint8_t reg, uint8_t *bytes, size_t count);
bool bus_raw_receive(uint8_t address, uint8_t *bytes, size_t count);
bool bus_raw_write(uint8_t address, uint8_t reg, const uint8_t *bytes, size_t count);
void bus_clock_free(void); /* the part that holds the bus is clocked out */

/* Beside the IMU, switched on. Taken off again by bus_remove. */
void bus_add(const part_t *part);
void bus_remove(const part_t *part);

/* NULL: no IMU on the bus. The true rate is the part's own, whatever it was set to. */
void bus_plug(const part_t *part, uint32_t rate_millihz);
void bus_advance(uint32_t us);
uint64_t bus_now_us(void);
/* Frames made are those of `frame`, or with the frame's number as rotation around x. */
void bus_show(const int16_t frame[6]);
void bus_show_numbers(void);
/* Frame `number` is what `frame_at` writes. */
void bus_play(void (*frame_at)(uint32_t number, int16_t frame[6]));
/* The next frame is number 0. */
void bus_count_anew(void);
/* When frame `number` was made. */
uint64_t bus_made_us(uint32_t number);

void bus_unplug(void);                   /* it does not acknowledge */
void bus_plug_again(void);               /* switched on anew */
void bus_hold_low(void);                 /* no transfer works until the bus is recovered */
void bus_jam(bool is_jammed);            /* no transfer works, and recovering does not help */
void bus_fail_every(uint32_t transfers); /* one of so many is not acknowledged; 0: none */
/* The write of one byte that is the `write`th from now on arrives with these bits turned over; the
 * part acknowledges it, for I2C has no checksum. */
void bus_garble(uint32_t write, uint8_t bits);
uint32_t bus_transfers(void);

#endif
