/* slopes.h - backward passes against central differences, in double. */
#ifndef PAL_TESTS_SLOPES_H
#define PAL_TESTS_SLOPES_H

#include <math.h>

#include "support.h"

/* f's slope along each of a[n] is slopes[n]. */
static inline void check_slopes(double (*f)(void), double *a, const double *slopes, int64_t n) {
    const double step = 1e-5;
    for (int64_t i = 0; i < n; i++) {
        double was = a[i];
        a[i] = was + step;
        double above = f();
        a[i] = was - step;
        double below = f();
        a[i] = was;
        double slope = (above - below) / (2 * step);
        assert_true(fabs(slope - slopes[i]) <= 1e-6 * (1 + fabs(slope)));
    }
}

#endif
