/* How long each layer of the network takes: in an image built with NN_PROFILE, whose network calls
 * nn_layer_done after each layer. */
#ifndef PROFILE_H
#define PROFILE_H

#include <stdint.h>

#ifdef NN_PROFILE
#include "model_network.h"
#define PROFILE_LAYERS MODEL_NETWORK_LAYERS
#else
#define PROFILE_LAYERS 0
#endif
#define PROFILE_RUNS 10u

/* Forgets what was counted, and finds out what counting itself takes. */
void profile_begin(void);

/* To be called before each of PROFILE_RUNS runs of the network. */
void profile_start_run(void);

/* The board's ticks in all runs together. */
uint32_t profile_ticks(int32_t layer);

void nn_layer_done(int32_t layer);

#endif
