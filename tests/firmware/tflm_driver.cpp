// Runs engines/tflm on feeds from stdin, with an interpreter whose "network" is easy to check:
// output c is the sum of what is at place c of each sample, over the whole window.
#include <cstdio>
#include <cstring>

extern "C" {
#include "model_network.h"
#include "model_size.h"
}
#include "tensorflow/lite/micro/micro_interpreter.h"

static int8_t window[MODEL_WINDOW * MODEL_CHANNELS];
static int8_t sums[MODEL_CLASSES];
static TfLiteTensor input_tensor, output_tensor;
static int invokes;

namespace tflite {
AllOpsResolver::AllOpsResolver() {}
const Model *GetModel(const void *buffer) { return static_cast<const Model *>(buffer); }
MicroInterpreter::MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *, size_t) {}
TfLiteStatus MicroInterpreter::AllocateTensors() {
  input_tensor.data.int8 = window;
  input_tensor.bytes = sizeof window;
  output_tensor.data.int8 = sums;
  output_tensor.bytes = sizeof sums;
  return kTfLiteOk;
}
TfLiteStatus MicroInterpreter::Invoke() {
  memset(sums, 0, sizeof sums);
  for (int i = 0; i < MODEL_WINDOW; i++)
    for (int c = 0; c < MODEL_CLASSES; c++) sums[c] += window[i * MODEL_CHANNELS + c];
  return invokes++ == FAILING_INVOKE ? kTfLiteError : kTfLiteOk;
}
TfLiteTensor *MicroInterpreter::input(size_t) { return &input_tensor; }
TfLiteTensor *MicroInterpreter::output(size_t) { return &output_tensor; }
}  // namespace tflite

int main() {
  int8_t feed[MODEL_FEED * MODEL_CHANNELS], output[MODEL_CLASSES];
  model_network_reset();
  while (fread(feed, sizeof feed, 1, stdin) == 1) {
    model_network_invoke(feed, output);
    fwrite(output, sizeof output, 1, stdout);
  }
}
