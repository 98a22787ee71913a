/* All that an application needs: hold samples to the model's rate, and recognise gestures in them.
 * example.c shows the calls, in the order in which they belong. */
#ifndef GESTURE_H
#define GESTURE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "model.h"
#include "model_size.h"
#include "rate_lock.h"
#include "recognizer.h"
#include "sample.h"
#include "selftest.h"

#ifdef __cplusplus
}
#endif

#endif
