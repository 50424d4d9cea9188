/* svd.h - the largest singular values of a sparse matrix and their right vectors, from a random
 * start (Halko, Martinsson, Tropp 2011). */
#ifndef PAL_MATH_SVD_H
#define PAL_MATH_SVD_H

#include "math/csr.h"
#include "palate.h"

typedef struct {
    const pal_csr *a, *transposed; /* values of both, or of neither: all 1 */
    const float *row_scales;       /* [n_rows], or NULL: the matrix is diag(row_scales) a */
    const float *col_scales;       /* [n_cols], or NULL: … diag(col_scales) */
    int32_t k;                     /* singular values that are asked for */
} pal_svd_input;

/* vectors [n_cols, k]: the right singular vectors of the k largest singular values, orthonormal
 * columns, the largest first; values [k]. Beyond the rank both are 0. Power iterations go on until
 * the sum of the squared values rises by less than 1e-6 of itself, at most 40 times, each with 4 k
 * multiply-adds an entry and about 10 k² a row and column. Same bytes for any thread count (of one
 * BLAS build and core type). PAL_ENOMEM over ctx->memory_limit: about 8 k bytes a row and twice
 * that a column. */
pal_status pal_svd(pal_ctx *ctx, const char *what, const pal_svd_input *input, float *vectors,
                   float *values);

#endif
