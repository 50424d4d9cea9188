/* gfcf.c - collaborative filtering as two low-pass filters on the graph of items (Shen et al.
 * 2021, "How powerful is graph convolution for recommendation?").
 *
 * R̃ = Du^-½ R Di^-½ with R users × items, 1 where there is an event (or the events' weight), Du and
 * Di its sums by user and item; U its right singular vectors of the `factors` largest singular
 * values, at most a quarter of the items. score(r) = r (R̃ᵀ R̃ + alpha Di^-½ U Uᵀ Di^½): the linear
 * filter is a similarity of items by who used both, of which each item keeps its k largest; the
 * ideal one keeps the broad tastes alone. Cost: Σ_u |history|² multiply-adds for the first,
 * math/svd.h for the second; the model takes 4 factors + 8 k bytes an item. */
#include <math.h>

#include "math/cooccur.h"
#include "math/kernels.h"
#include "math/svd.h"
#include "math/topk.h"
#include "models/history.h"
#include "models/rows.h"

typedef struct {
    double alpha;
    int64_t factors, k;
} gfcf_params;

static const pal_param gfcf_table[] = {
    {.name = "alpha",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(gfcf_params, alpha),
     .initial = "0.3",
     .min = 0,
     .max = 100,
     .help = "weight of the broad tastes beside the similarity of items"},
    {.name = "factors",
     .type = PAL_PARAM_INT,
     .offset = offsetof(gfcf_params, factors),
     .initial = "64",
     .min = 1,
     .max = 2048,
     .scale = PAL_LOG,
     .help = "singular vectors that hold the broad tastes, at most a quarter of the items"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(gfcf_params, k),
     .initial = "300",
     .min = 1,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "most similar items of each item that count"},
    {0},
};

typedef struct {
    pal_rows rows;     /* [n_items] R̃ᵀ R̃ without its diagonal, by the item of the history */
    float *own;        /* [n_items] its diagonal */
    float *roots;      /* [n_items] Di^½ */
    float *vectors;    /* [n_items, width] U */
    pal_packed packed; /* of alpha Di^½ U */
    int32_t n_items, width;
} gfcf_state;

static int32_t gfcf_width(const gfcf_params *p, int32_t n_items) {
    int32_t most = n_items / 4 > 1 ? n_items / 4 : 1;
    return p->factors < most ? (int32_t)p->factors : most;
}

/* --- fit --- */

/* From inner products of columns of Du^-½ R to those of R̃; arg: Di^-½ [n_items]. */
static void gfcf_similar(const void *arg, int32_t item, const float *dots, int32_t n_items,
                         float *similarity) {
    const float *scales = arg;
    float scale = scales[item];
    for (int32_t i = 0; i < n_items; i++) similarity[i] = dots[i] * (scale * scales[i]);
}

static double gfcf_root(double sum) { return sum > 0 ? sqrt(sum) : 0; }

/* pairs becomes Du^-½ R; scales [n_items] Di^-½; fills roots and own. */
static pal_status gfcf_normalize(pal_ctx *ctx, pal_csr *pairs, pal_arena *scratch, gfcf_state *s,
                                 float *scales) {
    int32_t n = pairs->n_cols;
    int64_t n_pairs = pairs->starts[pairs->n_rows];
    float *values = PAL_ARENA_ARRAY(scratch, float, n_pairs);
    double *sums = PAL_ARENA_ARRAY(scratch, double, n),
           *squares = PAL_ARENA_ARRAY(scratch, double, n);
    if (!values || !sums || !squares)
        return pal_fail_memory(ctx, "gfcf", 4.0 * (double)n_pairs + 16.0 * n);
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double sum = 0;
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++)
            sum += pairs->values ? (double)pairs->values[e] : 1;
        double root = gfcf_root(sum);
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) {
            double x = pairs->values ? (double)pairs->values[e] : 1,
                   scaled = root > 0 ? x / root : 0;
            values[e] = (float)scaled;
            sums[pairs->cols[e]] += x;
            squares[pairs->cols[e]] += scaled * scaled;
        }
    }
    for (int32_t i = 0; i < n; i++) {
        double root = gfcf_root(sums[i]);
        s->roots[i] = (float)root;
        s->own[i] = root > 0 ? (float)(squares[i] / sums[i]) : 0;
        scales[i] = root > 0 ? (float)(1 / root) : 0;
    }
    pairs->values = values;
    return PAL_OK;
}

/* The linear filter. */
static pal_status gfcf_link(pal_ctx *ctx, const gfcf_params *p, const pal_csr *pairs,
                            const pal_csr *by_item, const float *scales, pal_arena *arena,
                            pal_arena *scratch, gfcf_state *s) {
    int32_t n = s->n_items;
    int64_t k = p->k < n ? p->k : n;
    int32_t *neighbours = PAL_ARENA_ARRAY(scratch, int32_t, k * n),
            *counts = PAL_ARENA_ARRAY(scratch, int32_t, n);
    float *similarities = PAL_ARENA_ARRAY(scratch, float, k *n);
    if (!neighbours || !counts || !similarities)
        return pal_fail_memory(ctx, "gfcf", 8.0 * (double)k * n);
    TRY(pal_cooccur_topk(ctx, "training gfcf", pairs, by_item, (int32_t)k, gfcf_similar, scales,
                         true, neighbours, similarities, counts));
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double length = (double)(pairs->starts[u + 1] - pairs->starts[u]);
        ctx->multiply_adds += length * length;
    }
    return pal_rows_of_neighbours(ctx, "gfcf", n, k, neighbours, similarities, counts, arena,
                                  &s->rows);
}

static pal_status gfcf_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    gfcf_state *s = state;
    const pal_log *log = train->log;
    int32_t n = log->n_items;
    pal_csr pairs, by_item;
    s->n_items = n;
    s->width = gfcf_width(params, n);
    s->own = PAL_ARENA_ARRAY(arena, float, n);
    s->roots = PAL_ARENA_ARRAY(arena, float, n);
    s->vectors = PAL_ARENA_ARRAY(arena, float, (int64_t)n * s->width);
    float *scales = PAL_ARENA_ARRAY(scratch, float, n),
          *values = PAL_ARENA_ARRAY(scratch, float, s->width);
    if (!s->own || !s->roots || !s->vectors || !scales || !values)
        return pal_fail_memory(ctx, "gfcf", 4.0 * n * s->width);
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    TRY(gfcf_normalize(ctx, &pairs, scratch, s, scales));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "gfcf", 8.0 * (double)log->n_events);
    TRY(gfcf_link(ctx, params, &pairs, &by_item, scales, arena, scratch, s));
    pal_svd_input svd = {.a = &pairs, .transposed = &by_item, .col_scales = scales, .k = s->width};
    return pal_svd(ctx, "training gfcf", &svd, s->vectors, values);
}

static pal_status gfcf_prepare(pal_ctx *ctx, const void *params, pal_arena *arena, void *state) {
    gfcf_state *s = state;
    int64_t n = (int64_t)pal_packed_floats(s->n_items, s->width),
            n_vectors = (int64_t)s->n_items * s->width;
    float *panels = PAL_ARENA_ARRAY(arena, float, n);
    pal_arena scratch = {0};
    float *scaled = PAL_ARENA_ARRAY(&scratch, float, n_vectors);
    bool has_memory = panels && scaled;
    for (int64_t e = 0; has_memory && e < n_vectors; e++)
        scaled[e] = (float)(((const gfcf_params *)params)->alpha * (double)s->roots[e / s->width] *
                            (double)s->vectors[e]);
    if (has_memory) s->packed = pal_pack(scaled, s->n_items, s->width, panels);
    pal_arena_release(&scratch);
    return has_memory ? PAL_OK : pal_fail_memory(ctx, "gfcf", 8.0 * (double)n);
}

/* --- score --- */

/* Scratch: the history's, a user's sum [width] in double, users [n_queries, width], the edge
 * [n_queries, PAL_PANEL]. */
static size_t gfcf_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    const gfcf_state *s = state;
    size_t width = (size_t)s->width, n = (size_t)n_queries;
    return width * sizeof(double) + n * (width + PAL_PANEL) * sizeof(float) +
           pal_history_bytes(s->n_items);
}

static void gfcf_user(const gfcf_state *s, const int32_t *history, int32_t n, double *sum,
                      float *user) {
    for (int32_t f = 0; f < s->width; f++) sum[f] = 0;
    for (int32_t h = 0; h < n; h++) {
        if (!(s->roots[history[h]] > 0)) continue;
        const float *row = s->vectors + (int64_t)history[h] * s->width;
        double scale = 1 / (double)s->roots[history[h]];
        for (int32_t f = 0; f < s->width; f++) sum[f] += scale * (double)row[f];
    }
    for (int32_t f = 0; f < s->width; f++) user[f] = (float)sum[f];
}

static void gfcf_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const gfcf_state *s = state;
    double *sum = (double *)((char *)scratch + pal_history_bytes(s->n_items));
    float *users = (float *)(sum + s->width), *edge = users + (int64_t)n_queries * s->width;
    const int32_t *history;
    for (int32_t q = 0; q < n_queries; q++) {
        int32_t n = pal_history_distinct(&queries[q], s->n_items, scratch, &history);
        gfcf_user(s, history, n, sum, users + (int64_t)q * s->width);
    }
    pal_packed_scores(pal_kernels_best(), &s->packed, users, n_queries, edge, scores);
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * s->n_items;
        int32_t n = pal_history_distinct(&queries[q], s->n_items, scratch, &history);
        for (int32_t h = 0; h < n; h++) {
            row[history[h]] += s->own[history[h]];
            pal_rows_add(&s->rows, history[h], 1, row);
        }
    }
}

static int32_t gfcf_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *scratch, pal_reason *reasons) {
    const gfcf_state *s = state;
    double alpha = ((const gfcf_params *)params)->alpha;
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    const float *target = s->vectors + (int64_t)item * s->width;
    for (int32_t h = 0; h < n; h++) {
        int32_t used = history[h];
        const float *row = s->vectors + (int64_t)used * s->width;
        double match = 0, root = (double)s->roots[used];
        for (int32_t f = 0; f < s->width; f++) match += (double)row[f] * (double)target[f];
        double broad = root > 0 ? alpha * (double)s->roots[item] / root * match : 0;
        double similar =
            used == item ? (double)s->own[item] : (double)pal_rows_at(&s->rows, used, item);
        reasons[h] = (pal_reason){.item = used, .amount = similar + broad};
    }
    return n;
}

static int32_t gfcf_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)n_users;
    gfcf_state *s = state;
    s->n_items = n_items;
    s->width = gfcf_width(params, n_items);
    int32_t n = pal_rows_tensors(&s->rows, n_items, n_items, true, tensors);
    tensors[n++] = pal_floats("own", &s->own, n_items);
    tensors[n++] = pal_floats("roots", &s->roots, n_items);
    tensors[n++] = pal_float_rows("vectors", &s->vectors, n_items, s->width, PAL_ROLE_ITEMS, NULL);
    return n;
}

static void gfcf_estimate(const void *params, const pal_log *log, int32_t n_threads,
                          pal_estimate *out) {
    double squares = 0, n = log->n_items, l = 1.5 * gfcf_width(params, log->n_items);
    double k = (double)((const gfcf_params *)params)->k;
    for (int32_t u = 0; u < log->n_users; u++) {
        double length = (double)(log->starts[u + 1] - log->starts[u]);
        squares += length * length;
    }
    double tall = (double)log->n_users + 2 * n, steps = 20;
    out->seconds = (1.2e-9 * squares + 1e-9 * n * n +
                    steps * l * (0.5e-9 * (double)log->n_events + 0.05e-9 * tall * l)) /
                       n_threads +
                   steps * 1e-9 * l * l * l;
    out->bytes = 4 * l * tall + 32.0 * (double)log->n_events + 16 * (k < n ? k : n) * n;
}

const pal_kind pal_kind_gfcf = {
    .name = "gfcf",
    .family = "collaborative",
    .summary = "two low-pass filters on the graph of items: similar items, and broad tastes",
    .paper = "Shen et al.: How powerful is graph convolution for recommendation?, CIKM 2021",
    .represents = "the items used | its {k} most similar items; a row of {factors} numbers",
    .traits = PAL_SCORES_NEW_USERS,
    .params = gfcf_table,
    .params_size = sizeof(gfcf_params),
    .state_size = sizeof(gfcf_state),
    .fit = gfcf_fit,
    .prepare = gfcf_prepare,
    .scratch_bytes = gfcf_scratch_bytes,
    .score = gfcf_score,
    .tensors = gfcf_tensors,
    .explain = gfcf_explain,
    .estimate = gfcf_estimate,
};
