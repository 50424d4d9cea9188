/* svd.c - subspace iteration with Rayleigh-Ritz steps (Halko, Martinsson, Tropp 2011, algorithm
 * 4.4).
 *
 * Q [n_cols, l], l somewhat more than k, starts as random numbers. A step: Y = A Q, Z = Aᵀ Y; the
 * eigenvectors R and values T of Yᵀ Y = Qᵀ Z are the Ritz vectors and values (squared singular
 * values); Q becomes Z R T⁻¹ with its columns made orthonormal. Q is kept in this order, so that
 * after the last step its first k columns are the answer. Inner products of tall blocks are sums of
 * doubles over blocks of rows; columns beyond the rank become 0 and stay so. */
#include "math/svd.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/progress.h"
#include "base/rng.h"
#include "math/dense.h"
#include "math/kernels.h"

enum {
    SVD_STEPS = 40,
    SVD_SPARSE_ROWS = 16, /* rows of a sparse product that one chunk takes */
    SVD_ROWS = 1024,      /* rows of a tall block between two sums in double */
    SVD_TILE = 64,        /* columns and rows of a tile of an inner product */
};

void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

typedef struct {
    pal_ctx *ctx;
    const char *what;
    const pal_svd_input *in;
    const pal_kernels *kernels;
    int32_t n_rows, n_cols, l;
    float *q;        /* [n_cols, l] */
    float *z;        /* [n_cols, l] */
    float *y;        /* [n_rows, l] */
    double *gram;    /* [l, l] row-major; after svd_eigen a row is an eigenvector */
    double *eigen;   /* [l] ascending */
    float *turn;     /* [l, l] a small matrix by which a tall one is multiplied */
    double *ritz;    /* [l] squared singular values, descending */
    double *work;    /* [n_work] of LAPACK */
    int *whole_work; /* [n_whole_work] */
    int n_work, n_whole_work;
    /* What a parallel section works on. */
    const float *left, *right; /* [n, l] */
    float *out;
    int64_t n;
    const pal_csr *sparse;
    const float *in_scales, *out_scales;
} svd_job;

/* --- sparse times tall --- */

static void svd_add_row(const svd_job *job, int64_t row, float *out) {
    const pal_csr *a = job->sparse;
    int64_t begin = a->starts[row], n = a->starts[row + 1] - begin;
    int32_t l = job->l;
    if (!a->values) {
        job->kernels->sum_rows(job->left, l, a->cols + begin, (int32_t)n, out, l);
        return;
    }
    memset(out, 0, (size_t)l * sizeof *out);
    for (int64_t e = begin; e < begin + n; e++) {
        const float *restrict from = job->left + (int64_t)a->cols[e] * l;
        float value = a->values[e];
        for (int32_t f = 0; f < l; f++) out[f] += value * from[f];
    }
}

/* out = diag(out_scales) sparse left; what `left` is scaled by is already in it. */
static void svd_sparse_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svd_job *job = arg;
    int64_t first = chunk * SVD_SPARSE_ROWS, last = first + SVD_SPARSE_ROWS;
    if (last > job->sparse->n_rows) last = job->sparse->n_rows;
    for (int64_t row = first; row < last; row++) {
        float *out = job->out + row * job->l;
        svd_add_row(job, row, out);
        for (int32_t f = 0; job->out_scales && f < job->l; f++) out[f] *= job->out_scales[row];
    }
}

static void svd_scale_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svd_job *job = arg;
    int64_t first = chunk * SVD_ROWS, last = first + SVD_ROWS < job->n ? first + SVD_ROWS : job->n;
    for (int64_t row = first; row < last; row++) {
        float *restrict out = job->out + row * job->l;
        const float *restrict from = job->left + row * job->l;
        for (int32_t f = 0; f < job->l; f++) out[f] = from[f] * job->in_scales[row];
    }
}

static int64_t svd_chunks(int64_t n, int64_t size) { return (n + size - 1) / size; }

/* y = A q, z = Aᵀ y. The column scales stand on both sides of A; z is scratch for the first. */
static void svd_multiply(svd_job *job) {
    pal_pool *pool = job->ctx->pool;
    const pal_svd_input *in = job->in;
    job->left = job->q;
    if (in->col_scales) {
        job->out = job->z;
        job->n = job->n_cols;
        job->in_scales = in->col_scales;
        pal_parallel(pool, svd_chunks(job->n, SVD_ROWS), svd_scale_chunk, job);
        job->left = job->z;
    }
    job->sparse = in->a;
    job->out = job->y;
    job->out_scales = in->row_scales;
    pal_parallel(pool, svd_chunks(job->n_rows, SVD_SPARSE_ROWS), svd_sparse_chunk, job);
}

static void svd_multiply_back(svd_job *job) {
    pal_pool *pool = job->ctx->pool;
    const pal_svd_input *in = job->in;
    if (in->row_scales) {
        job->left = job->out = job->y;
        job->n = job->n_rows;
        job->in_scales = in->row_scales;
        pal_parallel(pool, svd_chunks(job->n, SVD_ROWS), svd_scale_chunk, job);
    }
    job->sparse = in->transposed;
    job->left = job->y;
    job->out = job->z;
    job->out_scales = in->col_scales;
    pal_parallel(pool, svd_chunks(job->n_cols, SVD_SPARSE_ROWS), svd_sparse_chunk, job);
    job->ctx->multiply_adds += 2.0 * job->l * (double)in->a->starts[job->n_rows];
}

/* --- tall times small --- */

/* One tile of gram = leftᵀ right: blocks of rows in float, their sum in double. */
static void svd_gram_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svd_job *job = arg;
    int64_t n_tiles = svd_chunks(job->l, SVD_TILE);
    int32_t l = job->l, i = (int32_t)(chunk / n_tiles) * SVD_TILE,
            j = (int32_t)(chunk % n_tiles) * SVD_TILE;
    if (j > i) return; /* the lower triangle will do */
    int32_t height = l - i < SVD_TILE ? l - i : SVD_TILE,
            width = l - j < SVD_TILE ? l - j : SVD_TILE;
    double sums[SVD_TILE * SVD_TILE] = {0};
    float part[SVD_TILE * SVD_TILE];
    for (int64_t row = 0; row < job->n; row += SVD_ROWS) {
        int n = (int)(job->n - row < SVD_ROWS ? job->n - row : SVD_ROWS);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, height, width, n, 1,
                    job->left + row * l + i, l, job->right + row * l + j, l, 0, part, SVD_TILE);
        for (int32_t r = 0; r < height; r++) {
            for (int32_t c = 0; c < width; c++)
                sums[r * SVD_TILE + c] += (double)part[r * SVD_TILE + c];
        }
    }
    for (int32_t r = 0; r < height; r++) {
        for (int32_t c = 0; c < width; c++)
            job->gram[(int64_t)(i + r) * l + j + c] = sums[r * SVD_TILE + c];
    }
}

static void svd_gram(svd_job *job, const float *a, int64_t n) {
    int64_t n_tiles = svd_chunks(job->l, SVD_TILE);
    job->left = job->right = a;
    job->n = n;
    pal_parallel(job->ctx->pool, n_tiles * n_tiles, svd_gram_chunk, job);
    job->ctx->multiply_adds += (double)n * job->l * job->l / 2;
}

/* Eigenvalues ascending and, as rows of gram, their vectors. */
static pal_status svd_eigen(svd_job *job) {
    int l = job->l, info = 0;
    /* LAPACK reads columns first: our lower triangle is its upper one. */
    dsyevd_("V", "U", &l, job->gram, &l, job->eigen, job->work, &job->n_work, job->whole_work,
            &job->n_whole_work, &info);
    if (info != 0)
        return pal_fail(job->ctx, PAL_EDATA,
                        "%s: the singular values cannot be found: the values of the log are too "
                        "large or too uneven; try other --events weights",
                        job->what);
    return PAL_OK;
}

static void svd_turn_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svd_job *job = arg;
    int64_t first = chunk * SVD_ROWS;
    int n = (int)(job->n - first < SVD_ROWS ? job->n - first : SVD_ROWS), l = job->l;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, l, l, 1, job->left + first * l, l,
                job->turn, l, 0, job->out + first * l, l);
}

/* out = a times the eigenvectors, the largest first, column i divided by eigenvalue_i^power; those
 * of eigenvalues that are nothing beside the largest become 0. */
static void svd_turn(svd_job *job, const float *a, double power, float *out) {
    int32_t l = job->l;
    double least = 1e-10 * job->eigen[l - 1];
    for (int32_t i = 0; i < l; i++) {
        int32_t from = l - 1 - i;
        bool counts = job->eigen[from] > least && job->eigen[from] > 0;
        double scale = counts ? 1 / pow(job->eigen[from], power) : 0;
        for (int32_t f = 0; f < l; f++)
            job->turn[(int64_t)f * l + i] = (float)(job->gram[(int64_t)from * l + f] * scale);
    }
    job->left = a;
    job->out = out;
    job->n = job->n_cols;
    pal_parallel(job->ctx->pool, svd_chunks(job->n, SVD_ROWS), svd_turn_chunk, job);
    job->ctx->multiply_adds += (double)job->n * l * l;
}

/* q = z with orthonormal columns; z is not kept. */
static pal_status svd_orthonormalize(svd_job *job) {
    svd_gram(job, job->z, job->n_cols);
    TRY(svd_eigen(job));
    svd_turn(job, job->z, 0.5, job->q);
    return PAL_OK;
}

/* --- the whole --- */

static void svd_start_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const svd_job *job = arg;
    pal_rng rng = pal_rng_at(pal_seed_for(job->ctx->seed, "svd"), (uint64_t)chunk);
    int64_t first = chunk * SVD_ROWS,
            last = first + SVD_ROWS < job->n_cols ? first + SVD_ROWS : job->n_cols;
    for (int64_t i = first * job->l; i < last * job->l; i++)
        job->z[i] = (float)pal_rng_normal(&rng);
}

static pal_status svd_alloc(svd_job *job, pal_arena *arena) {
    int64_t l = job->l;
    double bytes =
        4.0 * (double)l * (2.0 * job->n_cols + job->n_rows) + 28.0 * (double)l * (double)l;
    if (bytes > (double)job->ctx->memory_limit) return pal_fail_memory(job->ctx, job->what, bytes);
    job->n_work = (int)(1 + 6 * l + 2 * l * l);
    job->n_whole_work = (int)(3 + 5 * l);
    job->q = PAL_ARENA_ARRAY(arena, float, job->n_cols *l);
    job->z = PAL_ARENA_ARRAY(arena, float, job->n_cols *l);
    job->y = PAL_ARENA_ARRAY(arena, float, job->n_rows *l);
    job->gram = PAL_ARENA_ARRAY(arena, double, l *l);
    job->turn = PAL_ARENA_ARRAY(arena, float, l *l);
    job->eigen = PAL_ARENA_ARRAY(arena, double, l);
    job->ritz = PAL_ARENA_ARRAY(arena, double, l);
    job->work = PAL_ARENA_ARRAY(arena, double, job->n_work);
    job->whole_work = PAL_ARENA_ARRAY(arena, int, job->n_whole_work);
    return job->q && job->z && job->y && job->gram && job->turn && job->eigen && job->ritz &&
                   job->work && job->whole_work
               ? PAL_OK
               : pal_fail_memory(job->ctx, job->what, bytes);
}

/* One step; *sum is that of the k largest Ritz values. */
static pal_status svd_step(svd_job *job, double *sum) {
    svd_multiply(job);
    svd_gram(job, job->y, job->n_rows);
    TRY(svd_eigen(job));
    *sum = 0;
    for (int32_t i = 0; i < job->l; i++) {
        double value = job->eigen[job->l - 1 - i];
        job->ritz[i] = value > 0 ? value : 0;
        if (i < job->in->k) *sum += job->ritz[i];
    }
    return PAL_OK;
}

static pal_status svd_iterate(svd_job *job) {
    double sum = 0, before = 0;
    pal_parallel(job->ctx->pool, svd_chunks(job->n_cols, SVD_ROWS), svd_start_chunk, job);
    TRY(svd_orthonormalize(job));
    for (int32_t step = 0;; step++) {
        TRY(pal_check_cancelled(job->ctx));
        pal_progress_update(job->ctx, job->what, step, SVD_STEPS);
        TRY(svd_step(job, &sum));
        if (step == SVD_STEPS || !(sum > before * (1 + 1e-6))) break;
        before = sum;
        /* Z R T⁻¹ is nearly orthonormal already, which is what keeps floats exact enough. */
        svd_multiply_back(job);
        svd_turn(job, job->z, 1, job->q);
        memcpy(job->z, job->q, (size_t)job->n_cols * (size_t)job->l * sizeof *job->z);
        TRY(svd_orthonormalize(job));
    }
    svd_turn(job, job->q, 0, job->z);
    return PAL_OK;
}

pal_status pal_svd(pal_ctx *ctx, const char *what, const pal_svd_input *input, float *vectors,
                   float *values) {
    int32_t k = input->k, n_cols = input->a->n_cols, extra = k / 2 > 32 ? k / 2 : 32;
    svd_job job = {.ctx = ctx,
                   .what = what,
                   .in = input,
                   .kernels = pal_kernels_best(),
                   .n_rows = input->a->n_rows,
                   .n_cols = n_cols,
                   .l = k + extra < n_cols ? k + extra : n_cols};
    pal_arena arena = {0};
    pal_blas_single();
    pal_status status = svd_alloc(&job, &arena);
    if (status == PAL_OK) status = svd_iterate(&job);
    if (status == PAL_OK) {
        memset(vectors, 0, (size_t)n_cols * (size_t)k * sizeof *vectors);
        for (int32_t i = 0; i < k; i++) values[i] = i < job.l ? (float)sqrt(job.ritz[i]) : 0;
        for (int64_t c = 0; c < n_cols; c++)
            memcpy(vectors + c * k, job.z + c * job.l,
                   (size_t)(k < job.l ? k : job.l) * sizeof *vectors);
    }
    pal_arena_release(&arena);
    return status;
}
