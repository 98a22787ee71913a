/* A network that draws: from each move of the pen to a mixture of normal distributions of the next
 * one, which is drawn from them in integers: the same drawing on every machine.
 *
 * For each move the generator's numbers say first which distribution of the mixture, then what the
 * pen does, then, unless the drawing ends, two normal numbers. A temperature divides the logits of
 * both choices and multiplies the variances (Ha and Eck 2017, arXiv:1704.03477); at 0 each move is
 * the mean of the likeliest distribution. */
#ifndef SKETCHER_H
#define SKETCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "model_size.h"
#include "sampler.h"

/* What the network is given: dx, dy, and 1 for one of: the pen stays down, is lifted, has ended. */
enum { SKETCHER_DX, SKETCHER_DY, SKETCHER_DOWN, SKETCHER_LIFTED, SKETCHER_ENDED, SKETCHER_STEP };

typedef struct {
  int32_t dx, dy; /* thousandths of the drawing's unit; dy grows downwards */
  bool is_lifted; /* the pen, after the move */
} sketcher_move_t;

typedef struct {
  sampler_t sampler;
  uint32_t spread;               /* the root of the temperature, 16 bits after the point */
  int8_t input[SKETCHER_STEP];   /* the move before */
  int8_t outputs[MODEL_CLASSES]; /* see model_mixture_t */
  uint32_t weights[MODEL_CLASSES];
} sketcher_t;

/* Begins a drawing: the pen is put down. temperature_e4: temperature in ten-thousandths. Needs a
 * model that draws. */
void sketcher_begin(sketcher_t *sketcher, uint32_t temperature_e4, uint32_t seed);

/* Draws the next move, each of at most two million units; false where the drawing has ended. */
bool sketcher_draw(sketcher_t *sketcher, sketcher_move_t *move);

#endif
