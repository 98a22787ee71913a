/* Calls gestures by name over Serial, on a Nano 33 BLE Sense. Rev2: take Arduino_BMI270_BMM150.h
 * instead, and 99840 for SENSOR_MHZ; its axes differ, see README.md. */
#include <Arduino_LSM9DS1.h>
#include <gesture.h>

const uint32_t SENSOR_MHZ = 119000;                  // samples per 1000 s
const float ROTATION = 70.0f * 32768 / 2000 / 1000;  // that library tells 12.8 % too little

rate_lock_t rateLock;
recognizer_t recognizer;
sample_t sample;
int8_t testInput[MODEL_WINDOW * MODEL_CHANNELS];

void nothing() {}

void setup() {
  Serial.begin(115200);
  if (selftest_crc(testInput, nothing) != MODEL.selftest_crc) Serial.println("self-test failed");
  if (!IMU.begin()) Serial.println("no sensor");
  rate_lock_begin(&rateLock, SENSOR_MHZ, MODEL.rate_mhz);
  recognizer_reset(&recognizer);
}

bool readSample() {
  float a[3], g[3];
  if (!IMU.accelerationAvailable() || !IMU.gyroscopeAvailable()) return false;
  IMU.readAcceleration(a[0], a[1], a[2]);
  IMU.readGyroscope(g[0], g[1], g[2]);
  for (int i = 0; i < 3; i++) {
    sample.value[i] = lroundf(a[i] * 1000);
    sample.value[3 + i] = lroundf(g[i] * ROTATION * 1000);
  }
  sample.t_us = micros();
  return true;
}

void loop() {
  if (!readSample()) return;
  if (rate_lock_push(&rateLock, &sample)) recognizer_reset(&recognizer);
  sample.seq++;
  sample_t paced;
  while (rate_lock_pop(&rateLock, &paced)) {
    if (rateLock.state == RATE_OFF) continue;
    const recognition_t result = recognizer_push(&recognizer, paced.value, paced.t_us);
    if (result.has_event) Serial.println(MODEL.labels[result.event.class_index]);
  }
}
