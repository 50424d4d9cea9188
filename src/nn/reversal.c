/* reversal.c - the sign and how it grows. */
#include "nn/reversal.h"

#include <math.h>

void pal_reversal_backward(const pal_real *dy, pal_real strength, pal_real *dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) dx[i] = -strength * dy[i];
}

double pal_reversal_strength(double share) { return 2 / (1 + exp(-10 * share)) - 1; }
