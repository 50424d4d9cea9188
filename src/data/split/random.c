/* random.c - random shares of each user's events. */
#include "base/ctx.h"
#include "base/rng.h"
#include "data/split.h"

typedef struct {
    double valid, test;
    int64_t seed;
} random_params;

static const pal_param random_table[] = {
    {.name = "valid",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(random_params, valid),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of each user's events in the validation part"},
    {.name = "test",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(random_params, test),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of each user's events in the test part"},
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = offsetof(random_params, seed),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "draws another split; the seed of the run is added"},
    {0},
};

/* A user's share of n events, rounded up or down at random so that the shares hold over all users.
 */
static int32_t random_count(pal_rng *rng, double share, int32_t n) {
    double exact = share * n;
    int32_t whole = (int32_t)exact;
    return whole + (pal_rng_uniform(rng) < exact - whole);
}

static pal_status random_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                                uint8_t *part) {
    const random_params *p = params;
    uint64_t seed = pal_seed_for(ctx->seed + (uint64_t)p->seed, "split random");
    pal_arena scratch = {0};
    int32_t *order = PAL_ARENA_ARRAY(&scratch, int32_t, log->n_events);
    if (!order) return pal_fail_memory(ctx, "the split", 4.0 * (double)log->n_events);
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t begin = log->starts[u];
        int32_t n = (int32_t)(log->starts[u + 1] - begin);
        pal_rng rng = pal_rng_at(seed, (uint64_t)u);
        for (int32_t i = 0; i < n; i++) {
            order[i] = i;
            part[begin + i] = PAL_PART_TRAIN;
        }
        pal_rng_shuffle(&rng, order, n);
        int32_t n_test = test ? random_count(&rng, p->test, n) : 0,
                n_valid = random_count(&rng, p->valid, n);
        for (int32_t i = 0; i < n_test; i++) part[begin + order[i]] = PAL_PART_TEST;
        for (int32_t i = n_test; i < n_test + n_valid && i < n; i++)
            part[begin + order[i]] = PAL_PART_VALID;
    }
    pal_arena_release(&scratch);
    return PAL_OK;
}

const pal_splitter pal_splitter_random = {
    .name = "random",
    .summary = "random shares of each user's events",
    .params = random_table,
    .params_size = sizeof(random_params),
    .needs_times = false,
    .assign = random_assign,
};
