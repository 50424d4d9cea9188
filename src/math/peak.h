/* peak.h - what this machine can do at this moment: the measure that heavy work is held against. */
#ifndef PAL_MATH_PEAK_H
#define PAL_MATH_PEAK_H

#include "base/parallel.h"

typedef struct {
    double multiply_adds; /* of floats a second, by all threads together, in registers */
    double bytes; /* a second moved by a[i] = b[i] + s c[i] over more than any cache holds */
} pal_peak;

/* Takes about a tenth of a second and 192 MB; zero where there is no memory for it. */
pal_peak pal_peak_measure(pal_pool *pool);

#endif
