/* norm.h - layer norm (Ba, Kiros, Hinton 2016): y = gain (x - mean) / √(variance + ε) + bias over
 * each row, the variance that of the population. About 8 flops an element. */
#ifndef PAL_NN_NORM_H
#define PAL_NN_NORM_H

#include <stdint.h>

#include "nn/real.h"

/* x, y [n, width]; gain, bias [width]; kept [n, 2]: mean and 1 / √(variance + ε), for backward. y
 * may be x where nobody goes backward. */
void pal_norm_forward(const pal_real *x, const pal_real *gain, const pal_real *bias, int64_t n,
                      int64_t width, double epsilon, pal_real *y, pal_real *kept);
/* dx [n, width] is written (may be dy); dgain, dbias [width] are added to. */
void pal_norm_backward(const pal_real *x, const pal_real *gain, const pal_real *kept,
                       const pal_real *dy, int64_t n, int64_t width, pal_real *dx, pal_real *dgain,
                       pal_real *dbias);

#endif
