/* What the files of the twin share. */
#ifndef TWIN_STATE_H
#define TWIN_STATE_H

#include "recognizer.h"

extern recognizer_t twin_recognizer;

#endif
