/* linear.h - y = x wᵀ + b, and products of dense matrices for other layers. One BLAS thread: call
 * it from a chunk. A forward or backward pass takes n · n_in · n_out multiply-adds a product. */
#ifndef PAL_NN_LINEAR_H
#define PAL_NN_LINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "nn/real.h"

/* c [n, m] = beta c + op(a) op(b), op(a) [n, k], op(b) [k, m]; lda, ldb, ldc: elements between rows
 * as stored. */
void pal_gemm(bool a_transposed, bool b_transposed, int64_t n, int64_t m, int64_t k,
              const pal_real *a, int64_t lda, const pal_real *b, int64_t ldb, pal_real beta,
              pal_real *c, int64_t ldc);

/* x [n, n_in], w [n_out, n_in], b [n_out] or NULL, y [n, n_out]. */
void pal_linear_forward(const pal_real *x, const pal_real *w, const pal_real *b, int64_t n,
                        int64_t n_in, int64_t n_out, pal_real *y);
/* dx [n, n_in] (or NULL) is written; dw [n_out, n_in] and db [n_out] (or NULL) are added to. */
void pal_linear_backward(const pal_real *x, const pal_real *w, const pal_real *dy, int64_t n,
                         int64_t n_in, int64_t n_out, pal_real *dx, pal_real *dw, pal_real *db);

#endif
