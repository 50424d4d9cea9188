/* columns.c - regressions of columns on the columns most tied to them, a group of alike columns at
 * a time.
 *
 * Columns are numbered by falling number of entries meanwhile (ranks). A group G of about |D| / 32
 * columns shares one set D of 2 k columns: G and, rank by rank of their lists, the columns with the
 * largest x_i·x_j / sqrt((x_i² + l2) (x_j² + l2)). With P = (X_Dᵀ X_D + l2 I)⁻¹ the regression of i
 * in G on D \ {i} is b_j = -P_ji / P_ii, so that one Cholesky factor serves the whole group: the
 * sub-problems of Steck 2019 ("Markov random fields for collaborative filtering", section 3.2),
 * here with exact inner products, which makes every system positive definite.
 *
 * Inner products of the first COLUMNS_HEAD ranks come from one dense table; those of a later column
 * from its few rows, walked anew for each group. Cost: Σ_rows |row|² additions for the ties, about
 * as many for each time that a column past the table is in some D, (|D|³ / 3 + 2 |D|² |G|) flops a
 * group; 8 k bytes a column, the table, 4 |D|² a thread, 8 or 16 an entry of X. */
#include "math/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/progress.h"
#include "math/cooccur.h"
#include "math/dense.h"
#include "math/topk.h"

enum {
    COLUMNS_WIDER = 2,   /* columns of D for each weight that is kept */
    COLUMNS_SHARE = 32,  /* columns of D for each of G */
    COLUMNS_HEAD = 8192, /* most columns of the dense table */
    COLUMNS_STEP = 64,   /* groups between two looks at whether somebody wants to stop */
};

void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info);
void spotrs_(const char *uplo, const int *n, const int *n_right, const float *a, const int *lda,
             float *b, const int *ldb, int *info);

typedef struct {     /* of one worker */
    uint16_t *place; /* [n] place of a column in D plus 1; 0 elsewhere, also between groups */
    int32_t *d;      /* [d_max] ascending */
    float *system;   /* [d_max, d_max] lower triangle */
    float *right;    /* [g_max, d_max] columns of P, one for each of G */
    float *sizes;    /* [k] */
    int32_t *best;   /* [k] */
    bool has_failed;
} columns_scratch;

typedef struct {
    int32_t n, k, d_max, g_max, n_head;
    float l2;
    int32_t *of_rank;       /* [n] column of a rank */
    pal_csr by_row, by_col; /* in ranks */
    float *roots;           /* [n] sqrt(x_i² + l2) */
    float *head;            /* [n_head, n_head] inner products */
    int32_t *others;        /* [n, k] most tied first */
    float *ties;            /* [n, k] */
    int32_t *n_others;
    int32_t *grouped; /* [n] ranks, group after group of g_max */
    columns_scratch *scratch;
    int32_t *neighbours, *counts;
    float *weights;
    int64_t first_group;
} columns_job;

static void columns_sizes(int32_t n, int32_t k, int32_t *d_max, int32_t *g_max) {
    *d_max = k > n / COLUMNS_WIDER ? n : k * COLUMNS_WIDER;
    *g_max = *d_max == n ? n : *d_max / COLUMNS_SHARE;
    if (*g_max < 1) *g_max = 1;
}

/* A sixteenth of the dense matrix at most, which may be what did not fit; all where D is all. */
static int32_t columns_head(int32_t n, int32_t d_max) {
    int32_t n_head = d_max == n ? n : n / 4;
    return n_head < COLUMNS_HEAD ? n_head : COLUMNS_HEAD;
}

double pal_columns_bytes(int32_t n_cols, int32_t k, int64_t n_entries, int32_t n_threads) {
    int32_t d, g;
    columns_sizes(n_cols, k, &d, &g);
    double head = columns_head(n_cols, d), n = n_cols;
    return 8 * n * k + 40 * n + 4 * head * head + 4.0 * d * ((double)d + g) * n_threads +
           12.0 * (double)n_entries;
}

double pal_columns_flops(int32_t n_cols, int32_t k) {
    int32_t d, g;
    columns_sizes(n_cols, k, &d, &g);
    return ((double)n_cols / g + 1) * (pow(d, 3) / 3 + 2.0 * d * d * g);
}

/* --- ranks, ties, groups --- */

static int columns_compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The matrix with its columns renumbered, most entries first. */
static bool columns_rank(const pal_csr *by_col, pal_arena *arena, columns_job *job) {
    int64_t n_entries = by_col->starts[job->n], to = 0;
    uint64_t *keys = PAL_ARENA_ARRAY(arena, uint64_t, job->n);
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)job->n + 1);
    int32_t *rows = PAL_ARENA_ARRAY(arena, int32_t, n_entries);
    float *values = by_col->values ? PAL_ARENA_ARRAY(arena, float, n_entries) : NULL;
    if (!keys || !starts || !rows || (by_col->values && !values)) return false;
    for (int32_t i = 0; i < job->n; i++) {
        int64_t n_rows = by_col->starts[i + 1] - by_col->starts[i];
        keys[i] = (uint64_t)(INT32_MAX - n_rows) << 32 | (uint32_t)i;
    }
    qsort(keys, (size_t)job->n, sizeof *keys, columns_compare);
    for (int32_t r = 0; r < job->n; r++) {
        int32_t i = (int32_t)(keys[r] & UINT32_MAX);
        int64_t from = by_col->starts[i], length = by_col->starts[i + 1] - from;
        double norm = 0;
        memcpy(rows + to, by_col->cols + from, (size_t)length * sizeof *rows);
        if (values) memcpy(values + to, by_col->values + from, (size_t)length * sizeof *values);
        for (int64_t e = 0; e < length; e++)
            norm += values ? (double)values[to + e] * (double)values[to + e] : 1;
        job->of_rank[r] = i;
        job->roots[r] = (float)sqrt(norm + (double)job->l2);
        starts[r + 1] = to += length;
    }
    job->by_col = (pal_csr){.n_rows = job->n,
                            .n_cols = by_col->n_cols,
                            .starts = starts,
                            .cols = rows,
                            .values = values};
    return pal_csr_transpose(&job->by_col, arena, &job->by_row);
}

static pal_status columns_tabulate(pal_ctx *ctx, const char *what, columns_job *job) {
    pal_arena arena = {0};
    pal_csr head = job->by_col, by_row;
    head.n_rows = job->n_head;
    bool has_memory = pal_csr_transpose(&head, &arena, &by_row);
    if (has_memory) pal_csr_gram(ctx->pool, &by_row, &head, job->head);
    pal_arena_release(&arena);
    return has_memory ? PAL_OK : pal_fail_memory(ctx, what, 4.0 * (double)head.starts[job->n_head]);
}

static void columns_scale(const void *arg, int32_t item, const float *dots, int32_t n,
                          float *ties) {
    const float *roots = arg;
    float root = roots[item];
    for (int32_t j = 0; j < n; j++) ties[j] = dots[j] / (root * roots[j]);
}

/* A group grows from a column over the most tied ones that are in none yet, then over theirs; where
 * nothing tied is left the next column joins, so that all groups but the last are full. */
static void columns_group(const columns_job *job, uint8_t *is_grouped) {
    int32_t n = 0, next = 0;
    while (n < job->n) {
        int32_t end = job->n - n < job->g_max ? job->n : n + job->g_max, from = n;
        while (n < end) {
            if (from == n) {
                while (is_grouped[next]) next++;
                is_grouped[next] = 1;
                job->grouped[n++] = next;
            }
            int32_t i = job->grouped[from++];
            const int32_t *others = job->others + (int64_t)i * job->k;
            for (int32_t r = 0; r < job->n_others[i] && n < end; r++) {
                if (is_grouped[others[r]]) continue;
                is_grouped[others[r]] = 1;
                job->grouped[n++] = others[r];
            }
        }
    }
}

/* --- one group --- */

static int columns_compare_ranks(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* D of a group, and the places of its columns; returns |D|. */
static int32_t columns_choose(const columns_job *job, columns_scratch *s, const int32_t *group,
                              int32_t n_group) {
    int32_t m = 0;
    for (int32_t q = 0; q < n_group; q++) s->place[s->d[m++] = group[q]] = 1;
    for (int32_t r = 0, left = 1; r < job->k && left && m < job->d_max; r++) {
        left = 0;
        for (int32_t q = 0; q < n_group && m < job->d_max; q++) {
            if (r >= job->n_others[group[q]]) continue;
            int32_t other = job->others[(int64_t)group[q] * job->k + r];
            left = 1;
            if (s->place[other]) continue;
            s->place[other] = 1;
            s->d[m++] = other;
        }
    }
    qsort(s->d, (size_t)m, sizeof *s->d, columns_compare_ranks);
    for (int32_t a = 0; a < m; a++) s->place[s->d[a]] = (uint16_t)(a + 1);
    return m;
}

/* row[b] += x_i·x_{d_b} for the columns of D up to i, from the rows of i. */
static void columns_walk(const columns_job *job, const uint16_t *restrict place, int32_t i,
                         float *restrict row) {
    const pal_csr *x = &job->by_row, *t = &job->by_col;
    for (int64_t e = t->starts[i]; e < t->starts[i + 1]; e++) {
        int64_t f = x->starts[t->cols[e]], end = x->starts[t->cols[e] + 1];
        float value = t->values ? t->values[e] : 1;
        for (; f < end && x->cols[f] <= i; f++) {
            int32_t at = place[x->cols[f]];
            if (at) row[at - 1] += x->values ? value * x->values[f] : 1;
        }
    }
}

/* The lower triangle of X_Dᵀ X_D + l2 I. */
static void columns_fill(const columns_job *job, columns_scratch *s, int32_t m) {
    for (int32_t a = 0; a < m; a++) {
        float *row = s->system + (int64_t)a * m;
        if (s->d[a] < job->n_head) {
            const float *head = job->head + (int64_t)s->d[a] * job->n_head;
            for (int32_t b = 0; b <= a; b++) row[b] = head[s->d[b]];
        } else {
            memset(row, 0, ((size_t)a + 1) * sizeof *row);
            columns_walk(job, s->place, s->d[a], row);
        }
        row[a] += job->l2;
    }
}

/* Keeps the k largest weights of column i, p its column of P [m], `own` its place. */
static void columns_keep(const columns_job *job, const columns_scratch *s, int32_t i,
                         const float *p, int32_t m, int32_t own) {
    int64_t base = (int64_t)job->of_rank[i] * job->k;
    pal_topk top;
    pal_topk_start(&top, job->k, s->best, s->sizes);
    for (int32_t b = 0; b < m; b++) {
        float size = fabsf(p[b]);
        if (b != own && size > 0 && (top.n < top.k || size > pal_topk_threshold(&top)))
            pal_topk_add(&top, b, size);
    }
    int32_t n = pal_topk_finish(&top);
    job->counts[job->of_rank[i]] = n;
    for (int32_t r = 0; r < n; r++) {
        job->neighbours[base + r] = job->of_rank[s->d[s->best[r]]];
        job->weights[base + r] = -p[s->best[r]] / p[own];
    }
}

static void columns_chunk(void *arg, int64_t chunk, int32_t worker) {
    const columns_job *job = arg;
    columns_scratch *s = &job->scratch[worker];
    int64_t first = (job->first_group + chunk) * job->g_max;
    const int32_t *group = job->grouped + first;
    int32_t n_group = job->n - first < job->g_max ? (int32_t)(job->n - first) : job->g_max;
    int m = columns_choose(job, s, group, n_group), info = 0;
    columns_fill(job, s, m);
    /* LAPACK reads columns first: our lower triangle is its upper one. */
    spotrf_("U", &m, s->system, &m, &info);
    if (info == 0) {
        memset(s->right, 0, (size_t)n_group * (size_t)m * sizeof *s->right);
        for (int32_t q = 0; q < n_group; q++) s->right[(int64_t)q * m + s->place[group[q]] - 1] = 1;
        spotrs_("U", &m, &n_group, s->system, &m, s->right, &m, &info);
    }
    if (info != 0) s->has_failed = true;
    for (int32_t q = 0; q < n_group && info == 0; q++)
        columns_keep(job, s, group[q], s->right + (int64_t)q * m, m, s->place[group[q]] - 1);
    for (int32_t a = 0; a < m; a++) s->place[s->d[a]] = 0;
}

/* --- all of them --- */

static pal_status columns_alloc(pal_ctx *ctx, const char *what, double bytes, pal_arena *arena,
                                columns_job *job) {
    int64_t n = job->n, k = job->k, d = job->d_max;
    int32_t n_threads = pal_pool_threads(ctx->pool);
    job->of_rank = PAL_ARENA_ARRAY(arena, int32_t, n);
    job->roots = PAL_ARENA_ARRAY(arena, float, n);
    job->head = PAL_ARENA_ARRAY(arena, float, (int64_t)job->n_head * job->n_head);
    job->others = PAL_ARENA_ARRAY(arena, int32_t, n * k);
    job->ties = PAL_ARENA_ARRAY(arena, float, n *k);
    job->n_others = PAL_ARENA_ARRAY(arena, int32_t, n);
    job->grouped = PAL_ARENA_ARRAY(arena, int32_t, n);
    job->scratch = PAL_ARENA_ARRAY(arena, columns_scratch, n_threads);
    bool has_memory = job->of_rank && job->roots && job->head && job->others && job->ties &&
                      job->n_others && job->grouped && job->scratch;
    for (int32_t w = 0; has_memory && w < n_threads; w++) {
        columns_scratch *s = &job->scratch[w];
        s->place = PAL_ARENA_ARRAY(arena, uint16_t, n);
        s->d = PAL_ARENA_ARRAY(arena, int32_t, d);
        s->system = PAL_ARENA_ARRAY(arena, float, d *d);
        s->right = PAL_ARENA_ARRAY(arena, float, job->g_max *d);
        s->sizes = PAL_ARENA_ARRAY(arena, float, k);
        s->best = PAL_ARENA_ARRAY(arena, int32_t, k);
        has_memory = s->place && s->d && s->system && s->right && s->sizes && s->best;
    }
    return has_memory ? PAL_OK : pal_fail_memory(ctx, what, bytes);
}

static pal_status columns_run(pal_ctx *ctx, const char *what, columns_job *job) {
    int64_t n_groups = ((int64_t)job->n + job->g_max - 1) / job->g_max;
    for (int64_t done = 0; done < n_groups; done += COLUMNS_STEP) {
        TRY(pal_check_cancelled(ctx));
        pal_progress_update(ctx, what, done, n_groups);
        job->first_group = done;
        pal_parallel(ctx->pool, n_groups - done < COLUMNS_STEP ? n_groups - done : COLUMNS_STEP,
                     columns_chunk, job);
        for (int32_t w = 0; w < pal_pool_threads(ctx->pool); w++) {
            if (job->scratch[w].has_failed)
                return pal_fail(ctx, PAL_EDATA,
                                "%s: a system of items is not positive definite; use more "
                                "regularization",
                                what);
        }
    }
    ctx->multiply_adds += pal_columns_flops(job->n, job->k) / 2;
    return PAL_OK;
}

static pal_status columns_regress(pal_ctx *ctx, const char *what, const pal_csr *by_col,
                                  pal_arena *arena, columns_job *job) {
    double bytes =
        pal_columns_bytes(job->n, job->k, by_col->starts[job->n], pal_pool_threads(ctx->pool));
    if (bytes > (double)ctx->memory_limit) return pal_fail_memory(ctx, what, bytes);
    TRY(columns_alloc(ctx, what, bytes, arena, job));
    uint8_t *is_grouped = PAL_ARENA_ARRAY(arena, uint8_t, job->n);
    if (!is_grouped || !columns_rank(by_col, arena, job))
        return pal_fail_memory(ctx, what, 8.0 * (double)by_col->starts[job->n]);
    TRY(columns_tabulate(ctx, what, job));
    if (job->d_max < job->n)
        TRY(pal_cooccur_topk(ctx, what, &job->by_row, &job->by_col, job->k, columns_scale,
                             job->roots, job->others, job->ties, job->n_others));
    columns_group(job, is_grouped);
    return columns_run(ctx, what, job);
}

pal_status pal_columns_regress(pal_ctx *ctx, const char *what, const pal_csr *by_row,
                               const pal_csr *by_col, double l2, int32_t k, int32_t *neighbours,
                               float *weights, int32_t *counts) {
    pal_arena arena = {0};
    columns_job job = {.n = by_col->n_rows,
                       .k = k,
                       .l2 = (float)l2,
                       .neighbours = neighbours,
                       .counts = counts,
                       .weights = weights};
    (void)by_row;
    columns_sizes(job.n, k, &job.d_max, &job.g_max);
    job.n_head = columns_head(job.n, job.d_max);
    pal_blas_single();
    pal_status status = columns_regress(ctx, what, by_col, &arena, &job);
    pal_arena_release(&arena);
    return status;
}
