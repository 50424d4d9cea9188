/* user_knn.c - what the people use whose histories resemble the person's (Resnick et al. 1994;
 * Herlocker et al. 1999, for events instead of ratings).
 *
 * score(u, i) = Σ_{v in N(u)} s(u, v) x_vi, N(u) the k users most similar to u, itself left out.
 * With n_uv the items of both (the neighbour's weights added where events have weights), n_u the
 * items of u: cosine n_uv / sqrt(n_u n_v), jaccard n_uv / (n_u + n_v - n_uv), each times
 * n_uv / (n_uv + shrink). Cost: no training beyond the transpose; a list costs Σ_{j in history}
 * users of j additions and the neighbours' histories. Ties: by row. */
#include <math.h>
#include <string.h>

#include "math/topk.h"
#include "models/history.h"
#include "models/rows.h"

typedef enum { USER_KNN_COSINE, USER_KNN_JACCARD } user_knn_metric;
static const char *const user_knn_metrics[] = {"cosine", "jaccard", NULL};

typedef struct {
    int32_t metric;
    int64_t k;
    double shrink;
} user_knn_params;

static const pal_param user_knn_table[] = {
    {.name = "metric",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(user_knn_params, metric),
     .choices = user_knn_metrics,
     .help = "how the similarity of two people is measured"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(user_knn_params, k),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "people whose histories count"},
    {.name = "shrink",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(user_knn_params, shrink),
     .initial = "0",
     .min = 0,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "items in common at which a similarity counts half"},
    {0},
};

typedef struct {
    pal_rows users;  /* [n_users] what each used */
    pal_csr by_item; /* derived: users of each item, their weights */
    float *norms;    /* derived: [n_users] Σ x² */
    int32_t n_users, n_items;
    bool has_weights;
} user_knn_state;

static pal_status user_knn_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                               pal_arena *arena, pal_arena *scratch, void *state) {
    (void)params;
    user_knn_state *s = state;
    pal_csr pairs;
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    s->n_users = pairs.n_rows;
    s->n_items = pairs.n_cols;
    ctx->multiply_adds += (double)pairs.starts[pairs.n_rows];
    TRY(pal_rows_copy(ctx, "user_knn", &pairs, arena, &s->users));
    if (s->users.values) return PAL_OK;
    int64_t n = pairs.starts[pairs.n_rows];
    s->users.values = PAL_ARENA_ARRAY(arena, float, n); /* a file has one form */
    if (!s->users.values) return pal_fail_memory(ctx, "user_knn", 4.0 * (double)n);
    for (int64_t e = 0; e < n; e++) s->users.values[e] = 1;
    return PAL_OK;
}

static pal_status user_knn_prepare(pal_ctx *ctx, const void *params, pal_arena *arena,
                                   void *state) {
    (void)params;
    user_knn_state *s = state;
    pal_csr users = pal_rows_matrix(&s->users, s->n_users, s->n_items);
    s->norms = PAL_ARENA_ARRAY(arena, float, s->n_users);
    if (!s->norms || !pal_csr_transpose(&users, arena, &s->by_item))
        return pal_fail_memory(ctx, "user_knn", 8.0 * (double)users.starts[users.n_rows]);
    for (int32_t u = 0; u < s->n_users; u++) {
        double norm = 0;
        for (int64_t e = users.starts[u]; e < users.starts[u + 1]; e++)
            norm += (double)users.values[e] * (double)users.values[e];
        s->norms[u] = (float)norm;
    }
    return PAL_OK;
}

/* Scratch of one query: the history's, then these. */
typedef struct {
    float *dots, *similarities; /* [n_users] */
    int32_t *found;             /* [n_users] */
    int32_t *neighbours;        /* [k] */
    float *weights;             /* [k] */
} user_knn_scratch;

static int32_t user_knn_k(const user_knn_params *p, const user_knn_state *s) {
    return (int32_t)(p->k < s->n_users ? p->k : s->n_users);
}

static size_t user_knn_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)n_queries;
    const user_knn_state *s = state;
    return pal_history_bytes(s->n_items) + 3 * pal_scratch_round((size_t)s->n_users * 4) +
           2 * pal_scratch_round((size_t)user_knn_k(params, s) * 4);
}

static user_knn_scratch user_knn_cut(const user_knn_params *p, const user_knn_state *s,
                                     void *scratch) {
    char *at = (char *)scratch + pal_history_bytes(s->n_items);
    size_t users = pal_scratch_round((size_t)s->n_users * 4),
           k = pal_scratch_round((size_t)user_knn_k(p, s) * 4);
    return (user_knn_scratch){.dots = (float *)(void *)at,
                              .similarities = (float *)(void *)(at + users),
                              .found = (int32_t *)(void *)(at + 2 * users),
                              .neighbours = (int32_t *)(void *)(at + 3 * users),
                              .weights = (float *)(void *)(at + 3 * users + k)};
}

/* The neighbours of one query into the scratch, nearest first; returns how many. */
static int32_t user_knn_find(const user_knn_params *p, const user_knn_state *s,
                             const pal_query *query, const int32_t *history, int32_t n,
                             user_knn_scratch *c) {
    memset(c->dots, 0, (size_t)s->n_users * sizeof *c->dots);
    for (int32_t h = 0; h < n; h++) {
        for (int64_t e = s->by_item.starts[history[h]]; e < s->by_item.starts[history[h] + 1]; e++)
            c->dots[s->by_item.cols[e]] += s->by_item.values[e];
    }
    if (query->user_plus_1) c->dots[query->user_plus_1 - 1] = 0;
    for (int32_t v = 0; v < s->n_users; v++) {
        float dot = c->dots[v], similarity = 0;
        if (dot > 0) {
            similarity = p->metric == USER_KNN_COSINE ? dot / sqrtf((float)n * s->norms[v])
                                                      : dot / ((float)n + s->norms[v] - dot);
            if (p->shrink > 0) similarity *= dot / (dot + (float)p->shrink);
        }
        c->similarities[v] = similarity > 0 ? similarity : -INFINITY;
    }
    pal_topk top;
    pal_topk_start(&top, user_knn_k(p, s), c->neighbours, c->weights);
    pal_topk_offer(&top, pal_kernels_best(), c->similarities, s->n_users, 0, c->found);
    return pal_topk_finish(&top);
}

static void user_knn_score(const void *params, const void *state, const pal_query *queries,
                           int32_t n_queries, void *scratch, float *scores) {
    const user_knn_state *s = state;
    user_knn_scratch c = user_knn_cut(params, s, scratch);
    for (int32_t q = 0; q < n_queries; q++) {
        const int32_t *history;
        int32_t n = pal_history_distinct(&queries[q], s->n_items, scratch, &history);
        int32_t n_neighbours = user_knn_find(params, s, &queries[q], history, n, &c);
        float *row = scores + (int64_t)q * s->n_items;
        memset(row, 0, (size_t)s->n_items * sizeof *row);
        for (int32_t v = 0; v < n_neighbours; v++)
            pal_rows_add(&s->users, c.neighbours[v], c.weights[v], row);
    }
}

/* A neighbour's say is divided among the items that make it one: no other person is named. */
static int32_t user_knn_explain(const void *params, const void *state, const pal_query *query,
                                int32_t item, void *scratch, pal_reason *reasons) {
    const user_knn_state *s = state;
    user_knn_scratch c = user_knn_cut(params, s, scratch);
    const int32_t *history;
    int32_t n = pal_history_distinct(query, s->n_items, scratch, &history);
    int32_t n_neighbours = user_knn_find(params, s, query, history, n, &c);
    for (int32_t h = 0; h < n; h++) reasons[h] = (pal_reason){.item = history[h]};
    for (int32_t v = 0; v < n_neighbours; v++) {
        float used = pal_rows_at(&s->users, c.neighbours[v], item);
        if (used <= 0) continue;
        double share = (double)c.weights[v] * (double)used / (double)c.dots[c.neighbours[v]];
        for (int32_t h = 0; h < n; h++)
            reasons[h].amount +=
                share * (double)pal_rows_at(&s->users, c.neighbours[v], history[h]);
    }
    return n;
}

static int32_t user_knn_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                                pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    user_knn_state *s = state;
    s->n_users = n_users;
    s->n_items = n_items;
    return pal_rows_tensors(&s->users, n_users, n_items, true, tensors);
}

const pal_kind pal_kind_user_knn = {
    .name = "user_knn",
    .family = "collaborative",
    .summary = "what the people use whose histories resemble the person's",
    .paper = "Resnick, Iacovou, Suchak, Bergstrom, Riedl: GroupLens: an open architecture for "
             "collaborative filtering of netnews, CSCW 1994",
    .represents = "the items used; the {k} most similar people | who used it",
    .traits = PAL_SCORES_NEW_USERS,
    .params = user_knn_table,
    .params_size = sizeof(user_knn_params),
    .state_size = sizeof(user_knn_state),
    .fit = user_knn_fit,
    .prepare = user_knn_prepare,
    .scratch_bytes = user_knn_scratch_bytes,
    .score = user_knn_score,
    .tensors = user_knn_tensors,
    .explain = user_knn_explain,
};
