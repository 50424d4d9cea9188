/* rp3beta.c - random walks of three steps over users and items, popular ends held back (Paudel,
 * Christoffel, Newell, Bernstein 2017; with beta = 0 P3alpha, Cooper et al. 2014).
 *
 * A walk goes from an item of the history to one of its users and on to one of his items. With x_ui
 * the entries (1, or weights of events), d_i and d_u their sums by item and user:
 * W_ij = Σ_u (x_ui / d_i)^alpha (x_uj / d_u)^alpha / d_j^beta, W_ii = 0, and score(u, j) =
 * Σ_{i in history of u} W_ij over the i whose W_ij is among the k largest of item j. Cost: Σ_u
 * |history|² multiply-adds, 8 k bytes an item. */
#include <math.h>

#include "math/cooccur.h"
#include "models/history.h"
#include "models/rows.h"

typedef struct {
    double alpha, beta;
    int64_t k;
} rp3_params;

static const pal_param rp3_table[] = {
    {.name = "alpha",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(rp3_params, alpha),
     .initial = "0.7",
     .min = 0,
     .max = 3,
     .help = "power of the probability of a step: 1 walks as drawn, smaller evens out who has many "
             "items"},
    {.name = "beta",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(rp3_params, beta),
     .initial = "0.3",
     .min = 0,
     .max = 2,
     .help = "power of its popularity that an item's score is divided by; 0: not at all"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(rp3_params, k),
     .initial = "200",
     .min = 1,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "items from which walks to an item count, those with the most probable walks; where "
             "people "
             "have few events in common, thousands"},
    {0},
};

/* For each item i the items j that walks from it reach: W_ij. */
typedef struct {
    pal_rows rows; /* [n_items] */
    int32_t n_items;
} rp3_state;

/* --- fit --- */

typedef struct {
    const float *from; /* [n_items] d_i^-alpha */
    const float *to;   /* [n_items] d_j^-beta */
} rp3_scales;

/* Walks that end at `item`, by where they start: the middle of the sum is symmetric. */
static void rp3_walks(const void *arg, int32_t item, const float *dots, int32_t n_items,
                      float *walks) {
    const rp3_scales *s = arg;
    float to = s->to[item];
    for (int32_t i = 0; i < n_items; i++) walks[i] = dots[i] * (s->from[i] * to);
}

static double rp3_power(double x, double power) { return x > 0 ? pow(x, power) : 0; }

/* Entries become x_ui^alpha d_u^(-alpha / 2): the inner product of two columns is then the sum over
 * users, up to the scales of both items. */
static pal_status rp3_weigh(pal_ctx *ctx, const rp3_params *p, pal_csr *pairs, pal_arena *scratch,
                            rp3_scales *out) {
    int32_t n = pairs->n_cols;
    int64_t n_pairs = pairs->starts[pairs->n_rows];
    float *values = PAL_ARENA_ARRAY(scratch, float, n_pairs),
          *from = PAL_ARENA_ARRAY(scratch, float, n), *to = PAL_ARENA_ARRAY(scratch, float, n);
    double *sums = PAL_ARENA_ARRAY(scratch, double, n);
    if (!values || !from || !to || !sums)
        return pal_fail_memory(ctx, "rp3beta", 4.0 * (double)n_pairs + 16.0 * n);
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double sum = 0;
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++)
            sum += pairs->values ? (double)pairs->values[e] : 1;
        double scale = rp3_power(sum, -p->alpha / 2);
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) {
            double x = pairs->values ? (double)pairs->values[e] : 1;
            values[e] = (float)(rp3_power(x, p->alpha) * scale);
            sums[pairs->cols[e]] += x;
        }
    }
    for (int32_t i = 0; i < n; i++) {
        from[i] = (float)rp3_power(sums[i], -p->alpha);
        to[i] = (float)rp3_power(sums[i], -p->beta);
    }
    pairs->values = values;
    *out = (rp3_scales){.from = from, .to = to};
    return PAL_OK;
}

static pal_status rp3_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, void *state) {
    const rp3_params *p = params;
    const pal_log *log = train->log;
    rp3_state *s = state;
    pal_csr pairs, by_item;
    rp3_scales scales;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    TRY(rp3_weigh(ctx, p, &pairs, scratch, &scales));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "rp3beta", 8.0 * (double)log->n_events);
    int64_t k = p->k < log->n_items ? p->k : log->n_items;
    int32_t *neighbours = PAL_ARENA_ARRAY(scratch, int32_t, k * log->n_items),
            *counts = PAL_ARENA_ARRAY(scratch, int32_t, log->n_items);
    float *walks = PAL_ARENA_ARRAY(scratch, float, k * log->n_items);
    if (!neighbours || !counts || !walks)
        return pal_fail_memory(ctx, "rp3beta", 8.0 * (double)k * log->n_items);
    TRY(pal_cooccur_topk(ctx, "training rp3beta", &pairs, &by_item, (int32_t)k, rp3_walks, &scales,
                         false, neighbours, walks, counts));
    for (int32_t u = 0; u < pairs.n_rows; u++) {
        double length = (double)(pairs.starts[u + 1] - pairs.starts[u]);
        ctx->multiply_adds += length * length;
    }
    s->n_items = log->n_items;
    return pal_rows_of_neighbours(ctx, "rp3beta", log->n_items, k, neighbours, walks, counts, arena,
                                  &s->rows);
}

/* --- score --- */

static size_t rp3_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    (void)n_queries;
    return pal_history_bytes(((const rp3_state *)state)->n_items);
}

static void rp3_score(const void *params, const void *state, const pal_query *queries,
                      int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const rp3_state *s = state;
    pal_rows_score(&s->rows, s->n_items, queries, n_queries, scratch, scores);
}

static int32_t rp3_explain(const void *params, const void *state, const pal_query *query,
                           int32_t item, void *scratch, pal_reason *reasons) {
    (void)params;
    const rp3_state *s = state;
    return pal_rows_explain(&s->rows, s->n_items, query, item, scratch, reasons);
}

static int32_t rp3_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                           pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    rp3_state *s = state;
    s->n_items = n_items;
    return pal_rows_tensors(&s->rows, n_items, n_items, true, tensors);
}

static void rp3_estimate(const void *params, const pal_log *log, int32_t n_threads,
                         pal_estimate *out) {
    double squares = 0, n = log->n_items, k = (double)((const rp3_params *)params)->k;
    for (int32_t u = 0; u < log->n_users; u++) {
        double length = (double)(log->starts[u + 1] - log->starts[u]);
        squares += length * length;
    }
    out->seconds = (1.2e-9 * squares + 1e-9 * n * n) / n_threads;
    out->bytes = 32.0 * (double)log->n_events + 16 * (k < n ? k : n) * n;
}

const pal_kind pal_kind_rp3beta = {
    .name = "rp3beta",
    .family = "collaborative",
    .summary = "random walks from what the person used over who else used it, popular ends held "
               "back",
    .paper = "Paudel, Christoffel, Newell, Bernstein: Updatable, accurate, diverse, and scalable "
             "recommendations for interactive applications, TiiS 2017",
    .represents = "the items used | who used it; the {k} items from which walks reach it most",
    .traits = PAL_SCORES_NEW_USERS,
    .params = rp3_table,
    .params_size = sizeof(rp3_params),
    .state_size = sizeof(rp3_state),
    .fit = rp3_fit,
    .scratch_bytes = rp3_scratch_bytes,
    .score = rp3_score,
    .tensors = rp3_tensors,
    .explain = rp3_explain,
    .estimate = rp3_estimate,
};
