/* Calls gestures by name over Serial, on a Nano 33 BLE Sense. Rev2: take Arduino_BMI270_BMM150.h
 * instead, and 99840 for SENSOR_MILLIHZ; its axes differ, see README.md. */
#include <Arduino_LSM9DS1.h>
#include <gesture.h>

const uint32_t SENSOR_MILLIHZ = 119000;              // samples per 1000 s
const float ROTATION = 70.0f * 32768 / 2000 / 1000;  // that library says 12.8 % too little

gesture_sample_t sample;
gesture_event_t event;

void setup() {
  Serial.begin(115200);
  if (!gesture_selftest(nullptr)) Serial.println("self-test failed");
  if (!IMU.begin()) Serial.println("no sensor");
  gesture_begin(SENSOR_MILLIHZ);
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
  if (readSample() && gesture_push(&sample, &event)) Serial.println(event.label);
}
