/* random.c - a random order for each person: the floor that every other kind must leave. */
#include "base/rng.h"
#include "models/model.h"

typedef struct {
    int64_t seed;
} random_params;

static const pal_param random_table[] = {
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = offsetof(random_params, seed),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "draws other lists; the seed of the run is added"},
    {0},
};

typedef struct {
    uint64_t *seed; /* [1] */
    int32_t n_items;
} random_state;

static pal_status random_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    (void)scratch;
    const random_params *p = params;
    random_state *s = state;
    s->n_items = train->log->n_items;
    s->seed = PAL_ARENA_ARRAY(arena, uint64_t, 1);
    if (!s->seed) return pal_fail_memory(ctx, "random", sizeof *s->seed);
    s->seed[0] = pal_seed_for(ctx->seed + (uint64_t)p->seed, "random");
    return PAL_OK;
}

/* One stream a person: a known user's row, or what the stranger's history is. */
static uint64_t random_stream(const pal_query *query) {
    if (query->user_plus_1) return (uint64_t)query->user_plus_1;
    uint64_t hash = (uint64_t)1 << 32;
    for (int32_t e = 0; e < query->n_events; e++)
        hash = (hash ^ (uint64_t)query->items[e]) * 0x9E3779B97F4A7C15u;
    return hash;
}

static void random_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    (void)scratch;
    const random_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        pal_rng rng = pal_rng_at(s->seed[0], random_stream(&queries[q]));
        for (int32_t i = 0; i < s->n_items; i++)
            scores[(int64_t)q * s->n_items + i] = (float)(pal_rng_u32(&rng) >> 8) * 0x1p-24f;
    }
}

static int32_t random_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    random_state *s = state;
    s->n_items = n_items;
    tensors[0] = (pal_tensor){
        .name = "seed", .dtype = PAL_U64, .n_dims = 1, .dims = {1}, .data = (void **)&s->seed};
    return 1;
}

const pal_kind pal_kind_random = {
    .name = "random",
    .family = "baseline",
    .summary = "a random order for each person: the floor that every other kind must leave",
    .paper = "none",
    .represents = "the number of the person | nothing: chance decides",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_STRANGERS | PAL_IS_CONTROL | PAL_IS_STOCHASTIC |
              PAL_SCORES_NEW_ITEMS,
    .params = random_table,
    .params_size = sizeof(random_params),
    .state_size = sizeof(random_state),
    .fit = random_fit,
    .score = random_score,
    .tensors = random_tensors,
};
