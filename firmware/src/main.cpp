/* The Arduino core's two entry points. */
extern "C" {
#include "app.h"
}

void setup() { app_begin(); }

void loop() { app_poll(); }
