#include "app.h"

int main(void) {
  app_begin();
  for (;;) app_poll();
}
