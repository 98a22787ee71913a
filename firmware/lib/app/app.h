/* The application of every board: streams samples, calls gestures, answers commands. */
#ifndef APP_H
#define APP_H

void app_begin(void);

/* One round of work; call it for ever. Returns within the time of a few inferences. */
void app_poll(void);

#endif
