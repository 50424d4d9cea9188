/* linear.c - ridge regression of many outputs with the strength chosen by rows left out.
 *
 * With X, Y centred by their weighted means, G = XᵀWX = Q E Qᵀ and Z = X Q, the map is
 * Q (E + l2)⁻¹ ZᵀWY, and a row left out is missed by (y - ŷ) / (1 - h), h = 1 / Σw w + Σ_j w z_j² /
 * (E_j + l2), ŷ from all rows (Allen 1974; Golub, Heath, Wahba 1979): all strengths cost one
 * decomposition. */
#include "models/transfer/linear.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "math/dense.h"

void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info);

enum { LINEAR_STRENGTHS = 9, LINEAR_LEFT_OUT = 2048 };
static const double linear_strengths[LINEAR_STRENGTHS] = {1e-4, 1e-3, 1e-2, 3e-2, 0.1,
                                                          0.3,  1,    3,    10};

typedef struct {
    const pal_linear_rows *rows;
    double weight;               /* Σ w */
    double *mean_from, *mean_to; /* [n_from], [n_to] */
    double *gram, *cross; /* [n_from, n_from] then Q by columns, [n_from, n_to] then QᵀXᵀWY */
    double *turned_cross; /* [n_from, n_to] */
    double *values;       /* [n_from] E, then what LAPACK needs */
    int32_t *integers;
    double *errors; /* [LINEAR_LEFT_OUT, LINEAR_STRENGTHS] of rows left out */
    double *plain;  /* [LINEAR_LEFT_OUT] the same by the mean of the others */
    double *rooms;  /* [workers, 2 n_from + n_to] */
    int32_t step;   /* every so many rows are left out in turn */
} linear_job;

static double linear_weight(const pal_linear_rows *rows, int64_t r) {
    return rows->weights ? (double)rows->weights[r] : 1;
}

static void linear_average(linear_job *job) {
    const pal_linear_rows *rows = job->rows;
    for (int64_t r = 0; r < rows->n; r++) {
        double weight = linear_weight(rows, r);
        job->weight += weight;
        for (int32_t f = 0; f < rows->n_from; f++)
            job->mean_from[f] += weight * (double)rows->from[r * rows->n_from + f];
        for (int32_t f = 0; f < rows->n_to; f++)
            job->mean_to[f] += weight * (double)rows->to[r * rows->n_to + f];
    }
    for (int32_t f = 0; f < rows->n_from; f++) job->mean_from[f] /= job->weight;
    for (int32_t f = 0; f < rows->n_to; f++) job->mean_to[f] /= job->weight;
}

/* One row of G and of XᵀWY, summed over rows in order. */
static void linear_sum_row(void *arg, int64_t j, int32_t worker) {
    (void)worker;
    const linear_job *job = arg;
    const pal_linear_rows *rows = job->rows;
    double *gram = job->gram + j * rows->n_from, *cross = job->cross + j * rows->n_to;
    for (int64_t r = 0; r < rows->n; r++) {
        const float *from = rows->from + r * rows->n_from, *to = rows->to + r * rows->n_to;
        double x = linear_weight(rows, r) * ((double)from[j] - job->mean_from[j]);
        for (int32_t f = 0; f < rows->n_from; f++)
            gram[f] += x * ((double)from[f] - job->mean_from[f]);
        for (int32_t f = 0; f < rows->n_to; f++) cross[f] += x * ((double)to[f] - job->mean_to[f]);
    }
}

/* Eigenvector j of G stands in gram[j * n_from …] afterwards. */
static bool linear_decompose(linear_job *job) {
    int n = job->rows->n_from, n_reals = 1 + 6 * n + 2 * n * n, n_integers = 3 + 5 * n, info = 0;
    for (int64_t c = 0; c < (int64_t)n * n; c++) {
        if (!isfinite(job->gram[c])) return false;
    }
    pal_blas_single();
    dsyevd_("V", "L", &n, job->gram, &n, job->values, job->values + n, &n_reals, job->integers,
            &n_integers, &info);
    for (int64_t j = 0; j < n; j++) {
        job->values[j] = fmax(job->values[j], 0);
        double *out = job->turned_cross + j * job->rows->n_to;
        for (int64_t f = 0; f < n; f++) {
            double q = job->gram[j * n + f];
            const double *cross = job->cross + f * job->rows->n_to;
            for (int32_t t = 0; t < job->rows->n_to; t++) out[t] += q * cross[t];
        }
    }
    return info == 0;
}

/* What a strength adds to each eigenvalue: a share of their mean. */
static double linear_l2(const linear_job *job, int32_t strength) {
    double sum = 0;
    for (int32_t j = 0; j < job->rows->n_from; j++) sum += job->values[j];
    return linear_strengths[strength] * sum / job->rows->n_from + 1e-12 * (1 + sum);
}

static void linear_leave_out(void *arg, int64_t number, int32_t worker) {
    const linear_job *job = arg;
    const pal_linear_rows *rows = job->rows;
    int32_t n = rows->n_from, k = rows->n_to;
    int64_t r = number * job->step;
    double *turned = job->rooms + worker * (2 * (int64_t)n + k), *guess = turned + n;
    double weight = linear_weight(rows, r);
    const float *from = rows->from + r * n, *to = rows->to + r * k;
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int32_t f = 0; f < n; f++)
            sum += job->gram[j * n + f] * ((double)from[f] - job->mean_from[f]);
        turned[j] = sum;
    }
    for (int32_t s = 0; s <= LINEAR_STRENGTHS; s++) { /* the last one is the mean alone */
        double l2 = s < LINEAR_STRENGTHS ? linear_l2(job, s) : 0, hat = weight / job->weight;
        memset(guess, 0, (size_t)k * sizeof *guess);
        for (int32_t j = 0; s < LINEAR_STRENGTHS && j < n; j++) {
            double share = turned[j] / (job->values[j] + l2);
            hat += weight * turned[j] * share;
            for (int32_t t = 0; t < k; t++) guess[t] += share * job->turned_cross[j * k + t];
        }
        double sum = 0, left = fmax(1 - hat, 1e-6);
        for (int32_t t = 0; t < k; t++) {
            double miss = ((double)to[t] - job->mean_to[t] - guess[t]) / left;
            sum += (rows->importance ? (double)rows->importance[t] : 1) * miss * miss;
        }
        double *out = s < LINEAR_STRENGTHS ? job->errors + number * LINEAR_STRENGTHS + s
                                           : job->plain + number;
        *out = weight * sum;
    }
}

/* The best strength, or -1: the mean. */
static int32_t linear_choose(linear_job *job, pal_pool *pool, pal_linear_fit *found) {
    int32_t n = job->rows->n, best = -1;
    job->step = (n + LINEAR_LEFT_OUT - 1) / LINEAR_LEFT_OUT;
    int64_t n_left = (n + job->step - 1) / job->step;
    pal_parallel(pool, n_left, linear_leave_out, job);
    double plain = 0, least;
    for (int64_t r = 0; r < n_left; r++) plain += job->plain[r];
    least = plain;
    for (int32_t s = 0; s < LINEAR_STRENGTHS; s++) {
        double sum = 0;
        for (int64_t r = 0; r < n_left; r++) sum += job->errors[r * LINEAR_STRENGTHS + s];
        if (!(sum < least)) continue;
        least = sum;
        best = s;
    }
    found->l2 = best < 0 ? INFINITY : linear_strengths[best];
    found->explained = plain > 0 ? 1 - least / plain : 0;
    return best;
}

static void linear_write(const linear_job *job, int32_t strength, float *map) {
    int32_t n = job->rows->n_from, k = job->rows->n_to;
    double *row = job->rooms, l2 = strength < 0 ? 0 : linear_l2(job, strength), *constant = row + k;
    for (int32_t t = 0; t < k; t++) constant[t] = job->mean_to[t];
    for (int64_t f = 0; f < n; f++) {
        memset(row, 0, (size_t)k * sizeof *row);
        for (int64_t j = 0; strength >= 0 && j < n; j++) {
            double share = job->gram[j * n + f] / (job->values[j] + l2);
            for (int32_t t = 0; t < k; t++) row[t] += share * job->turned_cross[j * k + t];
        }
        for (int32_t t = 0; t < k; t++) {
            map[(f + 1) * k + t] = (float)row[t];
            constant[t] -= job->mean_from[f] * row[t];
        }
    }
    for (int32_t t = 0; t < k; t++) map[t] = (float)constant[t];
}

pal_status pal_linear_map(pal_ctx *ctx, const char *what, const pal_linear_rows *rows,
                          pal_arena *scratch, float *map, pal_linear_fit *found) {
    int64_t n = rows->n_from, k = rows->n_to, n_workers = pal_pool_threads(ctx->pool);
    linear_job job = {.rows = rows};
    job.mean_from = PAL_ARENA_ARRAY(scratch, double, n);
    job.mean_to = PAL_ARENA_ARRAY(scratch, double, k);
    job.gram = PAL_ARENA_ARRAY(scratch, double, n *n);
    job.cross = PAL_ARENA_ARRAY(scratch, double, n *k);
    job.turned_cross = PAL_ARENA_ARRAY(scratch, double, n *k);
    job.values = PAL_ARENA_ARRAY(scratch, double, n + 1 + 6 * n + 2 * n * n);
    job.integers = PAL_ARENA_ARRAY(scratch, int32_t, 3 + 5 * n);
    job.errors = PAL_ARENA_ARRAY(scratch, double, LINEAR_LEFT_OUT *LINEAR_STRENGTHS);
    job.plain = PAL_ARENA_ARRAY(scratch, double, LINEAR_LEFT_OUT);
    job.rooms = PAL_ARENA_ARRAY(scratch, double, n_workers *(2 * n + k) + 2 * k);
    if (!job.mean_from || !job.mean_to || !job.gram || !job.cross || !job.turned_cross ||
        !job.values || !job.integers || !job.errors || !job.plain || !job.rooms)
        return pal_fail_memory(ctx, what, 8.0 * (double)(3 * n * n + 3 * n * k));
    linear_average(&job);
    pal_parallel(ctx->pool, n, linear_sum_row, &job);
    ctx->multiply_adds += (double)rows->n * (double)(n * n + n * k) + 4.0 * (double)(n * n * n);
    if (!linear_decompose(&job))
        return pal_fail(ctx, PAL_EDATA,
                        "%s: the rows to be mapped left all bounds: use a larger l2", what);
    linear_write(&job, linear_choose(&job, ctx->pool, found), map);
    return pal_check_cancelled(ctx);
}

void pal_linear_apply(const float *map, int32_t n_from, int32_t n_to, float constant,
                      const float *x, float *out) {
    for (int32_t t = 0; t < n_to; t++) out[t] = constant * map[t];
    for (int64_t f = 0; f < n_from; f++) {
        const float *row = map + (f + 1) * n_to;
        for (int32_t t = 0; t < n_to; t++) out[t] += x[f] * row[t];
    }
}
