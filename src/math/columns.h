/* columns.h - each column of a sparse matrix as a sum of the columns most tied to it. */
#ifndef PAL_MATH_COLUMNS_H
#define PAL_MATH_COLUMNS_H

#include "math/csr.h"
#include "palate.h"

/* For each column i of X (by_row, its transpose by_col) the weights b that minimize
 * |x_i - Σ_{j in D_i} b_j x_j|² + l2 |b|², D_i the at most k other columns with the largest
 * x_i·x_j / sqrt((x_i² + l2) (x_j² + l2)). neighbours and weights are [n_cols, k], by falling tie;
 * counts [n_cols]. With k = n_cols it is the inverse of XᵀX + l2 I, column by column, scaled.
 *
 * Of each column the 4 k strongest ties are kept, inner products beyond them count as 0; where that
 * leaves no positive definite system, all ties in it are shrunk by a tenth until it is one. About
 * k³ / 3 flops and 4 k² look-ups a column, 32 k bytes a column meanwhile. Columns are independent:
 * same bytes for any thread count (of one BLAS build and core type). PAL_ENOMEM over
 * ctx->memory_limit. */
pal_status pal_columns_regress(pal_ctx *ctx, const char *what, const pal_csr *by_row,
                               const pal_csr *by_col, double l2, int32_t k, int32_t *neighbours,
                               float *weights, int32_t *counts);
/* Bytes that it takes beside its results. */
double pal_columns_bytes(int32_t n_cols, int32_t k);

#endif
