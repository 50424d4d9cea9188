/* sparse.c - rows of length 1, profiles of them, and where a score comes from. */
#include "models/content/sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/content/prior.h"
#include "models/explain.h"
#include "models/history.h"
#include "represent/history.h"

const char *const pal_content_scorings[] = {"profile", "nearest", NULL};

/* --- fit --- */

static void content_normalize(pal_rows *rows, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        double squares = 0;
        for (int64_t e = rows->starts[i]; e < rows->starts[i + 1]; e++)
            squares += (double)rows->values[e] * (double)rows->values[e];
        double scale = squares > 0 ? 1 / sqrt(squares) : 0;
        for (int64_t e = rows->starts[i]; e < rows->starts[i + 1]; e++)
            rows->values[e] = (float)((double)rows->values[e] * scale);
    }
}

typedef struct {
    const pal_content_params *params;
    const pal_content_state *state;
} content_model;

static void content_likeness(const void *arg, const pal_query *query, void *scratch,
                             float *scores) {
    const content_model *model = arg;
    pal_content_likeness(model->params, model->state, query, NULL, scratch, scores);
}

static pal_status content_learn_prior(pal_ctx *ctx, const char *what,
                                      const pal_content_params *params,
                                      const pal_content_state *state, int32_t n_features,
                                      const pal_train_input *train, double most, pal_arena *scratch,
                                      double *out) {
    pal_content_state prepared = *state;
    TRY(pal_content_prepare(ctx, what, n_features, scratch, &prepared));
    const content_model model = {params, &prepared};
    const pal_prior_input input = {.likeness = content_likeness,
                                   .arg = &model,
                                   .scratch_bytes = pal_content_scratch_bytes(params, &prepared),
                                   .log = train->log,
                                   .n_seen = train->n_seen_items,
                                   .popularity = state->popularity,
                                   .most = most};
    return pal_prior_learn(ctx, what, &input, scratch, out);
}

pal_status pal_content_fit(pal_ctx *ctx, const char *what, const pal_content_params *params,
                           const pal_csr *rows, const pal_train_input *train, pal_arena *arena,
                           pal_arena *scratch, pal_content_state *state) {
    pal_content_state *s = state;
    s->n_items = rows->n_rows;
    TRY(pal_rows_copy(ctx, what, rows, arena, &s->rows));
    content_normalize(&s->rows, s->n_items);
    s->popularity = PAL_ARENA_ARRAY(arena, float, s->n_items);
    s->prior = PAL_ARENA_ARRAY(arena, float, 1);
    if (!s->popularity || !s->prior) return pal_fail_memory(ctx, what, 4.0 * s->n_items);
    double most;
    TRY(pal_prior_count(ctx, train->log, scratch, s->popularity, &most));
    ctx->multiply_adds += 2.0 * (double)rows->starts[rows->n_rows];
    double prior = params->prior;
    if (prior < 0)
        TRY(content_learn_prior(ctx, what, params, s, rows->n_cols, train, most, scratch, &prior));
    *s->prior = (float)prior;
    return PAL_OK;
}

pal_status pal_content_prepare(pal_ctx *ctx, const char *what, int32_t n_features, pal_arena *arena,
                               pal_content_state *state) {
    pal_content_state *s = state;
    int64_t n = s->rows.starts[s->n_items];
    for (int64_t e = 0; e < n; e++) {
        if (s->rows.items[e] >= n_features)
            return pal_fail(ctx, PAL_EFORMAT,
                            "%s: an item has a feature that the model does not know: train the "
                            "model again",
                            what);
    }
    s->n_features = n_features;
    s->by_item = pal_rows_matrix(&s->rows, s->n_items, n_features);
    if (!pal_csr_transpose(&s->by_item, arena, &s->by_feature))
        return pal_fail_memory(ctx, what, 8.0 * (double)n);
    return PAL_OK;
}

int32_t pal_content_tensors(pal_content_state *state, int32_t n_items, pal_tensor *tensors) {
    state->n_items = n_items;
    int32_t n = pal_rows_tensors(&state->rows, n_items, INT32_MAX, true, tensors);
    tensors[n++] = pal_floats("popularity", &state->popularity, n_items);
    tensors[n++] = pal_floats("prior", &state->prior, 1);
    return n;
}

double pal_content_bytes(const pal_content_params *params, const pal_log *log, double n_entries,
                         int32_t n_threads) {
    double best = params->scoring == PAL_CONTENT_NEAREST ? 4.0 * (double)params->k : 0,
           items = log->n_items;
    return 24 * n_entries + 48 * items + pal_prior_bytes(log, (24 + best) * items + 4e3, n_threads);
}

/* --- the history --- */

typedef struct {
    float *sums;    /* [n_items] zero between queries */
    float *weights; /* [n_items] of the history's items */
    int32_t *items; /* [n_items] the history's, ascending */
    uint8_t *marks; /* [n_items] zero between queries */
    float *profile; /* [n_features] zero between queries */
    float *best;    /* nearest: [n_items, k] zero between queries */
    int32_t n;      /* items of the history */
} content_scratch;

static size_t content_best_bytes(const pal_content_params *p, const pal_content_state *s) {
    if (p->scoring != PAL_CONTENT_NEAREST) return 0;
    return pal_scratch_round((size_t)s->n_items * (size_t)p->k * sizeof(float));
}

size_t pal_content_scratch_bytes(const pal_content_params *params, const pal_content_state *state) {
    size_t items = pal_scratch_round((size_t)state->n_items * sizeof(float));
    return 4 * items + pal_scratch_round((size_t)state->n_features * sizeof(float)) +
           content_best_bytes(params, state);
}

static content_scratch content_cut(const pal_content_state *s, void *scratch) {
    size_t items = pal_scratch_round((size_t)s->n_items * sizeof(float));
    char *at = scratch;
    return (content_scratch){
        .sums = (float *)(void *)at,
        .weights = (float *)(void *)(at + items),
        .items = (int32_t *)(void *)(at + 2 * items),
        .marks = (uint8_t *)(at + 3 * items),
        .profile = (float *)(void *)(at + 4 * items),
        .best = (float *)(void *)(at + 4 * items +
                                  pal_scratch_round((size_t)s->n_features * sizeof(float)))};
}

static content_scratch content_weigh(const pal_content_params *p, const pal_content_state *s,
                                     const pal_query *query, void *scratch) {
    content_scratch c = content_cut(s, scratch);
    const pal_profile_options options = {.half_life = p->half_life, .ratings = p->ratings};
    const pal_profile_events events = {.n = query->n_events,
                                       .items = query->items,
                                       .values = query->values,
                                       .times = query->times,
                                       .now = query->now};
    c.n = pal_profile_weigh(&options, &events, c.sums, c.marks, c.items, c.weights);
    return c;
}

/* What brings the profile to length 1, 0 where there is none. */
static double content_measure(const pal_content_state *s, const content_scratch *c) {
    double squares = 0;
    for (int32_t w = 0; w < s->n_features; w++)
        squares += (double)c->profile[w] * (double)c->profile[w];
    return squares > 0 ? 1 / sqrt(squares) : 0;
}

/* Fills c->profile; returns what brings it to length 1, 0 where there is none. */
static double content_make_profile(const pal_content_state *s, const pal_content_said *said,
                                   content_scratch *c) {
    pal_profile_add(&s->by_item, c->items, c->weights, c->n, c->profile);
    double scale = content_measure(s, c);
    if (!said || said->n == 0) return scale;
    for (int32_t w = 0; scale > 0 && w < s->n_features; w++)
        c->profile[w] = (float)(scale * (double)c->profile[w]);
    double share = scale > 0 ? said->share : 1;
    for (int32_t w = 0; w < said->n; w++)
        c->profile[said->features[w]] += (float)(share * (double)said->weights[w]);
    return content_measure(s, c);
}

static void content_clear_profile(const pal_content_state *s, content_scratch *c) {
    memset(c->profile, 0, (size_t)s->n_features * sizeof *c->profile);
}

/* --- score --- */

/* out[i] += weight · x for the items of a feature. */
static void content_add_feature(const pal_content_state *s, int32_t feature, float weight,
                                float *out) {
    for (int64_t e = s->by_feature.starts[feature]; e < s->by_feature.starts[feature + 1]; e++)
        out[s->by_feature.cols[e]] += weight * s->by_feature.values[e];
}

static void content_score_profile(const pal_content_state *s, const pal_content_said *said,
                                  content_scratch *c, float *scores) {
    double scale = content_make_profile(s, said, c);
    for (int32_t w = 0; w < s->n_features; w++) {
        if (c->profile[w] < 0 || c->profile[w] > 0)
            content_add_feature(s, w, (float)(scale * (double)c->profile[w]), scores);
    }
    content_clear_profile(s, c);
}

/* Keeps `value` if it is among the k largest. */
static void content_keep(float *best, int32_t k, float value) {
    int32_t least = 0;
    for (int32_t j = 1; j < k; j++) {
        if (best[j] < best[least]) least = j;
    }
    if (value > best[least]) best[least] = value;
}

/* Similarities of a row, n features, to all items, in c->sums, each taken out by the first feature
 * that leads to it. */
static void content_meet_row(const pal_content_state *s, int32_t k, const int32_t *features,
                             const float *values, int64_t n, float weight, content_scratch *c) {
    for (int64_t e = 0; e < n; e++)
        content_add_feature(s, features[e], weight * values[e], c->sums);
    for (int64_t e = 0; e < n; e++) {
        int64_t begin = s->by_feature.starts[features[e]],
                end = s->by_feature.starts[features[e] + 1];
        for (int64_t f = begin; f < end; f++) {
            int32_t item = s->by_feature.cols[f];
            if (c->sums[item] > 0) content_keep(c->best + (int64_t)item * k, k, c->sums[item]);
            c->sums[item] = 0;
        }
    }
}

/* What the query says weighs as much beside items used as it does beside a profile. */
static float content_said_weight(const pal_content_said *said, const content_scratch *c) {
    return c->n ? (float)said->share : 1;
}

static void content_score_nearest(const pal_content_params *p, const pal_content_state *s,
                                  const pal_content_said *said, content_scratch *c, float *scores) {
    int32_t k = (int32_t)p->k;
    for (int32_t h = 0; h < c->n; h++) {
        int64_t begin = s->rows.starts[c->items[h]], end = s->rows.starts[c->items[h] + 1];
        if (!(c->weights[h] > 0)) continue;
        content_meet_row(s, k, s->rows.items + begin, s->rows.values + begin, end - begin,
                         c->weights[h], c);
    }
    if (said && said->n)
        content_meet_row(s, k, said->features, said->weights, said->n, content_said_weight(said, c),
                         c);
    for (int32_t i = 0; i < s->n_items; i++) {
        float *best = c->best + (int64_t)i * k;
        for (int32_t j = 0; j < k; j++) {
            scores[i] += best[j];
            best[j] = 0;
        }
    }
}

void pal_content_likeness(const pal_content_params *params, const pal_content_state *state,
                          const pal_query *query, const pal_content_said *said, void *scratch,
                          float *scores) {
    content_scratch c = content_weigh(params, state, query, scratch);
    memset(scores, 0, (size_t)state->n_items * sizeof *scores);
    if (params->scoring == PAL_CONTENT_NEAREST) {
        content_score_nearest(params, state, said, &c, scores);
    } else {
        content_score_profile(state, said, &c, scores);
    }
}

/* What the most popular item has ahead. */
static double content_prior(const pal_content_state *s, const pal_query *query,
                            const pal_content_said *said) {
    bool is_alone = said && said->n && query->n_events == 0;
    return is_alone ? fmin((double)*s->prior, said->prior) : (double)*s->prior;
}

void pal_content_score(const pal_content_params *params, const pal_content_state *state,
                       const pal_query *query, const pal_content_said *said, void *scratch,
                       float *scores) {
    pal_content_likeness(params, state, query, said, scratch, scores);
    float prior = (float)content_prior(state, query, said);
    for (int32_t i = 0; i < state->n_items; i++) scores[i] += prior * state->popularity[i];
}

/* --- explain --- */

static int content_compare(const void *a, const void *b) {
    double x = ((const pal_reason *)a)->amount, y = ((const pal_reason *)b)->amount;
    return (x < y) - (x > y);
}

/* Feature by feature, those beyond `most` together. */
static int32_t content_explain_features(const pal_content_state *s, const pal_content_said *said,
                                        content_scratch *c, int32_t item, int32_t most,
                                        pal_content_name_fn *name, const void *name_arg,
                                        pal_reason *reasons) {
    double scale = content_make_profile(s, said, c), rest = 0;
    int32_t n = 0;
    for (int64_t e = s->rows.starts[item]; e < s->rows.starts[item + 1]; e++) {
        int32_t feature = s->rows.items[e];
        double amount = scale * (double)c->profile[feature] * (double)s->rows.values[e];
        pal_reason reason = {.item = -1, .what = name(name_arg, feature), .amount = amount};
        if (amount < 0 || amount > 0) n = pal_reasons_add(reasons, n, most - 1, reason, &rest);
    }
    if (rest < 0 || rest > 0)
        reasons[n++] = (pal_reason){.item = -1, .what = "what else it has", .amount = rest};
    content_clear_profile(s, c);
    return n;
}

static double content_similarity(const pal_content_state *s, int32_t a, int32_t b) {
    double sum = 0;
    for (int64_t e = s->rows.starts[a]; e < s->rows.starts[a + 1]; e++)
        sum += (double)s->rows.values[e] * (double)pal_rows_at(&s->rows, b, s->rows.items[e]);
    return sum;
}

/* Features that the query says and the item has, at most MORE - 2 with what is left of them. */
static int32_t content_explain_said(const pal_content_state *s, const pal_content_said *said,
                                    double weight, int32_t item, pal_content_name_fn *name,
                                    const void *name_arg, pal_reason *reasons) {
    double rest = 0;
    int32_t n = 0;
    for (int32_t w = 0; w < said->n; w++) {
        double amount = weight * (double)said->weights[w] *
                        (double)pal_rows_at(&s->rows, item, said->features[w]);
        pal_reason reason = {
            .item = -1, .what = name(name_arg, said->features[w]), .amount = amount};
        if (amount > 0) n = pal_reasons_add(reasons, n, PAL_REASONS_MORE - 3, reason, &rest);
    }
    if (rest > 0)
        reasons[n++] = (pal_reason){.item = -1, .what = "what else it has", .amount = rest};
    return n;
}

/* The items used that are most similar, and what the query says where that is. */
static int32_t content_explain_items(const pal_content_params *p, const pal_content_state *s,
                                     const pal_content_said *said, const content_scratch *c,
                                     int32_t item, pal_content_name_fn *name, const void *name_arg,
                                     pal_reason *reasons) {
    int32_t n = 0;
    pal_reason asked[PAL_REASONS_MORE];
    int32_t n_asked = said && said->n
                          ? content_explain_said(s, said, (double)content_said_weight(said, c),
                                                 item, name, name_arg, asked)
                          : 0;
    double sum = 0;
    for (int32_t a = 0; a < n_asked; a++) sum += asked[a].amount;
    for (int32_t h = 0; h < c->n; h++) {
        double amount = (double)c->weights[h] * content_similarity(s, c->items[h], item);
        if (amount > 0) reasons[n++] = (pal_reason){.item = c->items[h], .amount = amount};
    }
    if (sum > 0) reasons[n++] = (pal_reason){.item = -1, .amount = sum};
    if (n) qsort(reasons, (size_t)n, sizeof *reasons, content_compare);
    if (n > p->k) n = (int32_t)p->k;
    for (int32_t r = 0; r < n; r++) {
        if (reasons[r].item >= 0) continue;
        memmove(reasons + r, reasons + r + 1, (size_t)(n - r - 1) * sizeof *reasons);
        memcpy(reasons + n - 1, asked, (size_t)n_asked * sizeof *asked);
        return n - 1 + n_asked;
    }
    return n;
}

int32_t pal_content_explain(const pal_content_params *params, const pal_content_state *state,
                            const pal_query *query, const pal_content_said *said, int32_t item,
                            void *scratch, pal_content_name_fn *name, const void *name_arg,
                            pal_reason *reasons) {
    content_scratch c = content_weigh(params, state, query, scratch);
    int32_t most = query->n_events + PAL_REASONS_MORE - 1,
            n = params->scoring == PAL_CONTENT_NEAREST
                    ? content_explain_items(params, state, said, &c, item, name, name_arg, reasons)
                    : content_explain_features(state, said, &c, item, most, name, name_arg,
                                               reasons);
    double amount = content_prior(state, query, said) * (double)state->popularity[item];
    reasons[n++] = (pal_reason){.item = -1, .what = "how many people use it", .amount = amount};
    return n;
}
