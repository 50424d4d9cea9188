/* oracle.c - the demo world's own probabilities: the best that any model could do there. Not a kind
 * that anybody can use. */
#include "data/demo.h"
#include "models/registry.h"

typedef struct {
    const pal_world *world;
    const int32_t *users; /* [n_users] world row of each row of the ids, -1: none */
    const int32_t *items; /* [n_items] */
    int32_t n_users, n_items;
} oracle_state;

enum { ORACLE_RECENT = 32 }; /* events before now that the world looks at are fewer */

static const pal_param oracle_table[] = {{0}};

static pal_status oracle_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    (void)params;
    (void)scratch;
    oracle_state *s = state;
    if (!train->world) return pal_fail(ctx, PAL_EDATA, "the oracle knows the demo world only");
    const pal_log_about *about = &train->log->about;
    s->world = train->world;
    s->n_users =
        about->user_ids->n; /* past the training log's users too: the oracle knows strangers */
    s->n_items = train->log->n_items;
    int32_t *users = PAL_ARENA_ARRAY(arena, int32_t, s->n_users),
            *items = PAL_ARENA_ARRAY(arena, int32_t, s->n_items);
    if (!users || !items) return pal_fail_memory(ctx, "the oracle", 8.0 * s->n_users);
    for (int32_t u = 0; u < s->n_users; u++)
        users[u] = pal_world_user(s->world, pal_ids_at(about->user_ids, u));
    for (int32_t i = 0; i < s->n_items; i++)
        items[i] = pal_world_item(s->world, pal_ids_at(about->item_ids, i));
    s->users = users;
    s->items = items;
    return PAL_OK;
}

static void oracle_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    (void)scratch;
    const oracle_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        const pal_query *query = &queries[q];
        int32_t user = query->user_plus_1 - 1, recent[ORACLE_RECENT], n_recent = 0;
        int32_t from = query->n_events > ORACLE_RECENT ? query->n_events - ORACLE_RECENT : 0;
        for (int32_t e = from; e < query->n_events; e++)
            recent[n_recent++] = s->items[query->items[e]];
        pal_world_score(s->world, user >= 0 && user < s->n_users ? s->users[user] : -1, recent,
                        n_recent, query->now, s->items, s->n_items,
                        scores + (int64_t)q * s->n_items);
    }
}

const pal_kind pal_kind_oracle = {
    .name = "oracle",
    .family = "oracle",
    .summary = "the demo world's true probabilities: the best that any model could do",
    .paper = "none",
    .traits = PAL_SCORES_NEW_USERS | PAL_SCORES_STRANGERS | PAL_IS_CONTROL | PAL_SCORES_NEW_ITEMS,
    .params = oracle_table,
    .params_size = 1,
    .state_size = sizeof(oracle_state),
    .fit = oracle_fit,
    .score = oracle_score,
};
