/* TensorFlow Lite Micro in place of the compiled network: the same model, interpreted. It stands
 * behind the interface of the generated model_network.h, and gives the same bytes. */
#include <Chirale_TensorFlowLite.h>
#include <string.h>

#include "tensorflow/lite/micro/all_ops_resolver.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" {
#include "model_data.h"
#include "model_network.h"
#include "model_size.h"
}

namespace {

const size_t ARENA_BYTES = 96 * 1024;
const size_t FEED_BYTES = MODEL_FEED * MODEL_CHANNELS;
const int8_t LOWEST = -128; /* what a network that does not run says of every class */

alignas(16) uint8_t arena[ARENA_BYTES];
int8_t window[MODEL_WINDOW * MODEL_CHANNELS]; /* the interpreter always wants all of it */

/* Null where the model needs more memory or operators than there are: the self-test says so. */
tflite::MicroInterpreter *start() {
  static tflite::AllOpsResolver operators;
  static tflite::MicroInterpreter interpreter(tflite::GetModel(model_data), operators, arena,
                                              sizeof arena);
  if (interpreter.AllocateTensors() != kTfLiteOk) return nullptr;
  const bool fits =
      interpreter.input(0)->bytes == sizeof window && interpreter.output(0)->bytes == MODEL_CLASSES;
  return fits ? &interpreter : nullptr;
}

}  // namespace

extern "C" void model_network_reset(void) { memset(window, 0, sizeof window); }

extern "C" void model_network_invoke(const int8_t *input, int8_t *output) {
  static tflite::MicroInterpreter *const interpreter = start();
  memmove(window, window + FEED_BYTES, sizeof window - FEED_BYTES);
  memcpy(window + sizeof window - FEED_BYTES, input, FEED_BYTES);
  memset(output, LOWEST, MODEL_CLASSES);
  if (interpreter == nullptr) return;
  memcpy(interpreter->input(0)->data.int8, window, sizeof window);
  if (interpreter->Invoke() != kTfLiteOk) return;
  memcpy(output, interpreter->output(0)->data.int8, MODEL_CLASSES);
}
