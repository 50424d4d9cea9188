/* item_knn.c - items similar to what the person used (Sarwar et al. 2001; Deshpande and Karypis
 * 2004).
 *
 * score(u, i) = Σ_{j in history of u} s(i, j) over the j whose s(i, j) is among the k largest of
 * item i. With n_ij the users of both (their weights multiplied where events have weights), n_i the
 * users of i, n the users: cosine   n_ij / sqrt(n_ii n_jj) jaccard  n_ij / (n_ii + n_jj - n_ij)
 *   pearson  correlation of the two columns over all users
 *   tfidf    cosine after each user's entries are multiplied by log(n_items / (1 + |history|))
 *   bm25     inner product after entries are (K1 + 1) / (K1 L_i + 1) times that, L_i = 1 - B + B
 * n_i / mean n, K1 = 1.2, B = 0.75 each times n_ij / (n_ij + shrink), which keeps pairs that met
 * once or twice from the top of the list. Cost: Σ_u |history|² / 2 additions, 8 k bytes an item. */
#include <math.h>
#include <string.h>

#include "math/cooccur.h"
#include "models/history.h"
#include "models/rows.h"

typedef enum { KNN_COSINE, KNN_JACCARD, KNN_PEARSON, KNN_TFIDF, KNN_BM25 } knn_metric;
static const char *const knn_metrics[] = {"cosine", "jaccard", "pearson", "tfidf", "bm25", NULL};

typedef struct {
    int32_t metric;
    int64_t k;
    double shrink;
} knn_params;

static const pal_param knn_table[] = {
    {.name = "metric",
     .type = PAL_PARAM_CHOICE,
     .offset = offsetof(knn_params, metric),
     .choices = knn_metrics,
     .help = "how the similarity of two items is measured"},
    {.name = "k",
     .type = PAL_PARAM_INT,
     .offset = offsetof(knn_params, k),
     .initial = "100",
     .min = 1,
     .max = 10000,
     .scale = PAL_LOG,
     .help = "neighbours of each item that count"},
    {.name = "shrink",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(knn_params, shrink),
     .initial = "10",
     .min = 0,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "users in common at which a similarity counts half; 0 trusts pairs that met once"},
    {0},
};

/* For each item j the items whose neighbour it is, so that a history adds up row by row. */
typedef struct {
    pal_rows rows; /* [n_items] */
    int32_t n_items;
} knn_state;

/* --- similarity of one item to all, from inner products of columns --- */

typedef struct {
    knn_metric metric;
    float shrink;
    double n_users;
    const float *norms;  /* [n_items] Σ x²: inner product of a column with itself */
    const float *sums;   /* [n_items] Σ x */
    const float *scales; /* [n_items] cosine: 1 / sqrt(norm); bm25: the item's factor */
} knn_similarity;

static void knn_scaled(const knn_similarity *s, int32_t item, const float *dots, int32_t n,
                       float *out) {
    float scale = s->scales[item];
    for (int32_t j = 0; j < n; j++) out[j] = dots[j] * (scale * s->scales[j]);
}

static void knn_jaccard(const knn_similarity *s, int32_t item, const float *dots, int32_t n,
                        float *out) {
    float norm = s->norms[item];
    for (int32_t j = 0; j < n; j++)
        out[j] = dots[j] > 0 ? dots[j] / (norm + s->norms[j] - dots[j]) : 0;
}

static void knn_pearson(const knn_similarity *s, int32_t item, const float *dots, int32_t n,
                        float *out) {
    double n_users = s->n_users, sum = s->sums[item],
           variance = s->norms[item] - sum * sum / n_users;
    for (int32_t j = 0; j < n; j++) {
        double other = s->sums[j], other_variance = s->norms[j] - other * other / n_users;
        double product = variance * other_variance;
        out[j] = product > 0 ? (float)((dots[j] - sum * other / n_users) / sqrt(product)) : 0;
    }
}

static void knn_similar(const void *arg, int32_t item, const float *dots, int32_t n_items,
                        float *similarity) {
    const knn_similarity *s = arg;
    switch (s->metric) {
    case KNN_JACCARD:
        knn_jaccard(s, item, dots, n_items, similarity);
        break;
    case KNN_PEARSON:
        knn_pearson(s, item, dots, n_items, similarity);
        break;
    default:
        knn_scaled(s, item, dots, n_items, similarity);
        break;
    }
    if (s->shrink <= 0) return;
    /* Times 1 exactly where the shrinkage is negligible; 0 / shrink is 0 where two items never met.
     */
    for (int32_t j = 0; j < n_items; j++) similarity[j] *= dots[j] / (dots[j] + s->shrink);
}

/* --- fit --- */

/* Each user's entries times log(n_items / (1 + |history|)): people who use everything say little.
 */
static pal_status knn_weigh_users(pal_ctx *ctx, pal_csr *pairs, pal_arena *scratch) {
    float *values = PAL_ARENA_ARRAY(scratch, float, pairs->starts[pairs->n_rows]);
    if (!values)
        return pal_fail_memory(ctx, "item_knn", 4.0 * (double)pairs->starts[pairs->n_rows]);
    for (int32_t u = 0; u < pairs->n_rows; u++) {
        double length = (double)(pairs->starts[u + 1] - pairs->starts[u]);
        double idf = log((double)pairs->n_cols) - log1p(length);
        for (int64_t e = pairs->starts[u]; e < pairs->starts[u + 1]; e++) {
            values[e] = (float)((pairs->values ? pairs->values[e] : 1) * (idf > 0 ? idf : 0));
        }
    }
    pairs->values = values;
    return PAL_OK;
}

static pal_status knn_prepare(pal_ctx *ctx, const knn_params *p, const pal_csr *by_item,
                              int32_t n_users, pal_arena *scratch, knn_similarity *out) {
    int32_t n = by_item->n_rows;
    float *norms = PAL_ARENA_ARRAY(scratch, float, n), *sums = PAL_ARENA_ARRAY(scratch, float, n);
    float *scales = PAL_ARENA_ARRAY(scratch, float, n);
    if (!norms || !sums || !scales) return pal_fail_memory(ctx, "item_knn", 12.0 * n);
    double mean = (double)by_item->starts[n] / n;
    for (int32_t i = 0; i < n; i++) {
        double norm = 0, sum = 0, count = (double)(by_item->starts[i + 1] - by_item->starts[i]);
        for (int64_t e = by_item->starts[i]; e < by_item->starts[i + 1]; e++) {
            double x = by_item->values ? by_item->values[e] : 1;
            norm += x * x;
            sum += x;
        }
        const double k1 = 1.2, b = 0.75;
        norms[i] = (float)norm;
        sums[i] = (float)sum;
        if (p->metric == KNN_BM25) {
            scales[i] = (float)((k1 + 1) / (k1 * (1 - b + b * count / mean) + 1));
        } else {
            scales[i] = norm > 0 ? (float)(1 / sqrt(norm)) : 0;
        }
    }
    *out = (knn_similarity){.metric = (knn_metric)p->metric,
                            .shrink = (float)p->shrink,
                            .n_users = n_users,
                            .norms = norms,
                            .sums = sums,
                            .scales = scales};
    return PAL_OK;
}

static pal_status knn_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                          pal_arena *arena, pal_arena *scratch, void *state) {
    const knn_params *p = params;
    const pal_log *log = train->log;
    pal_csr pairs, by_item;
    knn_similarity similarity;
    TRY(pal_log_pairs(ctx, log, UINT32_MAX, scratch, &pairs));
    if (p->metric == KNN_TFIDF || p->metric == KNN_BM25) TRY(knn_weigh_users(ctx, &pairs, scratch));
    if (!pal_csr_transpose(&pairs, scratch, &by_item))
        return pal_fail_memory(ctx, "item_knn", 8.0 * (double)log->n_events);
    TRY(knn_prepare(ctx, p, &by_item, log->n_users, scratch, &similarity));
    int64_t k = p->k < log->n_items ? p->k : log->n_items;
    int32_t *neighbours = PAL_ARENA_ARRAY(scratch, int32_t, k * log->n_items),
            *counts = PAL_ARENA_ARRAY(scratch, int32_t, log->n_items);
    float *similarities = PAL_ARENA_ARRAY(scratch, float, k * log->n_items);
    if (!neighbours || !counts || !similarities)
        return pal_fail_memory(ctx, "item_knn", 8.0 * (double)k * log->n_items);
    TRY(pal_cooccur_topk(ctx, "training item_knn", &pairs, &by_item, (int32_t)k, knn_similar,
                         &similarity, true, neighbours, similarities, counts));
    for (int32_t u = 0; u < pairs.n_rows; u++) {
        double length = (double)(pairs.starts[u + 1] - pairs.starts[u]);
        ctx->multiply_adds += length * length;
    }
    knn_state *s = state;
    s->n_items = log->n_items;
    return pal_rows_of_neighbours(ctx, "item_knn", log->n_items, k, neighbours, similarities,
                                  counts, arena, &s->rows);
}

/* --- score --- */

static size_t knn_scratch_bytes(const void *params, const void *state, int32_t n_queries) {
    (void)params;
    (void)n_queries;
    return pal_history_bytes(((const knn_state *)state)->n_items);
}

static void knn_score(const void *params, const void *state, const pal_query *queries,
                      int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    const knn_state *s = state;
    pal_rows_score(&s->rows, s->n_items, queries, n_queries, scratch, scores);
}

static int32_t knn_explain(const void *params, const void *state, const pal_query *query,
                           int32_t item, void *scratch, pal_reason *reasons) {
    (void)params;
    const knn_state *s = state;
    return pal_rows_explain(&s->rows, s->n_items, query, item, scratch, reasons);
}

static int32_t knn_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                           pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    knn_state *s = state;
    s->n_items = n_items;
    return pal_rows_tensors(&s->rows, n_items, n_items, true, tensors);
}

static void knn_estimate(const void *params, const pal_log *log, int32_t n_threads,
                         pal_estimate *out) {
    double squares = 0, k = (double)((const knn_params *)params)->k;
    for (int32_t u = 0; u < log->n_users; u++) {
        double length = (double)(log->starts[u + 1] - log->starts[u]);
        squares += length * length;
    }
    double n = log->n_items;
    out->seconds = (0.4e-9 * squares + 0.5e-9 * n * n) / n_threads;
    out->bytes = 24.0 * (double)log->n_events + 16 * (k < n ? k : n) * n;
}

const pal_kind pal_kind_item_knn = {
    .name = "item_knn",
    .family = "collaborative",
    .summary = "items similar to what the person used, by who used both",
    .paper = "Sarwar, Karypis, Konstan, Riedl: Item-based collaborative filtering recommendation "
             "algorithms, WWW 2001",
    .represents = "the items used | who used it; its {k} most similar items",
    .traits = PAL_SCORES_NEW_USERS,
    .params = knn_table,
    .params_size = sizeof(knn_params),
    .state_size = sizeof(knn_state),
    .fit = knn_fit,
    .scratch_bytes = knn_scratch_bytes,
    .score = knn_score,
    .tensors = knn_tensors,
    .explain = knn_explain,
    .estimate = knn_estimate,
};
