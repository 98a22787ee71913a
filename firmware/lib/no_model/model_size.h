/* A board without a model: sizes that let the rest compile. */
#ifndef MODEL_SIZE_H
#define MODEL_SIZE_H

#define MODEL_TASK MODEL_GESTURE
#define MODEL_WINDOW 1
#define MODEL_HOP 1
#define MODEL_FEED 1
#define MODEL_CHANNELS 6
#define MODEL_CLASSES 1
#define MODEL_LEARNED 0
#define MODEL_TOKENS 1

#endif
