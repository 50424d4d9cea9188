/* columns.h - each column of a sparse matrix as a sum of the columns most tied to it. */
#ifndef PAL_MATH_COLUMNS_H
#define PAL_MATH_COLUMNS_H

#include "math/csr.h"
#include "palate.h"

/* For each column i of X (by_row, its transpose by_col) the weights b that minimize
 * |x_i - Σ_{j in D} b_j x_j|² + l2 |b|², D a set of about 2 k other columns that those most tied to
 * i lead, and of these b the k largest in size. neighbours and weights are [n_cols, k], by falling
 * size; counts [n_cols]. Where 2 k >= n_cols, D is all other columns; with k = n_cols it is the
 * inverse of XᵀX + l2 I, column by column, scaled.
 *
 * Inner products within D are exact. Groups of columns are independent: same bytes for any thread
 * count (of one BLAS build and core type). PAL_ENOMEM over ctx->memory_limit, PAL_EDATA where
 * XᵀX + l2 I is singular in float arithmetic. */
pal_status pal_columns_regress(pal_ctx *ctx, const char *what, const pal_csr *by_row,
                               const pal_csr *by_col, double l2, int32_t k, int32_t *neighbours,
                               float *weights, int32_t *counts);
/* Bytes that it takes beside its results, for a matrix of so many entries. */
double pal_columns_bytes(int32_t n_cols, int32_t k, int64_t n_entries, int32_t n_threads);
/* Floating-point operations of its solves. */
double pal_columns_flops(int32_t n_cols, int32_t k);

#endif
