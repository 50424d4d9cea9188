/* dense.h - dense matrices, and how BLAS is used: one thread a call, on tiles that our pool
 * schedules. */
#ifndef PAL_MATH_DENSE_H
#define PAL_MATH_DENSE_H

#include <stdint.h>

typedef struct {
    float *values; /* [n_rows, n_cols], row-major */
    int64_t n_rows, n_cols;
} pal_matrix;

/* Tells BLAS to keep to the calling thread; whoever calls BLAS calls this first. Cheap after the
 * first time. */
void pal_blas_single(void);

#endif
