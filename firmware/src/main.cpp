/* The Arduino core's two entry points, which it declares as C. */
extern "C" {
#include "app.h"

void setup(void) { app_begin(); }

void loop(void) { app_poll(); }
}
