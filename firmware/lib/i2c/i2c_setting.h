/* Settings of a part on the bus. I2C has no checksum: a bit that is read wrongly sets another
 * range, and every value after it is wrong without a word. */
#ifndef I2C_SETTING_H
#define I2C_SETTING_H

#include "i2c_bus.h"

/* False where the register cannot be written or does not have the value afterwards, twice. */
bool i2c_set(const i2c_bus_t *bus, uint8_t address, uint8_t reg, uint8_t value);

/* Of a register that cannot be read back: a command, or one that changes by itself. */
bool i2c_command(const i2c_bus_t *bus, uint8_t address, uint8_t reg, uint8_t value);

#endif
