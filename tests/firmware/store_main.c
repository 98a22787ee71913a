#include "store_steps.h"

int main(void) {
  begin_steps();
  for (;;) app_poll();
}
