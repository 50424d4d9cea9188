/* slim.c - a sparse linear item-item model (Ning and Karypis 2011).
 *
 * For each item j: min_w |x_j - X w|² / 2 + l2 |w|² / 2 + l1 |w|₁ with w_j = 0 and, with positive,
 * w ≥ 0; X users × items. score(u, j) = Σ_{i in history of u} w_ij.
 *
 * With G = Xᵀ X and the gradient r = G_j - G w, one coordinate's best value is S(r_k + G_kk w_k,
 * l1) / (G_kk + l2), S the soft threshold (Friedman, Hastie, Tibshirani 2010, eq. 5). Columns are
 * solved along a falling path of l1; at each step only the k with |r_k| ≥ 2 l1_t - l1_{t-1} are
 * gone through, and what this sequential strong rule (Tibshirani et al. 2012) left out wrongly
 * comes in when the gradient of all is looked at. Cost: Σ_u |history|² / 2 additions for G and 2
 * n_items flops for each coordinate that moves, 4 n_items² bytes; over SLIM_DENSE items G is kept
 * sparse. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "math/csr.h"
#include "math/kernels.h"
#include "math/topk.h"
#include "models/history.h"
#include "models/rows.h"

typedef struct {
    double l1, l2;
    int64_t k;
    bool positive;
} slim_params;

static const pal_param slim_table[] = {
    {.name = "l1",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(slim_params, l1),
     .initial = "2",
     .min = 1e-3,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "how many users in common a weight must explain to differ from 0"},
    {.name = "l2",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(slim_params, l2),
     .initial = "200",
     .min = 1e-3,
     .max = 1e9,
     .scale = PAL_LOG,
     .help = "regularization: larger for sparser logs"},
    {.name = "positive",
     .type = PAL_PARAM_FLAG,
     .offset = offsetof(slim_params, positive),
     .initial = "1",
     .help = "weights are not negative; 0: an item may also speak against another"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(slim_params, k),
     .initial = "0",
     .min = 0,
     .max = 100000,
     .scale = PAL_LOG,
     .help = "strongest weights of each item that are kept; 0: all"},
    {0},
};

/* For each item i the items j whose score it adds to, so that a history adds up row by row. */
typedef struct {
    pal_rows rows; /* [n_items] */
    int32_t n_items;
} slim_state;

/* --- one column --- */

enum {
    SLIM_DENSE = 8192, /* items up to which G is one dense matrix: 256 MB */
    SLIM_SWEEPS = 200, /* at most, for one step of the path */
    SLIM_COLUMNS = 4,  /* of a chunk */
};
#define SLIM_PATH           0.6  /* of a step of l1 to the one before */
#define SLIM_TOLERANCE      1e-9 /* of the sum of squares that one sweep may still gain */
#define SLIM_TOLERANCE_PATH 1e-4

typedef struct {       /* of one worker */
    float *gradient;   /* [n] r */
    float *weights;    /* [n] w, zero between columns */
    int32_t *set;      /* [n] coordinates that are gone through */
    uint8_t *in_set;   /* [n] zero between columns */
    int32_t *found;    /* [n] */
    float *magnitudes; /* [n] |r|, where weights may be negative */
    double moves;      /* multiply-adds */
} slim_scratch;

typedef struct {
    int32_t n;
    int32_t *items; /* [n] ascending, on the heap; NULL: none, or no memory */
    float *weights;
} slim_column;

typedef struct {
    pal_ctx *ctx;
    const slim_params *p;
    const pal_kernels *kernels;
    int32_t n;
    const float *dense;    /* [n, n] G, or NULL */
    const pal_csr *sparse; /* G, or NULL */
    const float *diagonal; /* [n] of G */
    slim_scratch *scratch; /* [threads] */
    slim_column *columns;  /* [n] */
    int64_t first_chunk;
} slim_job;

/* r -= by G_k */
static void slim_move(const slim_job *job, int32_t k, float by, float *restrict gradient) {
    if (job->dense) {
        const float *restrict row = job->dense + (int64_t)k * job->n;
        for (int32_t i = 0; i < job->n; i++) gradient[i] -= by * row[i];
        return;
    }
    const pal_csr *g = job->sparse;
    for (int64_t e = g->starts[k]; e < g->starts[k + 1]; e++)
        gradient[g->cols[e]] -= by * g->values[e];
}

static float slim_threshold(const slim_params *p, float x, float l1) {
    if (x > l1) return x - l1;
    return !p->positive && x < -l1 ? x + l1 : 0;
}

/* Goes through the set until a sweep gains less than `tolerance`, in units of the loss. */
static void slim_descend(const slim_job *job, slim_scratch *s, int32_t n_set, float l1,
                         double tolerance) {
    for (int32_t sweep = 0; sweep < SLIM_SWEEPS; sweep++) {
        double gain = 0;
        for (int32_t i = 0; i < n_set; i++) {
            int32_t k = s->set[i];
            float old = s->weights[k], diagonal = job->diagonal[k],
                  curvature = diagonal + (float)job->p->l2;
            float by =
                slim_threshold(job->p, s->gradient[k] + diagonal * old, l1) / curvature - old;
            if (!(fabsf(by) > 0)) continue;
            s->weights[k] = old + by;
            slim_move(job, k, by, s->gradient);
            s->moves +=
                job->dense ? job->n : (double)(job->sparse->starts[k + 1] - job->sparse->starts[k]);
            gain = fmax(gain, (double)by * (double)by * (double)curvature);
        }
        if (gain <= tolerance) return;
    }
}

/* Adds to the set what has |r_k| > threshold; returns how many it has then. */
static int32_t slim_admit(const slim_job *job, slim_scratch *s, int32_t item, float threshold,
                          int32_t n_set) {
    const float *r = s->gradient;
    if (!job->p->positive) {
        for (int32_t i = 0; i < job->n; i++) s->magnitudes[i] = fabsf(r[i]);
        r = s->magnitudes;
    }
    int32_t n = job->kernels->above(r, job->n, threshold, s->found);
    for (int32_t i = 0; i < n; i++) {
        int32_t k = s->found[i];
        if (s->in_set[k] || k == item) continue;
        s->in_set[k] = 1;
        s->set[n_set++] = k;
    }
    return n_set;
}

static float slim_start(const slim_job *job, slim_scratch *s, int32_t item) {
    if (job->dense) {
        memcpy(s->gradient, job->dense + (int64_t)item * job->n,
               (size_t)job->n * sizeof *s->gradient);
    } else {
        memset(s->gradient, 0, (size_t)job->n * sizeof *s->gradient);
        slim_move(job, item, -1, s->gradient);
    }
    float most = 0; /* G has no negative entries */
    for (int32_t i = 0; i < job->n; i++)
        most = i != item && s->gradient[i] > most ? s->gradient[i] : most;
    return most;
}

/* Leaves the weights of column `item` in s->weights, those of s->set [returned]. */
static int32_t slim_solve(const slim_job *job, slim_scratch *s, int32_t item) {
    float l1 = slim_start(job, s, item), last = (float)job->p->l1;
    double scale = (double)job->diagonal[item];
    int32_t n_set = 0;
    while (l1 > last) {
        float before = l1;
        l1 = before * (float)SLIM_PATH > last ? before * (float)SLIM_PATH : last;
        double tolerance = scale * (l1 > last ? SLIM_TOLERANCE_PATH : SLIM_TOLERANCE);
        n_set = slim_admit(job, s, item, fmaxf(2 * l1 - before, last / 2), n_set);
        for (int32_t n_before = -1; n_before != n_set;) {
            slim_descend(job, s, n_set, l1, tolerance);
            n_before = n_set;
            n_set = slim_admit(job, s, item, l1, n_set);
        }
    }
    return n_set;
}

static int slim_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Leaves the k strongest of the first n in the set; returns how many. */
static int32_t slim_strongest(slim_scratch *s, int32_t n, int32_t k) {
    pal_topk top;
    pal_topk_start(&top, k, s->found, s->magnitudes);
    for (int32_t i = 0; i < n; i++) pal_topk_add(&top, s->set[i], fabsf(s->weights[s->set[i]]));
    n = pal_topk_finish(&top);
    memcpy(s->set, s->found, (size_t)n * sizeof *s->set);
    return n;
}

/* Copies the column out and leaves the worker's arrays zero. */
static void slim_run_column(const slim_job *job, slim_scratch *s, int32_t item) {
    slim_column *column = &job->columns[item];
    int32_t n_set = slim_solve(job, s, item), n = 0;
    for (int32_t i = 0; i < n_set; i++) {
        s->in_set[s->set[i]] = 0;
        if (fabsf(s->weights[s->set[i]]) > 0) s->set[n++] = s->set[i];
    }
    int32_t n_kept = job->p->k > 0 && n > job->p->k ? slim_strongest(s, n, (int32_t)job->p->k) : n;
    qsort(s->set, (size_t)n_kept, sizeof *s->set, slim_compare);
    column->items = malloc((size_t)n_kept * (sizeof *column->items + sizeof *column->weights) + 1);
    column->n = n_kept;
    if (column->items) {
        column->weights = (float *)(column->items + n_kept);
        memcpy(column->items, s->set, (size_t)n_kept * sizeof *column->items);
        for (int32_t i = 0; i < n_kept; i++) column->weights[i] = s->weights[s->set[i]];
    }
    memset(s->weights, 0, (size_t)job->n * sizeof *s->weights);
}

static void slim_chunk(void *arg, int64_t chunk, int32_t worker) {
    const slim_job *job = arg;
    int64_t first = (job->first_chunk + chunk) * SLIM_COLUMNS, last = first + SLIM_COLUMNS;
    if (last > job->n) last = job->n;
    for (int64_t j = first; j < last; j++) slim_run_column(job, &job->scratch[worker], (int32_t)j);
}

/* --- fit --- */

static bool slim_allocate(slim_job *job, pal_arena *scratch) {
    int32_t n = job->n, n_threads = pal_pool_threads(job->ctx->pool);
    job->columns = PAL_ARENA_ARRAY(scratch, slim_column, n);
    job->scratch = PAL_ARENA_ARRAY(scratch, slim_scratch, n_threads);
    bool done = job->columns && job->scratch;
    for (int32_t w = 0; done && w < n_threads; w++) {
        slim_scratch *s = &job->scratch[w];
        s->gradient = PAL_ARENA_ARRAY(scratch, float, n);
        s->weights = PAL_ARENA_ARRAY(scratch, float, n);
        s->set = PAL_ARENA_ARRAY(scratch, int32_t, n);
        s->in_set = PAL_ARENA_ARRAY(scratch, uint8_t, n);
        s->found = PAL_ARENA_ARRAY(scratch, int32_t, n);
        s->magnitudes = PAL_ARENA_ARRAY(scratch, float, n);
        done = s->gradient && s->weights && s->set && s->in_set && s->found && s->magnitudes;
    }
    return done;
}

/* G, dense or sparse, and its diagonal. */
static pal_status slim_gram(slim_job *job, const pal_log *log, pal_arena *scratch) {
    pal_ctx *ctx = job->ctx;
    int64_t n = job->n;
    pal_csr pairs, by_item, *gram = PAL_ARENA_ARRAY(scratch, pal_csr, 1);
    float *diagonal = PAL_ARENA_ARRAY(scratch, float, n);
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    if (!gram || !diagonal || !pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "slim", 8.0 * (double)log->n_events);
    if (n <= SLIM_DENSE && 4.0 * (double)n * (double)n <= (double)ctx->memory_limit) {
        float *dense = PAL_ARENA_ARRAY(scratch, float, n *n);
        if (!dense) return pal_fail_memory(ctx, "slim", 4.0 * (double)n * (double)n);
        pal_csr_gram(ctx->pool, &pairs, &by_item, dense);
        job->dense = dense;
    } else {
        TRY(pal_csr_gram_sparse(ctx, "slim", &pairs, &by_item, scratch, gram));
        job->sparse = gram;
    }
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t e = by_item.starts[i]; e < by_item.starts[i + 1]; e++)
            sum += by_item.values ? (double)by_item.values[e] * (double)by_item.values[e] : 1;
        diagonal[i] = (float)sum;
    }
    job->diagonal = diagonal;
    for (int32_t u = 0; u < pairs.n_rows; u++) {
        double length = (double)(pairs.starts[u + 1] - pairs.starts[u]);
        ctx->multiply_adds += length * length / 2;
    }
    return PAL_OK;
}

static pal_status slim_run(slim_job *job) {
    enum { CHUNKS_A_STEP = 64 }; /* between two looks at whether somebody wants to stop */
    int64_t n_chunks = ((int64_t)job->n + SLIM_COLUMNS - 1) / SLIM_COLUMNS;
    for (int64_t done = 0; done < n_chunks; done += CHUNKS_A_STEP) {
        TRY(pal_check_cancelled(job->ctx));
        pal_progress_update(job->ctx, "training slim", done, n_chunks);
        job->first_chunk = done;
        int64_t n = n_chunks - done < CHUNKS_A_STEP ? n_chunks - done : CHUNKS_A_STEP;
        pal_parallel(job->ctx->pool, n, slim_chunk, job);
    }
    for (int32_t w = 0; w < pal_pool_threads(job->ctx->pool); w++)
        job->ctx->multiply_adds += job->scratch[w].moves;
    for (int32_t j = 0; j < job->n; j++) {
        if (!job->columns[j].items)
            return pal_fail_memory(job->ctx, "slim", 8.0 * job->columns[j].n);
    }
    return PAL_OK;
}

/* From the column of each item to rows of what adds to it. */
static pal_status slim_transpose(const slim_job *job, pal_arena *arena, slim_state *s) {
    pal_rows *rows = &s->rows;
    int64_t total = 0;
    for (int32_t j = 0; j < job->n; j++) total += job->columns[j].n;
    s->n_items = job->n;
    rows->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)job->n + 1);
    rows->items = PAL_ARENA_ARRAY(arena, int32_t, total);
    rows->values = PAL_ARENA_ARRAY(arena, float, total);
    if (!rows->starts || !rows->items || !rows->values)
        return pal_fail_memory(job->ctx, "slim", 8.0 * (double)total);
    for (int32_t j = 0; j < job->n; j++) {
        for (int32_t e = 0; e < job->columns[j].n; e++)
            rows->starts[job->columns[j].items[e] + 1]++;
    }
    for (int32_t i = 0; i < job->n; i++) rows->starts[i + 1] += rows->starts[i];
    for (int32_t j = 0; j < job->n; j++) {
        const slim_column *column = &job->columns[j];
        for (int32_t e = 0; e < column->n; e++) {
            int64_t to = rows->starts[column->items[e]]++;
            rows->items[to] = j;
            rows->values[to] = column->weights[e];
        }
    }
    for (int32_t i = job->n; i > 0; i--) rows->starts[i] = rows->starts[i - 1];
    rows->starts[0] = 0;
    return PAL_OK;
}

static pal_status slim_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    slim_job job = {
        .ctx = ctx, .p = params, .kernels = pal_kernels_best(), .n = train->log->n_items};
    if (!slim_allocate(&job, scratch)) return pal_fail_memory(ctx, "slim", 40.0 * job.n);
    TRY(slim_gram(&job, train->log, scratch));
    pal_status status = slim_run(&job);
    if (status == PAL_OK) status = slim_transpose(&job, arena, state);
    for (int32_t j = 0; j < job.n; j++) free(job.columns[j].items);
    return status;
}

/* --- score --- */

static size_t slim_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    (void)n_queries;
    return pal_history_bytes(((const slim_state *)state)->n_items);
}

static void slim_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const slim_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * s->n_items;
        const int32_t *history;
        int32_t n = pal_history_distinct(&queries[q], s->n_items, scratch, &history);
        memset(row, 0, (size_t)s->n_items * sizeof *row);
        for (int32_t h = 0; h < n; h++) pal_rows_add(&s->rows, history[h], 1, row);
    }
}

static int32_t slim_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *scratch, pal_reason *reasons) {
    (void)params;
    const slim_state *s = state;
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    for (int32_t h = 0; h < n; h++) {
        float amount = pal_rows_at(&s->rows, history[h], item);
        reasons[h] = (pal_reason){.item = history[h], .amount = (double)amount};
    }
    return n;
}

static int32_t slim_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    slim_state *s = state;
    s->n_items = n_items;
    return pal_rows_tensors(&s->rows, n_items, n_items, true, tensors);
}

static void slim_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    (void)params;
    double n = log->n_items, mean = (double)log->n_events / log->n_users;
    out->seconds = (1e-9 * mean * (double)log->n_events + 2e-7 * n * n) / n_threads;
    out->bytes = (n <= SLIM_DENSE ? 4 * n * n : 8 * mean * (double)log->n_events) +
                 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_slim = {
    .name = "slim",
    .family = "collaborative",
    .summary = "a sparse linear item-item model, each item's weights an elastic net",
    .paper = "Ning, Karypis: SLIM: sparse linear methods for top-n recommender systems, ICDM 2011",
    .represents = "the items used | the few items whose use speaks for it",
    .traits = PAL_SCORES_NEW_USERS | PAL_FITS_MEMORY,
    .params = slim_table,
    .params_size = sizeof(slim_params),
    .state_size = sizeof(slim_state),
    .fit = slim_fit,
    .scratch_bytes = slim_scratch_bytes,
    .score = slim_score,
    .tensors = slim_tensors,
    .explain = slim_explain,
    .estimate = slim_estimate,
};
