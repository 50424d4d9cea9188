/* solve.c - the inverse of a symmetric positive definite matrix, in place and in tiles.
 *
 * Three passes over row-major tiles: A = L Lᵀ, L ← L⁻¹, A⁻¹ = L⁻ᵀ L⁻¹. Each step of a pass is a
 * phase of independent tile operations (the loop orders are those of tiled libraries such as
 * PLASMA; Agullo et al. 2011). LAPACK reads columns first: our lower triangle is its upper one. */
#include "math/solve.h"

#include <cblas.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "math/csr.h"
#include "math/dense.h"

enum { SOLVE_TILE = 384, SOLVE_STRIP = 4 }; /* rows of a tile; tiles that one product spans */

void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void strtri_(const char *uplo, const char *diag, const int *n, float *a, const int *lda, int *info);
void slauum_(const char *uplo, const int *n, float *a, const int *lda, int *info);

typedef struct {
    float *a; /* [n, n] */
    int64_t n, n_tiles;
    int64_t k; /* the tile of this step */
} solve_job;

static float *solve_tile(const solve_job *job, int64_t i, int64_t j) {
    return job->a + i * SOLVE_TILE * job->n + j * SOLVE_TILE;
}

static int solve_size(const solve_job *job, int64_t i) {
    int64_t left = job->n - i * SOLVE_TILE;
    return (int)(left < SOLVE_TILE ? left : SOLVE_TILE);
}

/* Columns of the tiles [j, j_end). */
static int solve_width(const solve_job *job, int64_t j, int64_t j_end) {
    int64_t end = j_end * SOLVE_TILE < job->n ? j_end * SOLVE_TILE : job->n;
    return (int)(end - j * SOLVE_TILE);
}

/* Chunks number the strips of a triangle: row i of it has tiles [0, i], in strips of SOLVE_STRIP.
 */
static void solve_strip(int64_t chunk, int64_t *row, int64_t *strip) {
    int64_t i = 0;
    for (int64_t in_row = 1; chunk >= in_row; in_row = i / SOLVE_STRIP + 1) {
        chunk -= in_row;
        i++;
    }
    *row = i;
    *strip = chunk;
}

static int64_t solve_strips(int64_t rows) {
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) count += i / SOLVE_STRIP + 1;
    return count;
}

/* --- A = L Lᵀ --- */

static void solve_cholesky_column(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int64_t i = job->k + 1 + chunk;
    int n = (int)job->n;
    cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, solve_size(job, i),
                solve_size(job, job->k), 1, solve_tile(job, job->k, job->k), n,
                solve_tile(job, i, job->k), n);
}

/* A[i, j…] -= L[i, k] L[j…, k]ᵀ. The part of a diagonal tile above the diagonal is filled too;
 * nobody reads it. */
static void solve_cholesky_update(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int64_t row, strip;
    solve_strip(chunk, &row, &strip);
    int64_t first = job->k + 1, i = first + row, j = first + strip * SOLVE_STRIP;
    int64_t j_end = j + SOLVE_STRIP < i + 1 ? j + SOLVE_STRIP : i + 1;
    int n = (int)job->n;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, solve_size(job, i),
                solve_width(job, j, j_end), solve_size(job, job->k), -1, solve_tile(job, i, job->k),
                n, solve_tile(job, j, job->k), n, 1, solve_tile(job, i, j), n);
}

static pal_status solve_cholesky(pal_ctx *ctx, const char *what, solve_job *job) {
    pal_pool *pool = ctx->pool;
    for (int64_t k = 0; k < job->n_tiles; k++) {
        int size = solve_size(job, k), n = (int)job->n, info = 0;
        TRY(pal_check_cancelled(ctx));
        job->k = k;
        spotrf_("U", &size, solve_tile(job, k, k), &n, &info);
        if (info != 0) {
            return pal_fail(
                ctx, PAL_EDATA,
                "%s cannot be inverted: it is not positive definite; use more regularization",
                what);
        }
        int64_t below = job->n_tiles - k - 1;
        pal_parallel(pool, below, solve_cholesky_column, job);
        pal_parallel(pool, solve_strips(below), solve_cholesky_update, job);
    }
    return PAL_OK;
}

/* --- L ← L⁻¹ --- */

static void solve_invert_column(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int64_t i = job->k + 1 + chunk;
    int n = (int)job->n;
    cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit,
                solve_size(job, i), solve_size(job, job->k), -1, solve_tile(job, job->k, job->k), n,
                solve_tile(job, i, job->k), n);
}

/* L[i, j…] += L[i, k] L[k, j…] for the tiles left of column k. */
static void solve_invert_update(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int64_t strips = (job->k + SOLVE_STRIP - 1) / SOLVE_STRIP;
    int64_t i = job->k + 1 + chunk / strips, j = chunk % strips * SOLVE_STRIP;
    int64_t j_end = j + SOLVE_STRIP < job->k ? j + SOLVE_STRIP : job->k;
    int n = (int)job->n;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, solve_size(job, i),
                solve_width(job, j, j_end), solve_size(job, job->k), 1, solve_tile(job, i, job->k),
                n, solve_tile(job, job->k, j), n, 1, solve_tile(job, i, j), n);
}

static void solve_invert_row(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int n = (int)job->n;
    cblas_strsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit,
                solve_size(job, job->k), solve_size(job, chunk), 1, solve_tile(job, job->k, job->k),
                n, solve_tile(job, job->k, chunk), n);
}

static pal_status solve_invert(pal_ctx *ctx, solve_job *job) {
    pal_pool *pool = ctx->pool;
    for (int64_t k = 0; k < job->n_tiles; k++) {
        TRY(pal_check_cancelled(ctx));
        job->k = k;
        int64_t below = job->n_tiles - k - 1;
        pal_parallel(pool, below, solve_invert_column, job);
        pal_parallel(pool, below * ((k + SOLVE_STRIP - 1) / SOLVE_STRIP), solve_invert_update, job);
        pal_parallel(pool, k, solve_invert_row, job);
        int size = solve_size(job, k), n = (int)job->n, info = 0;
        strtri_("U", "N", &size, solve_tile(job, k, k), &n, &info);
    }
    return PAL_OK;
}

/* --- A⁻¹ = L⁻ᵀ L⁻¹ --- */

/* A[i, j…] += L[k, i]ᵀ L[k, j…] for the tiles above row k. */
static void solve_product_update(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int64_t i, strip;
    solve_strip(chunk, &i, &strip);
    int64_t j = strip * SOLVE_STRIP, j_end = j + SOLVE_STRIP < i + 1 ? j + SOLVE_STRIP : i + 1;
    int n = (int)job->n;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, solve_size(job, i),
                solve_width(job, j, j_end), solve_size(job, job->k), 1, solve_tile(job, job->k, i),
                n, solve_tile(job, job->k, j), n, 1, solve_tile(job, i, j), n);
}

static void solve_product_row(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    int n = (int)job->n;
    cblas_strmm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit,
                solve_size(job, job->k), solve_size(job, chunk), 1, solve_tile(job, job->k, job->k),
                n, solve_tile(job, job->k, chunk), n);
}

static pal_status solve_product(pal_ctx *ctx, solve_job *job) {
    pal_pool *pool = ctx->pool;
    for (int64_t k = 0; k < job->n_tiles; k++) {
        TRY(pal_check_cancelled(ctx));
        job->k = k;
        pal_parallel(pool, solve_strips(k), solve_product_update, job);
        pal_parallel(pool, k, solve_product_row, job);
        int size = solve_size(job, k), n = (int)job->n, info = 0;
        slauum_("U", &size, solve_tile(job, k, k), &n, &info);
    }
    return PAL_OK;
}

static void solve_mirror(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const solve_job *job = arg;
    pal_mirror_lower(job->a, job->n, chunk);
}

pal_status pal_spd_inverse(pal_ctx *ctx, const char *what, float *a, int64_t n) {
    pal_blas_single();
    solve_job job = {.a = a, .n = n, .n_tiles = (n + SOLVE_TILE - 1) / SOLVE_TILE};
    TRY(solve_cholesky(ctx, what, &job));
    TRY(solve_invert(ctx, &job));
    TRY(solve_product(ctx, &job));
    pal_parallel(ctx->pool, (n + PAL_MIRROR_ROWS - 1) / PAL_MIRROR_ROWS, solve_mirror, &job);
    return PAL_OK;
}
