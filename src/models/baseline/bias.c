/* bias.c - how high a person values in general and how highly an item is valued: what every model
 * of values must beat (Koren 2010, section 2.1).
 *
 * r̂_ui = m + b_i + b_u, m the mean of the training values, b_i = Σ_u (r_ui - m) / (damping + n_i)
 * over the n_i values of item i, b_u = Σ_i (r_ui - m - b_i) / (damping + n_u) over those of user u.
 * A stranger has b_u = 0, a history gives one. Cost: two passes over the log. */
#include "models/model.h"

typedef struct {
    double damping;
} bias_params;

static const pal_param bias_table[] = {
    {.name = "damping",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(bias_params, damping),
     .initial = "5",
     .min = 0,
     .max = 1e6,
     .scale = PAL_LOG,
     .help = "values of the mean that are added to those of each item and user"},
    {0},
};

typedef struct {
    float *items;  /* [n_items] b_i */
    double *facts; /* [2] mean, largest value */
    int32_t n_items;
} bias_state;

static pal_status bias_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    const bias_params *p = params;
    const pal_log *log = train->log;
    bias_state *s = state;
    s->n_items = log->n_items;
    s->items = PAL_ARENA_ARRAY(arena, float, log->n_items);
    s->facts = PAL_ARENA_ARRAY(arena, double, 2);
    double *sums = PAL_ARENA_ARRAY(scratch, double, log->n_items),
           *counts = PAL_ARENA_ARRAY(scratch, double, log->n_items), total = 0;
    if (!s->items || !s->facts || !sums || !counts)
        return pal_fail_memory(ctx, "bias", 20.0 * log->n_items);
    s->facts[1] = (double)log->values[0];
    for (int64_t e = 0; e < log->n_events; e++) {
        double value = (double)log->values[e];
        total += value;
        sums[log->items[e]] += value;
        counts[log->items[e]] += 1;
        if (value > s->facts[1]) s->facts[1] = value;
    }
    s->facts[0] = total / (double)log->n_events;
    for (int32_t i = 0; i < log->n_items; i++) {
        double weight = p->damping + counts[i];
        s->items[i] = weight > 0 ? (float)((sums[i] - counts[i] * s->facts[0]) / weight) : 0;
    }
    ctx->multiply_adds += (double)log->n_events;
    return PAL_OK;
}

static double bias_of_user(const bias_params *p, const bias_state *s, const pal_query *query) {
    double sum = 0, weight = p->damping + query->n_events;
    for (int32_t e = 0; e < query->n_events; e++) {
        double value = query->values ? (double)query->values[e] : s->facts[1];
        sum += value - s->facts[0] - (double)s->items[query->items[e]];
    }
    return weight > 0 ? sum / weight : 0;
}

static void bias_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *scratch, float *scores) {
    (void)scratch;
    const bias_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        double base = s->facts[0] + bias_of_user(params, s, &queries[q]);
        float *row = scores + (int64_t)q * s->n_items;
        for (int32_t i = 0; i < s->n_items; i++) row[i] = (float)(base + (double)s->items[i]);
    }
}

static int32_t bias_explain(const void *params, const void *state, const pal_query *query,
                            int32_t item, void *scratch, pal_reason *reasons) {
    (void)scratch;
    const bias_state *s = state;
    reasons[0] = (pal_reason){.item = -1, .what = "the mean of all values", .amount = s->facts[0]};
    reasons[1] = (pal_reason){
        .item = -1, .what = "how high people value it", .amount = (double)s->items[item]};
    reasons[2] = (pal_reason){.item = -1,
                              .what = "how high the person values in general",
                              .amount = bias_of_user(params, s, query)};
    return 3;
}

static bool bias_predicts_values(const void *params, const void *state) {
    (void)params;
    (void)state;
    return true;
}

static int32_t bias_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                            pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    bias_state *s = state;
    s->n_items = n_items;
    tensors[0] = pal_floats("items", &s->items, n_items);
    tensors[1] = (pal_tensor){
        .name = "facts", .dtype = PAL_F64, .n_dims = 1, .dims = {2}, .data = (void **)&s->facts};
    return 2;
}

const pal_kind pal_kind_bias = {
    .name = "bias",
    .family = "baseline",
    .summary = "how high the person values in general, and how highly the item is valued",
    .paper = "Koren: Factor in the neighbors: scalable and accurate collaborative filtering, TKDD "
             "2010",
    .represents = "how high the person values in general | how highly it is valued in general",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_STRANGERS | PAL_NEEDS_VALUES | PAL_PREDICTS_VALUES |
              PAL_IGNORES_WEIGHTS,
    .params = bias_table,
    .params_size = sizeof(bias_params),
    .state_size = sizeof(bias_state),
    .fit = bias_fit,
    .score = bias_score,
    .tensors = bias_tensors,
    .explain = bias_explain,
    .predicts_values = bias_predicts_values,
};
