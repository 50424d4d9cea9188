/* puresvd.c - a person's history projected on the main directions of all histories (Cremonesi,
 * Koren, Turrin 2010).
 *
 * X, users × items, holds 1 where there is an event (or the events' weight), 0 elsewhere; V are its
 * right singular vectors of the `factors` largest singular values. score(u, i) = Σ_{j in history of
 * u} V_j · V_i. A history is a user: nothing is kept of the users of training. The more factors for
 * the catalogue, the nearer V Vᵀ is to the identity and every unused item's score to 0 (on msweb's
 * 285 items 64 factors lose to popularity by far); so there are at most a 24th of the items. Cost:
 * math/svd.h; a
 * list takes factors × n_items multiply-adds, the model 4 factors bytes an item. */
#include "math/kernels.h"
#include "math/svd.h"
#include "math/topk.h"
#include "models/history.h"
#include "models/panels.h"

enum { PURESVD_ITEMS = 24 }; /* items to a factor, at the least */

typedef struct {
    int64_t factors;
} puresvd_params;

static const pal_param puresvd_table[] = {
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(puresvd_params, factors),
     .initial = "24",
     .min = 1,
     .max = 2048,
     .scale = PAL_LOG,
     .help =
         "singular vectors that are kept, at most a 24th of the items: fewer see broader tastes"},
    {0},
};

typedef struct {
    float *vectors;    /* [n_items, width] V */
    pal_packed packed; /* of vectors */
    float *panels;
    pal_small small; /* instead of vectors */
    int32_t n_items, width;
} puresvd_state;

static int32_t puresvd_width(const puresvd_params *p, int32_t n_items) {
    int32_t most = n_items / PURESVD_ITEMS > 2 ? n_items / PURESVD_ITEMS : 2;
    if (most > n_items) most = n_items;
    return p->factors < most ? (int32_t)p->factors : most;
}

static pal_status puresvd_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, void *state) {
    puresvd_state *s = state;
    const pal_log *log = train->log;
    pal_csr pairs, by_item;
    s->n_items = log->n_items;
    s->width = puresvd_width(params, log->n_items);
    s->vectors = PAL_ARENA_ARRAY(arena, float, (int64_t)s->n_items * s->width);
    float *values = PAL_ARENA_ARRAY(scratch, float, s->width);
    if (!s->vectors || !values) return pal_fail_memory(ctx, "puresvd", 4.0 * s->n_items * s->width);
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "puresvd", 8.0 * (double)log->n_events);
    return pal_svd(ctx, "training puresvd",
                   &(pal_svd_input){.a = &pairs, .transposed = &by_item, .k = s->width}, s->vectors,
                   values);
}

static pal_status puresvd_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    (void)params;
    puresvd_state *s = state;
    return pal_panels_pack_rows(ctx, "puresvd", s->vectors, &s->small, s->n_items, s->width, arena,
                                &s->panels, &s->packed);
}

/* Scratch: the history's, a user's sum [width] in double, users [n_queries, width], room for two
 * rows, the edge [n_queries, PAL_PANEL]. */
static size_t puresvd_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const puresvd_state *s = state;
    size_t width = (size_t)s->width, n = (size_t)n_queries;
    return width * sizeof(double) + (n * (width + PAL_PANEL) + 2 * width) * sizeof(float) +
           pal_history_bytes(s->n_items);
}

static void puresvd_user(const puresvd_state *s, const pal_query *query, void *scratch, double *sum,
                         float *user) {
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    for (int32_t f = 0; f < s->width; f++) sum[f] = 0;
    for (int32_t h = 0; h < n; h++) {
        const float *row = pal_row_at(s->vectors, &s->small, s->width, history[h], user);
        for (int32_t f = 0; f < s->width; f++) sum[f] += (double)row[f];
    }
    for (int32_t f = 0; f < s->width; f++) user[f] = (float)sum[f];
}

static void puresvd_score(const void *params, const void *state, const pal_query *queries,
                          int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const puresvd_state *s = state;
    double *sum = (double *)((char *)scratch + pal_history_bytes(s->n_items));
    float *users = (float *)(sum + s->width), *edge = users + ((int64_t)n_queries + 2) * s->width;
    for (int32_t q = 0; q < n_queries; q++)
        puresvd_user(s, &queries[q], scratch, sum, users + (int64_t)q * s->width);
    pal_packed_scores(pal_kernels_best(), &s->packed, users, n_queries, edge, scores);
}

static int32_t puresvd_explain(const void *params, const void *state, const pal_query *query,
                               int32_t item, void *scratch, pal_reason *reasons) {
    (void)params;
    const puresvd_state *s = state;
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    double *sum = (double *)((char *)scratch + pal_history_bytes(s->n_items));
    float *room = (float *)(sum + s->width);
    const float *target = pal_row_at(s->vectors, &s->small, s->width, item, room);
    for (int32_t h = 0; h < n; h++) {
        const float *row = pal_row_at(s->vectors, &s->small, s->width, history[h], room + s->width);
        double amount = 0;
        for (int32_t f = 0; f < s->width; f++) amount += (double)row[f] * (double)target[f];
        reasons[h] = (pal_reason){.item = history[h], .amount = amount};
    }
    return n;
}

static int32_t puresvd_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                               pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)n_users;
    puresvd_state *s = state;
    s->n_items = n_items;
    s->width = puresvd_width(params, n_items);
    tensors[0] =
        pal_float_rows("vectors", &s->vectors, n_items, s->width, PAL_ROLE_ITEMS, &s->small);
    return 1;
}

static void puresvd_estimate(const void *params, const pal_log *log, int32_t n_threads,
                             pal_estimate *out) {
    double l = 1.5 * puresvd_width(params, log->n_items);
    double tall = (double)log->n_users + 2.0 * log->n_items, steps = 20;
    out->seconds = steps * l * (0.3e-9 * (double)log->n_events + 0.05e-9 * tall * l) / n_threads +
                   steps * 1e-9 * l * l * l;
    out->bytes = 4 * l * tall + 16.0 * (double)log->n_events;
}

const pal_kind pal_kind_puresvd = {
    .name = "puresvd",
    .family = "collaborative",
    .summary = "the history projected on the main directions of all histories",
    .paper = "Cremonesi, Koren, Turrin: Performance of recommender algorithms on top-n "
             "recommendation tasks, RecSys 2010",
    .represents = "the sum of the rows of the items used | a row of {factors} numbers",
    .traits = PAL_SCORES_NEW_USERS,
    .params = puresvd_table,
    .params_size = sizeof(puresvd_params),
    .state_size = sizeof(puresvd_state),
    .fit = puresvd_fit,
    .prepare = puresvd_prepare,
    .scratch_bytes = puresvd_scratch_bytes,
    .score = puresvd_score,
    .tensors = puresvd_tensors,
    .explain = puresvd_explain,
    .estimate = puresvd_estimate,
};
