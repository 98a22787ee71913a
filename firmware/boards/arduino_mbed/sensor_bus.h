/* The sensors' I2C bus, on the core's Wire. */
#ifndef SENSOR_BUS_H
#define SENSOR_BUS_H

extern "C" {
#include "i2c_bus.h"
}

extern const i2c_bus_t SENSOR_BUS;

void sensor_bus_begin();

#endif
