/* ease.c - a linear item-item model in closed form (Steck 2019, "Embarrassingly shallow
 * autoencoders for sparse data").
 *
 * min_B |X - X B|² + l2 |B|² with diag(B) = 0, X users × items. With P = (Xᵀ X + l2 I)⁻¹: B_ij =
 * -P_ij / P_jj, B_jj = 0. score(u, i) = Σ_{j in history of u} B_ji. Cost: Σ_u |history|² / 2
 * additions for Xᵀ X, n_items³ flops for the inverse, 4 n_items² bytes in all. */
#include <inttypes.h>

#include "math/csr.h"
#include "math/kernels.h"
#include "math/solve.h"
#include "models/history.h"
#include "models/model.h"

typedef struct {
    double l2;
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
    {0},
};

typedef struct {
    float *weights; /* [n_items, n_items]: row j is added to the scores when item j is in the
                       history */
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

static pal_status ease_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    const ease_params *p = params;
    ease_state *s = state;
    int64_t n = train->log->n_items;
    double bytes = 4.0 * (double)n * (double)n;
    if (bytes > (double)ctx->memory_limit) {
        pal_text need = {0}, limit = {0};
        pal_text_add_size(&need, bytes);
        pal_text_add_size(&limit, (double)ctx->memory_limit);
        pal_fail(
            ctx, PAL_ENOMEM,
            "ease: %" PRId64
            " items need a matrix of %s, over the limit of %s: raise --memory, or drop rare items "
            "with --min-item",
            n, need.bytes ? need.bytes : "?", limit.bytes ? limit.bytes : "?");
        pal_text_release(&need);
        pal_text_release(&limit);
        return PAL_ENOMEM;
    }
    s->n_items = (int32_t)n;
    s->weights = PAL_ARENA_ARRAY(arena, float, n *n);
    if (!s->weights) return pal_fail_memory(ctx, "ease", bytes);
    pal_csr pairs, by_item;
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "ease", 8.0 * (double)train->log->n_events);
    pal_csr_gram(ctx->pool, &pairs, &by_item, s->weights);
    TRY(pal_check_cancelled(ctx));
    for (int32_t u = 0; u < pairs.n_rows; u++) {
        double length = (double)(pairs.starts[u + 1] - pairs.starts[u]);
        ctx->multiply_adds += length * length / 2;
    }
    ctx->multiply_adds += (double)n * (double)n * (double)n / 2;
    return ease_solve(ctx, p->l2, s->weights, n, scratch);
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
    tensors[0] = (pal_tensor){.name = "weights",
                              .dtype = PAL_F32,
                              .n_dims = 2,
                              .dims = {n_items, n_items},
                              .data = (void **)&s->weights};
    return 1;
}

static void ease_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    (void)params;
    double n = log->n_items, mean = (double)log->n_events / log->n_users;
    out->seconds = (1e-9 * mean * (double)log->n_events + n * n * n * 1e-11) / n_threads;
    out->bytes = 4 * n * n + 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_ease = {
    .name = "ease",
    .family = "collaborative",
    .summary = "a linear item-item model, solved in closed form",
    .paper = "Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019",
    .represents = "the items used | a weight for each other item, solved at once",
    .traits = PAL_SCORES_NEW_USERS,
    .params = ease_table,
    .params_size = sizeof(ease_params),
    .state_size = sizeof(ease_state),
    .fit = ease_fit,
    .scratch_bytes = ease_scratch_bytes,
    .score = ease_score,
    .tensors = ease_tensors,
    .explain = ease_explain,
    .estimate = ease_estimate,
};
