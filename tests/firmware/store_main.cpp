extern "C" {
#include "store_steps.h"

void setup(void) { begin_steps(); }

void loop(void) { app_poll(); }
}
