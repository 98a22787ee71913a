/* Runs the network again and again, and prints its first output and the time it took. Your sketch
 * has a sensor in place of the zeros. */
#include <MODEL_NAME.h>

MODEL_BUFFERS;

void setup() {
  Serial.begin(115200);
  MODEL_NAME_reset();
}

void loop() {
  const unsigned long start = micros();
  MODEL_NAME_invoke(MODEL_ARGUMENTS);
  const unsigned long took = micros() - start;
  Serial.print(MODEL_FIRST_OUTPUT[0]);
  Serial.print(" in ");
  Serial.print(took);
  Serial.println(" us");
  delay(1000);
}
