/* users.c - held-out users, of whose events the earlier part is known and the later one asked
 * (strong generalization, Marlin 2004). */
#include "base/ctx.h"
#include "base/rng.h"
#include "data/split.h"

typedef struct {
    double valid, test, known;
    int64_t seed;
} users_params;

static const pal_param users_table[] = {
    {.name = "valid",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(users_params, valid),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of the users held out for validation"},
    {.name = "test",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(users_params, test),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of the users held out for the test"},
    {.name = "known",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(users_params, known),
     .initial = "0.8",
     .min = 0,
     .max = 0.99,
     .help =
         "share of the events of a held-out user that is known when he is asked for, the earliest"},
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = offsetof(users_params, seed),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "draws another split; the seed of the run is added"},
    {0},
};

static pal_status users_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                               uint8_t *part) {
    const users_params *p = params;
    pal_arena scratch = {0};
    int32_t *order = PAL_ARENA_ARRAY(&scratch, int32_t, log->n_users), n = log->n_users;
    if (!order) return pal_fail_memory(ctx, "the split", 4.0 * n);
    for (int32_t u = 0; u < n; u++) order[u] = u;
    pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed + (uint64_t)p->seed, "split users"), 0);
    pal_rng_shuffle(&rng, order, n);
    double n_test = test ? p->test * n : 0, n_held = n_test + p->valid * n;
    for (int32_t i = 0; i < n; i++) {
        int64_t begin = log->starts[order[i]], end = log->starts[order[i] + 1];
        bool is_test = i + 0.5 < n_test, is_held = i + 0.5 < n_held;
        /* At least one event is asked of a held-out user. */
        int64_t cut = begin + (int64_t)(p->known * (double)(end - begin));
        if (cut == end && end > begin) cut = end - 1;
        for (int64_t e = begin; e < end; e++) {
            part[e] = !is_held  ? PAL_PART_TRAIN
                      : e < cut ? is_test ? PAL_PART_TEST_KNOWN : PAL_PART_VALID_KNOWN
                      : is_test ? PAL_PART_TEST
                                : PAL_PART_VALID;
        }
    }
    pal_arena_release(&scratch);
    return PAL_OK;
}

const pal_splitter pal_splitter_users = {
    .name = "users",
    .summary = "users whom no model learned from: the earlier part of their events is known, the "
               "later one asked",
    .params = users_table,
    .params_size = sizeof(users_params),
    .needs_times = false,
    .assign = users_assign,
};
