/* dense.h - dense matrices, and products of them cut into fixed tiles that our pool schedules.
 *
 * BLAS is called with one thread on tiles whose shapes do not depend on the thread count: same bytes for any of them on one
 * BLAS build and core type. */
#ifndef PAL_MATH_DENSE_H
#define PAL_MATH_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parallel.h"

typedef struct {
    float *values; /* [n_rows, n_cols], row-major */
    int64_t n_rows, n_cols;
} pal_matrix;

/* Tells BLAS to keep to the calling thread. Called by every function here that uses BLAS; cheap after the first time. */
void pal_blas_single(void);

/* out [m, n] = a [m, k] · b [n, k]ᵀ. */
void pal_multiply_transposed(pal_pool *pool, const float *a, const float *b, int64_t m, int64_t n, int64_t k, float *out);

#endif
