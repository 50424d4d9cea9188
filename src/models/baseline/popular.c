/* popular.c - what most people use, or with a half-life what most people use now.
 *
 * score(i) = Σ_u w_ui 2^(-(T - t_ui) / half_life) over users u of item i, t_ui the newest event of
 * u on i, T the end of the log, w_ui the largest weight of u's events on i (1 unless event types
 * have weights). half_life = 0 leaves the decay out. Cost: one pass over the log, 4 bytes an item.
 */
#include <math.h>
#include <string.h>

#include "models/model.h"

typedef struct {
    double half_life; /* seconds */
} popular_params;

static const pal_param popular_table[] = {
    {.name = "half_life",
     .type = PAL_PARAM_SECONDS,
     .offset = offsetof(popular_params, half_life),
     .initial = "0",
     .min = 0,
     .max = 3.2e9,
     .scale = PAL_LOG,
     .help = "an event counts half after this time, e.g. 7d: what is trending; 0 counts all time "
             "alike"},
    {0},
};

typedef struct {
    float *scores; /* [n_items] */
    int32_t n_items;
} popular_state;

/* Adds one user: weights [n_items] of what he used, cleared afterwards. */
static void popular_add_user(const pal_log *log, int32_t user, double half_life, int64_t end,
                             double *weights, double *sums) {
    for (int64_t e = log->starts[user]; e < log->starts[user + 1]; e++) {
        double weight = log->weights ? log->weights[e] : 1;
        if (half_life > 0) weight *= exp2(-(double)(end - log->times[e]) / half_life);
        if (weight > weights[log->items[e]]) weights[log->items[e]] = weight;
    }
    for (int64_t e = log->starts[user]; e < log->starts[user + 1]; e++) {
        sums[log->items[e]] += weights[log->items[e]];
        weights[log->items[e]] = 0;
    }
}

static pal_status popular_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                              pal_arena *arena, pal_arena *scratch, void *state) {
    const popular_params *p = params;
    const pal_log *log = train->log;
    popular_state *s = state;
    if (p->half_life > 0 && !log->times) {
        return pal_fail(
            ctx, PAL_EDATA,
            "popular: half_life needs times, and the log has none: leave half_life out");
    }
    s->n_items = log->n_items;
    s->scores = PAL_ARENA_ARRAY(arena, float, log->n_items);
    double *weights = PAL_ARENA_ARRAY(scratch, double, log->n_items),
           *sums = PAL_ARENA_ARRAY(scratch, double, log->n_items);
    if (!s->scores || !weights || !sums)
        return pal_fail_memory(ctx, "popular", 20.0 * log->n_items);
    int64_t end = pal_log_end(log);
    for (int32_t u = 0; u < log->n_users; u++)
        popular_add_user(log, u, p->half_life, end, weights, sums);
    for (int32_t i = 0; i < log->n_items; i++) s->scores[i] = (float)sums[i];
    ctx->multiply_adds += (double)log->n_events;
    return PAL_OK;
}

static void popular_score(const void *params, const void *state, const pal_query *queries,
                          int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    (void)queries;
    (void)scratch;
    const popular_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        memcpy(scores + (int64_t)q * s->n_items, s->scores, (size_t)s->n_items * sizeof *scores);
    }
}

static int32_t popular_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                               pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    popular_state *s = state;
    s->n_items = n_items;
    tensors[0] = pal_floats("scores", &s->scores, n_items);
    return 1;
}

const pal_kind pal_kind_popular = {
    .name = "popular",
    .family = "baseline",
    .summary = "what most people use; with half_life what most people use now",
    .paper = "none",
    .represents =
        "nothing: everybody gets the same | how many people use it; with half_life, how lately",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_STRANGERS,
    .params = popular_table,
    .params_size = sizeof(popular_params),
    .state_size = sizeof(popular_state),
    .fit = popular_fit,
    .score = popular_score,
    .tensors = popular_tensors,
};
