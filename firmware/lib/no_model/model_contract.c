#include <stddef.h>

#include "model.h"
#include "model_size.h"

const model_t MODEL = {
    .contract_hash = "none",
    .window = MODEL_WINDOW,
    .hop = MODEL_HOP,
    .channels = MODEL_CHANNELS,
    .classes = 0,
    .policy = {.smoothing_windows = 1, .background = MODEL_NO_BACKGROUND},
    .invoke = NULL,
};
