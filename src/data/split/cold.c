/* cold.c - what cold_items and cold_users share: rows drawn for each part, with all their events.
 */
#include "base/ctx.h"
#include "base/rng.h"
#include "data/split.h"

const pal_param pal_cold_table[] = {
    {.name = "valid",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(pal_cold_params, valid),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of them held out for validation"},
    {.name = "test",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(pal_cold_params, test),
     .initial = "0.2",
     .min = 0.001,
     .max = 0.5,
     .help = "share of them held out for the test"},
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = offsetof(pal_cold_params, seed),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "draws another split; the seed of the run is added"},
    {0},
};

pal_status pal_cold_assign(pal_ctx *ctx, const pal_cold_params *params, const pal_log *log,
                           bool test, bool by_item, uint8_t *part) {
    pal_arena scratch = {0};
    int32_t n = by_item ? log->n_items : log->n_users;
    int32_t *order = PAL_ARENA_ARRAY(&scratch, int32_t, n);
    uint8_t *part_of = PAL_ARENA_ARRAY(&scratch, uint8_t, n);
    if (!order || !part_of) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "the split", 5.0 * n);
    }
    for (int32_t i = 0; i < n; i++) order[i] = i;
    pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed + (uint64_t)params->seed, "split cold"), 0);
    pal_rng_shuffle(&rng, order, n);
    double n_test = test ? params->test * n : 0, n_held = n_test + params->valid * n;
    for (int32_t i = 0; i < n; i++) {
        part_of[order[i]] = i + 0.5 < n_test   ? PAL_PART_TEST
                            : i + 0.5 < n_held ? PAL_PART_VALID
                                               : PAL_PART_TRAIN;
    }
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            part[e] = part_of[by_item ? log->items[e] : u];
    }
    pal_arena_release(&scratch);
    return PAL_OK;
}
