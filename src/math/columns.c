/* columns.c - small regressions, one a column, on the columns scaled to x_i² + l2 = 1.
 *
 * With the scaled inner products c_ij the system of column i is (c_ab)_{a, b in D_i} w = (c_ai)_a
 * with ones on its diagonal, and b_j = w_j sqrt((x_i² + l2) / (x_j² + l2)). */
#include "math/columns.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/progress.h"
#include "math/cooccur.h"
#include "math/dense.h"

enum {
    COLUMNS_TIES = 4,  /* ties that are kept, for each column that is regressed on */
    COLUMNS_CHUNK = 8, /* columns of a chunk */
    COLUMNS_STEP = 64, /* chunks between two looks at whether somebody wants to stop */
    COLUMNS_TRIES = 60,
};

void sposv_(const char *uplo, const int *n, const int *n_right, float *a, const int *lda, float *b,
            const int *ldb, int *info);

typedef struct {     /* of one worker */
    int32_t *places; /* [n] place of a column in D_i plus 1; 0 elsewhere, also between columns */
    float *system;   /* [k, k] */
    float *solution; /* [k] */
} columns_scratch;

typedef struct {
    int32_t n, k, n_ties;
    float *roots;    /* [n] sqrt(x_i² + l2) */
    int32_t *others; /* [n, n_ties] by falling tie */
    float *ties;     /* [n, n_ties] c_ij */
    int32_t *n_others;
    columns_scratch *scratch;
    int32_t *neighbours, *counts;
    float *weights;
    int64_t first_chunk;
} columns_job;

static int32_t columns_ties(int32_t n_cols, int32_t k) {
    return k > n_cols / COLUMNS_TIES ? n_cols : k * COLUMNS_TIES;
}

double pal_columns_bytes(int32_t n_cols, int32_t k) {
    return 8.0 * n_cols * columns_ties(n_cols, k);
}

static void columns_scale(const void *arg, int32_t item, const float *dots, int32_t n,
                          float *ties) {
    const float *roots = arg;
    float root = roots[item];
    for (int32_t j = 0; j < n; j++) ties[j] = dots[j] / (root * roots[j]);
}

/* The system of column i with its ties times `shrink`, which is below 1 only when 1 has failed. */
static void columns_fill(const columns_job *job, const columns_scratch *s, const int32_t *d,
                         int32_t m, float shrink) {
    memset(s->system, 0, (size_t)m * (size_t)m * sizeof *s->system);
    for (int32_t a = 0; a < m; a++) {
        int64_t base = (int64_t)d[a] * job->n_ties;
        for (int32_t t = 0; t < job->n_others[d[a]]; t++) {
            int32_t place = s->places[job->others[base + t]];
            if (!place) continue;
            int64_t b = place - 1;
            s->system[a * (int64_t)m + b] = s->system[b * m + a] = shrink * job->ties[base + t];
        }
        s->system[a * (int64_t)m + a] = 1;
    }
}

static void columns_solve(const columns_job *job, const columns_scratch *s, int32_t i) {
    const int32_t *d = job->others + (int64_t)i * job->n_ties;
    const float *ties = job->ties + (int64_t)i * job->n_ties;
    int m = job->n_others[i] < job->k ? job->n_others[i] : job->k, one = 1, info = m > 0;
    float shrink = 1;
    for (int32_t a = 0; a < m; a++) s->places[d[a]] = a + 1;
    for (int32_t try = 0; info != 0 && try < COLUMNS_TRIES; try++) {
        columns_fill(job, s, d, m, shrink);
        for (int32_t a = 0; a < m; a++) s->solution[a] = shrink * ties[a];
        sposv_("U", &m, &one, s->system, &m, s->solution, &m, &info);
        shrink *= 0.9f;
    }
    for (int32_t a = 0; a < m; a++) s->places[d[a]] = 0;
    job->counts[i] = info == 0 ? m : 0;
    for (int32_t a = 0; a < job->counts[i]; a++) {
        job->neighbours[(int64_t)i * job->k + a] = d[a];
        job->weights[(int64_t)i * job->k + a] = s->solution[a] * (job->roots[i] / job->roots[d[a]]);
    }
}

static void columns_chunk(void *arg, int64_t chunk, int32_t worker) {
    const columns_job *job = arg;
    int64_t first = (job->first_chunk + chunk) * COLUMNS_CHUNK, last = first + COLUMNS_CHUNK;
    if (last > job->n) last = job->n;
    for (int64_t i = first; i < last; i++) columns_solve(job, &job->scratch[worker], (int32_t)i);
}

static pal_status columns_alloc(pal_ctx *ctx, const char *what, pal_arena *arena,
                                columns_job *job) {
    int32_t n = job->n, k = job->k, n_threads = pal_pool_threads(ctx->pool);
    double bytes = pal_columns_bytes(n, k);
    if (bytes > (double)ctx->memory_limit) return pal_fail_memory(ctx, what, bytes);
    job->roots = PAL_ARENA_ARRAY(arena, float, n);
    job->others = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)n * job->n_ties);
    job->ties = PAL_ARENA_ARRAY(arena, float, (int64_t)n * job->n_ties);
    job->n_others = PAL_ARENA_ARRAY(arena, int32_t, n);
    job->scratch = PAL_ARENA_ARRAY(arena, columns_scratch, n_threads);
    bool has_memory = job->roots && job->others && job->ties && job->n_others && job->scratch;
    for (int32_t w = 0; has_memory && w < n_threads; w++) {
        columns_scratch *s = &job->scratch[w];
        s->places = PAL_ARENA_ARRAY(arena, int32_t, n);
        s->system = PAL_ARENA_ARRAY(arena, float, (int64_t)k *k);
        s->solution = PAL_ARENA_ARRAY(arena, float, k);
        has_memory = s->places && s->system && s->solution;
    }
    return has_memory ? PAL_OK : pal_fail_memory(ctx, what, bytes);
}

static pal_status columns_run(pal_ctx *ctx, const char *what, columns_job *job) {
    int64_t n_chunks = ((int64_t)job->n + COLUMNS_CHUNK - 1) / COLUMNS_CHUNK;
    for (int64_t done = 0; done < n_chunks; done += COLUMNS_STEP) {
        TRY(pal_check_cancelled(ctx));
        pal_progress_update(ctx, what, done, n_chunks);
        job->first_chunk = done;
        pal_parallel(ctx->pool, n_chunks - done < COLUMNS_STEP ? n_chunks - done : COLUMNS_STEP,
                     columns_chunk, job);
    }
    for (int32_t i = 0; i < job->n; i++)
        ctx->multiply_adds += (double)job->counts[i] * job->counts[i] * job->counts[i] / 6;
    return PAL_OK;
}

pal_status pal_columns_regress(pal_ctx *ctx, const char *what, const pal_csr *by_row,
                               const pal_csr *by_col, double l2, int32_t k, int32_t *neighbours,
                               float *weights, int32_t *counts) {
    pal_arena arena = {0};
    columns_job job = {.n = by_col->n_rows,
                       .k = k,
                       .n_ties = columns_ties(by_col->n_rows, k),
                       .neighbours = neighbours,
                       .counts = counts,
                       .weights = weights};
    pal_blas_single();
    pal_status status = columns_alloc(ctx, what, &arena, &job);
    for (int32_t i = 0; status == PAL_OK && i < job.n; i++) {
        double norm = 0;
        for (int64_t e = by_col->starts[i]; e < by_col->starts[i + 1]; e++) {
            double x = by_col->values ? (double)by_col->values[e] : 1;
            norm += x * x;
        }
        job.roots[i] = (float)sqrt(norm + l2);
    }
    if (status == PAL_OK)
        status = pal_cooccur_topk(ctx, what, by_row, by_col, job.n_ties, columns_scale, job.roots,
                                  true, job.others, job.ties, job.n_others);
    if (status == PAL_OK) status = columns_run(ctx, what, &job);
    pal_arena_release(&arena);
    return status;
}
