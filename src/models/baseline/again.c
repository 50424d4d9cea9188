/* again.c - what the person uses again and again: for groceries, music, files.
 *
 * score(u, i) = Σ_{events e of u on i} 2^(-(now - t_e) / half_life)  +  prior p_i / max p
 * with p_i the share of people who use i; events weigh alike whatever their type, since a query
 * has no weights. half_life = 0, or a log without times: all count alike. The prior orders what
 * the person never used, and lifts what everybody uses among what he did. Strangers get what most
 * people use. Cost: one pass over the history. (A frequency-recency count in the manner of Anderson
 * and Milson 1989.)
 */
#include <math.h>
#include <string.h>

#include "models/model.h"

typedef struct {
    double half_life, prior;
} again_params;

static const pal_param again_table[] = {
    {.name = "half_life",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(again_params, half_life),
     .initial = "365d",
     .min = 0,
     .max = 3.2e9,
     .scale = PAL_LOG,
     .help = "an event counts half after this time; 0 counts all alike"},
    {.name = "prior",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(again_params, prior),
     .initial = "1",
     .min = 0,
     .max = 1e3,
     .scale = PAL_LOG,
     .help = "what the most popular item counts beside an event of now"},
    {0},
};

typedef struct {
    float *popularity; /* [n_items] users of each item, 1 for the most popular */
    int32_t n_items;
} again_state;

static pal_status again_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    (void)params;
    again_state *s = state;
    pal_csr pairs;
    TRY(pal_log_pairs(ctx, train->log, UINT32_MAX, scratch, &pairs));
    s->n_items = pairs.n_cols;
    s->popularity = PAL_ARENA_ARRAY(arena, float, pairs.n_cols);
    if (!s->popularity) return pal_fail_memory(ctx, "again", 4.0 * pairs.n_cols);
    float largest = 0;
    for (int64_t e = 0; e < pairs.starts[pairs.n_rows]; e++) {
        float *count = &s->popularity[pairs.cols[e]];
        *count += 1;
        if (*count > largest) largest = *count;
    }
    for (int32_t i = 0; i < pairs.n_cols; i++) s->popularity[i] /= largest;
    ctx->multiply_adds += (double)pairs.starts[pairs.n_rows];
    return PAL_OK;
}

static double again_weight(const again_params *p, const pal_query *query, int32_t event) {
    if (p->half_life <= 0 || !query->times) return 1;
    double age = (double)(query->now - query->times[event]);
    return age > 0 ? exp2(-age / p->half_life) : 1;
}

static void again_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    (void)scratch;
    const again_params *p = params;
    const again_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * s->n_items;
        for (int32_t i = 0; i < s->n_items; i++) row[i] = (float)p->prior * s->popularity[i];
        for (int32_t e = 0; e < queries[q].n_events; e++)
            row[queries[q].items[e]] += (float)again_weight(p, &queries[q], e);
    }
}

static int32_t again_explain(const void *params, const void *state, const pal_query *query,
                             int32_t item, void *scratch, pal_reason *reasons) {
    (void)scratch;
    const again_params *p = params;
    const again_state *s = state;
    double own = 0;
    for (int32_t e = 0; e < query->n_events; e++) {
        if (query->items[e] == item) own += again_weight(p, query, e);
    }
    int32_t n = 0;
    if (own > 0) reasons[n++] = (pal_reason){.item = item, .amount = own};
    reasons[n++] = (pal_reason){
        .item = -1, .what = "how many people use it", .amount = p->prior * s->popularity[item]};
    return n;
}

static int32_t again_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    again_state *s = state;
    s->n_items = n_items;
    tensors[0] = pal_floats("popularity", &s->popularity, n_items);
    return 1;
}

const pal_kind pal_kind_again = {
    .name = "again",
    .family = "baseline",
    .summary = "what the person uses again and again, the latest counting most",
    .paper = "Anderson, Milson: Human memory: an adaptive perspective, Psychological Review 1989",
    .represents = "what the person used, and when | how often and how lately this person used it",
    .lesson = "people come back to what they used",
    .traits = PAL_SCORES_NEW_USERS | PAL_REPEATS | PAL_IGNORES_WEIGHTS,
    .params = again_table,
    .params_size = sizeof(again_params),
    .state_size = sizeof(again_state),
    .fit = again_fit,
    .score = again_score,
    .tensors = again_tensors,
    .explain = again_explain,
};
