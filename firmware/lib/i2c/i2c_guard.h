/* Keeps a stuck bus from stopping everything else: a transfer on a bus that a part holds low takes
 * up to 100 ms to fail, and the board does nothing else meanwhile. After one such transfer the bus
 * is left alone for a while: others fail at once until then. */
#ifndef I2C_GUARD_H
#define I2C_GUARD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t rests_until_us;
} i2c_guard_t;

/* Whether a transfer may be made now. */
bool i2c_guard_allows(const i2c_guard_t *guard, uint64_t now_us);

/* After each transfer: whether it worked, and when it began. */
void i2c_guard_note(i2c_guard_t *guard, bool worked, uint64_t began_us, uint64_t now_us);

/* The bus was freed: it may be asked at once. */
void i2c_guard_reset(i2c_guard_t *guard);

#endif
