/* The low-pass that a result is made with: a sinc under a window of Kaiser's.
 *
 * At a distance of d periods of the result it is 2 c sinc(2 c d) I0(b sqrt(1 - (d / r)^2)) / I0(b),
 * with cutoff c = 0.419 of the result's rate, reach r = RESAMPLE_REACH and b = 5.3 (Kaiser, 1974,
 * "Nonrecursive digital filter design using the I0-sinh window function"). Up to a third of that
 * rate it changes nothing by more than 50 dB below the signal; from half of it on, where a signal
 * would come back at a wrong frequency, it leaves less than 40 dB. */
#ifndef RESAMPLE_KERNEL_H
#define RESAMPLE_KERNEL_H

#include <stdint.h>

#define RESAMPLE_REACH 10         /* periods of the result, to either side */
#define RESAMPLE_KERNEL_POINTS 64 /* a period */

/* From the middle outwards, in 2^-15. */
extern const int16_t resample_kernel[RESAMPLE_REACH * RESAMPLE_KERNEL_POINTS + 1];

#endif
