/* ease.c - a linear item-item model in closed form (Steck 2019, "Embarrassingly shallow
 * autoencoders for sparse data").
 *
 * min_B |X - X B|² + l2 |B|² with diag(B) = 0, X users × items. With P = (Xᵀ X + l2 I)⁻¹: B_ij =
 * -P_ij / P_jj, B_jj = 0. score(u, i) = Σ_{j in history of u} B_ji. Cost: Σ_u |history|² / 2
 * additions for Xᵀ X, n_items³ flops for the inverse, 4 n_items² bytes in all.
 *
 * Where that does not fit, form=sparse solves each column of B on about 2 k items that are tied to
 * it, exactly for those, and keeps the k largest weights (the sub-problems of Steck 2019, "Markov
 * random fields for collaborative filtering", on exact inner products): about 27 k² flops an item,
 * 24 k bytes an item while training, 8 k in the model. See math/columns.h. */
#include <inttypes.h>

#include "math/columns.h"
#include "math/csr.h"
#include "math/kernels.h"
#include "math/solve.h"
#include "models/history.h"
#include "models/rows.h"

typedef enum { EASE_AUTO, EASE_DENSE, EASE_SPARSE } ease_form;
static const char *const ease_forms[] = {"auto", "dense", "sparse", NULL};

typedef struct {
    double l2;
    int32_t form;
    int64_t k;
} ease_params;

static const pal_param ease_table[] = {
    {.name = "l2",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(ease_params, l2),
     .initial = "500",
     .min = 1e-3,
     .max = 1e9,
     .scale = PAL_LOG,
     .help = "regularization: larger for sparser logs"},
    {.name = "form",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(ease_params, form),
     .choices = ease_forms,
     .help =
         "dense solves for all pairs of items at once; sparse solves each item on those most tied "
         "to it; auto is dense where its matrix fits into --memory"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(ease_params, k),
     .initial = "512",
     .min = 1,
     .max = 4096,
     .scale = PAL_LOG,
     .help = "sparse: items that an item's score is made from"},
    {0},
};

typedef struct {
    int64_t *sizes; /* [2] 0 and the rows of weights: n_items, or 0 where the form is sparse */
    float *weights; /* [n_items, n_items]: row j is added to the scores when item j is in the
                       history */
    pal_rows rows;  /* [n_items] the same of the sparse form; empty where it is dense */
    int32_t n_items;
} ease_state;

enum { EASE_ROWS = 64 };

typedef struct {
    float *a;
    const float *diagonal; /* [n] */
    int64_t n;
} ease_scale_job;

static void ease_scale_rows(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const ease_scale_job *job = arg;
    int64_t first = chunk * EASE_ROWS,
            last = first + EASE_ROWS < job->n ? first + EASE_ROWS : job->n;
    for (int64_t i = first; i < last; i++) {
        float *row = job->a + i * job->n;
        for (int64_t j = 0; j < job->n; j++) row[j] = -row[j] / job->diagonal[j];
        row[i] = 0;
    }
}

/* From (Xᵀ X) to B in place. */
static pal_status ease_solve(pal_ctx *ctx, double l2, float *a, int64_t n, pal_arena *scratch) {
    float *diagonal = PAL_ARENA_ARRAY(scratch, float, n);
    if (!diagonal) return pal_fail_memory(ctx, "ease", 4.0 * (double)n);
    for (int64_t i = 0; i < n; i++) a[i * n + i] += (float)l2;
    TRY(pal_spd_inverse(ctx, "ease: the item-item matrix", a, n));
    for (int64_t i = 0; i < n; i++) diagonal[i] = a[i * n + i];
    ease_scale_job job = {.a = a, .diagonal = diagonal, .n = n};
    pal_parallel(ctx->pool, (n + EASE_ROWS - 1) / EASE_ROWS, ease_scale_rows, &job);
    return PAL_OK;
}

static double ease_dense_bytes(int64_t n) { return 4.0 * (double)n * (double)n; }

static bool ease_is_dense(const ease_params *p, int64_t n_items, int64_t memory_limit) {
    return p->form == EASE_AUTO ? ease_dense_bytes(n_items) <= (double)memory_limit
                                : p->form == EASE_DENSE;
}

static pal_status ease_fail_size(pal_ctx *ctx, int64_t n_items, double bytes, const char *way_out) {
    pal_text need = {0}, limit = {0};
    pal_text_add_size(&need, bytes);
    pal_text_add_size(&limit, (double)ctx->memory_limit);
    pal_fail(ctx, PAL_ENOMEM,
             "ease: %" PRId64 " items need a matrix of %s, over the limit of %s: raise --memory, "
             "drop rare items with --min-item, or %s",
             n_items, need.bytes ? need.bytes : "?", limit.bytes ? limit.bytes : "?", way_out);
    pal_text_release(&need);
    pal_text_release(&limit);
    return PAL_ENOMEM;
}

static pal_status ease_fit_dense(pal_ctx *ctx, const ease_params *p, const pal_csr *pairs,
                                 const pal_csr *by_item, pal_arena *arena, pal_arena *scratch,
                                 ease_state *s) {
    int64_t n = s->n_items;
    double bytes = ease_dense_bytes(n);
    if (bytes > (double)ctx->memory_limit) return ease_fail_size(ctx, n, bytes, "take form=sparse");
    s->sizes[1] = n;
    s->weights = PAL_ARENA_ARRAY(arena, float, n *n);
    if (!s->weights) return pal_fail_memory(ctx, "ease", bytes);
    pal_csr_gram(ctx->pool, pairs, by_item, s->weights);
    TRY(pal_check_cancelled(ctx));
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double length = (double)(pairs->starts[u + 1] - pairs->starts[u]);
        ctx->multiply_adds += length * length / 2;
    }
    ctx->multiply_adds += (double)n * (double)n * (double)n / 2;
    return ease_solve(ctx, p->l2, s->weights, n, scratch);
}

static pal_status ease_fit_sparse(pal_ctx *ctx, const ease_params *p, const pal_csr *pairs,
                                  const pal_csr *by_item, pal_arena *arena, pal_arena *scratch,
                                  ease_state *s) {
    int32_t n = s->n_items, k = p->k < n ? (int32_t)p->k : n;
    double bytes =
        pal_columns_bytes(n, k, by_item->starts[n], pal_pool_threads(ctx->pool)) + 16.0 * n * k;
    if (bytes > (double)ctx->memory_limit) {
        /* Where the form was open the lesser of what both take would be enough. */
        bool is_dense_less = p->form == EASE_AUTO && ease_dense_bytes(n) < bytes;
        return ease_fail_size(ctx, n, is_dense_less ? ease_dense_bytes(n) : bytes, "lower k");
    }
    int32_t *neighbours = PAL_ARENA_ARRAY(scratch, int32_t, (int64_t)n * k),
            *counts = PAL_ARENA_ARRAY(scratch, int32_t, n);
    float *weights = PAL_ARENA_ARRAY(scratch, float, (int64_t)n *k);
    if (!neighbours || !counts || !weights) return pal_fail_memory(ctx, "ease", bytes);
    TRY(pal_columns_regress(ctx, "training ease", by_item, p->l2, k, neighbours, weights, counts));
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double length = (double)(pairs->starts[u + 1] - pairs->starts[u]);
        ctx->multiply_adds += length * length;
    }
    return pal_rows_of_neighbours(ctx, "ease", n, k, neighbours, weights, counts, arena, &s->rows);
}

static pal_status ease_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    const ease_params *p = params;
    ease_state *s = state;
    const pal_log *log = train->log;
    pal_csr pairs, by_item;
    s->n_items = log->n_items;
    s->sizes = PAL_ARENA_ARRAY(arena, int64_t, 2);
    s->rows.starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)s->n_items + 1);
    s->weights = s->rows.values = PAL_ARENA_ARRAY(arena, float, 0);
    s->rows.items = PAL_ARENA_ARRAY(arena, int32_t, 0);
    if (!s->sizes || !s->rows.starts || !s->rows.values || !s->rows.items)
        return pal_fail_memory(ctx, "ease", 8.0 * s->n_items);
    bool is_dense = ease_is_dense(p, s->n_items, ctx->memory_limit);
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "ease", 8.0 * (double)log->n_events);
    return is_dense ? ease_fit_dense(ctx, p, &pairs, &by_item, arena, scratch, s)
                    : ease_fit_sparse(ctx, p, &pairs, &by_item, arena, scratch, s);
}

/* A file says how many rows of weights there are; only all or none can be scored. */
static pal_status ease_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    (void)arena;
    const ease_state *s = state;
    if (s->sizes[1] == 0 || s->sizes[1] == s->n_items) return PAL_OK;
    return pal_fail(ctx, PAL_EFORMAT,
                    "ease: the model's weights are for %" PRId64 " items and not %" PRId32
                    ": train the model again",
                    s->sizes[1], s->n_items);
}

static size_t ease_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    (void)n_queries;
    return pal_history_bytes(((const ease_state *)state)->n_items);
}

static void ease_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const ease_state *s = state;
    const pal_kernels *kernels = pal_kernels_best();
    if (!s->sizes[1]) {
        pal_rows_score(&s->rows, s->n_items, queries, n_queries, scratch, scores);
        return;
    }
    for (int32_t q = 0; q < n_queries; q++) {
        const int32_t *history;
        int32_t n = pal_history_distinct(&queries[q], s->n_items, scratch, &history);
        kernels->sum_rows(s->weights, s->n_items, history, n, scores + (int64_t)q * s->n_items,
                          s->n_items);
    }
}

static int32_t ease_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *scratch, pal_reason *reasons) {
    (void)params;
    const ease_state *s = state;
    if (!s->sizes[1]) return pal_rows_explain(&s->rows, s->n_items, query, item, scratch, reasons);
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    for (int32_t h = 0; h < n; h++) {
        float amount = s->weights[(int64_t)history[h] * s->n_items + item];
        reasons[h] = (pal_reason){.item = history[h], .amount = (double)amount};
    }
    return n;
}

static int32_t ease_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    ease_state *s = state;
    s->n_items = n_items;
    tensors[0] = (pal_tensor){.name = "sizes",
                              .dtype = PAL_I64,
                              .n_dims = 1,
                              .dims = {2},
                              .data = (void **)&s->sizes,
                              .role = PAL_ROLE_STARTS};
    tensors[1] = pal_float_rows("weights", &s->weights, -1, n_items, PAL_ROLE_DATA, NULL);
    return 2 + pal_rows_tensors(&s->rows, n_items, n_items, true, tensors + 2);
}

static void ease_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    const ease_params *p = params;
    double n = log->n_items, mean = (double)log->n_events / log->n_users, k = (double)p->k;
    /* What fits is known when training starts; a machine of 2024 has 16 GB. */
    if (!ease_is_dense(p, log->n_items, INT64_C(8) << 30)) {
        if (k > n) k = n;
        out->seconds = (1e-8 * mean * (double)log->n_events + 1e-9 * n * n +
                        4e-11 * pal_columns_flops(log->n_items, (int32_t)k)) /
                       n_threads;
        out->bytes =
            pal_columns_bytes(log->n_items, (int32_t)k, log->n_events, n_threads) + 16 * k * n;
        return;
    }
    out->seconds = (1e-9 * mean * (double)log->n_events + n * n * n * 1e-11) / n_threads;
    out->bytes = 4 * n * n + 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_ease = {
    .name = "ease",
    .family = "collaborative",
    .summary = "a linear item-item model, solved in closed form",
    .paper = "Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019",
    .represents = "the items used | a weight for each other item, solved at once",
    .traits = PAL_SCORES_NEW_USERS | PAL_FITS_MEMORY,
    .params = ease_table,
    .params_size = sizeof(ease_params),
    .state_size = sizeof(ease_state),
    .fit = ease_fit,
    .prepare = ease_prepare,
    .scratch_bytes = ease_scratch_bytes,
    .score = ease_score,
    .tensors = ease_tensors,
    .explain = ease_explain,
    .estimate = ease_estimate,
};
