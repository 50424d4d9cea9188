/* linear.c - one GEMM a direction. */
#include "nn/linear.h"

#include <cblas.h>
#include <string.h>

#include "math/dense.h"
#include "nn/loops.h"

void pal_gemm(bool a_transposed, bool b_transposed, int64_t n, int64_t m, int64_t k,
              const pal_real *a, int64_t lda, const pal_real *b, int64_t ldb, pal_real beta,
              pal_real *c, int64_t ldc) {
    if (n == 0 || m == 0) return;
    pal_blas_single();
#ifdef PAL_REAL_IS_DOUBLE
    cblas_dgemm(
#else
    cblas_sgemm(
#endif
        CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans,
        b_transposed ? CblasTrans : CblasNoTrans, (blasint)n, (blasint)m, (blasint)k, 1, a,
        (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

void pal_linear_forward(const pal_real *x, const pal_real *w, const pal_real *b, int64_t n,
                        int64_t n_in, int64_t n_out, pal_real *y) {
    for (int64_t r = 0; b && r < n; r++) memcpy(y + r * n_out, b, (size_t)n_out * sizeof *y);
    pal_gemm(false, true, n, n_out, n_in, x, n_in, w, n_in, b ? 1 : 0, y, n_out);
}

void pal_linear_backward(const pal_real *x, const pal_real *w, const pal_real *dy, int64_t n,
                         int64_t n_in, int64_t n_out, pal_real *dx, pal_real *dw, pal_real *db) {
    if (n == 0) return;
    if (dx) pal_gemm(false, false, n, n_in, n_out, dy, n_out, w, n_in, 0, dx, n_in);
    if (dw) pal_gemm(true, false, n_out, n_in, n, dy, n_out, x, n_in, 1, dw, n_in);
    for (int64_t r = 0; db && r < n; r++)
        pal_loops_best()->add_scaled(db, dy + r * n_out, 1, n_out);
}
