/* solve.h - dense linear systems in fixed tiles (256 rows) of LAPACK and BLAS calls that our pool
 * schedules. */
#ifndef PAL_MATH_SOLVE_H
#define PAL_MATH_SOLVE_H

#include <stdint.h>

#include "palate.h"

/* Inverts a symmetric positive definite matrix [n, n] in place, both triangles filled: tiled
 * Cholesky, inverse of the factor, product of the inverse with its transpose. Only the lower
 * triangle of `a` is read. Extra memory: a few tiles a thread. PAL_EDATA when it is not positive
 * definite (`what` names it in the sentence). About n³ flops. */
pal_status pal_spd_inverse(pal_ctx *ctx, const char *what, float *a, int64_t n);

#endif
