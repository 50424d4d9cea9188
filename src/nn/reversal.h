/* reversal.h - gradient reversal (Ganin and Lempitsky 2015): forward it changes nothing, backward
 * what goes through is turned round, so that layers below learn to deceive those above. */
#ifndef PAL_NN_REVERSAL_H
#define PAL_NN_REVERSAL_H

#include <stdint.h>

#include "nn/real.h"

/* dx = -strength dy; dx may be dy. */
void pal_reversal_backward(const pal_real *dy, pal_real strength, pal_real *dx, int64_t n);
/* The paper's strength after a share of training in [0, 1]: 2 / (1 + exp(-10 share)) - 1. */
double pal_reversal_strength(double share);

#endif
