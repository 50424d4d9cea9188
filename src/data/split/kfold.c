/* kfold.c - all events dealt to folds; each fold is the test once. */
#include "base/ctx.h"
#include "base/rng.h"
#include "data/split.h"

typedef struct {
    int64_t folds, fold, seed;
    double valid;
} kfold_params;

static const pal_param kfold_table[] = {
    {.name = "folds",
     .type = PAL_PARAM_INT,
     .offset = offsetof(kfold_params, folds),
     .initial = "5",
     .min = 2,
     .max = 100,
     .help = "parts that all events are dealt to at random"},
    {.name = "fold",
     .type = PAL_PARAM_INT,
     .offset = offsetof(kfold_params, fold),
     .initial = "0",
     .min = 0,
     .max = 100,
     .help = "the part that is the test, from 1; 0: each in turn, and the means over all"},
    {.name = "valid",
     .type = PAL_PARAM_REAL,
     .offset = offsetof(kfold_params, valid),
     .initial = "0.1",
     .min = 0.001,
     .max = 0.5,
     .help = "share of the other events in the validation part"},
    {.name = "seed",
     .type = PAL_PARAM_INT,
     .offset = offsetof(kfold_params, seed),
     .initial = "0",
     .min = 0,
     .max = 1e15,
     .help = "draws another split; the seed of the run is added"},
    {0},
};

int32_t pal_kfold_folds(const void *params) {
    const kfold_params *p = params;
    return p->fold == 0 ? (int32_t)p->folds : 0;
}

void pal_kfold_choose(void *params, int32_t fold) {
    kfold_params *p = params;
    p->fold = fold;
}

static void kfold_shuffle(pal_rng *rng, int64_t *a, int64_t n) {
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(pal_rng_uniform(rng) * (double)(i + 1)), moved = a[i];
        a[i] = a[j];
        a[j] = moved;
    }
}

static pal_status kfold_assign(pal_ctx *ctx, const void *params, const pal_log *log, bool test,
                               uint8_t *part) {
    const kfold_params *p = params;
    if (p->fold > p->folds) {
        return pal_fail(ctx, PAL_EUSAGE, "kfold: there is no fold %d of %d", (int)p->fold,
                        (int)p->folds);
    }
    pal_arena scratch = {0};
    int64_t n = log->n_events, *order = PAL_ARENA_ARRAY(&scratch, int64_t, n);
    if (!order) return pal_fail_memory(ctx, "the split", 8.0 * (double)n);
    for (int64_t e = 0; e < n; e++) order[e] = e;
    pal_rng rng = pal_rng_at(pal_seed_for(ctx->seed + (uint64_t)p->seed, "split kfold"), 0);
    kfold_shuffle(&rng, order, n);
    int64_t fold = p->fold > 0 ? p->fold - 1 : 0;
    int64_t from = n * fold / p->folds, to = test ? n * (fold + 1) / p->folds : from, n_rest = 0;
    int64_t n_valid = (int64_t)(p->valid * (double)(n - (to - from)) + 0.5);
    for (int64_t i = 0; i < n; i++) {
        bool is_test = i >= from && i < to;
        part[order[i]] = is_test              ? PAL_PART_TEST
                         : n_rest++ < n_valid ? PAL_PART_VALID
                                              : PAL_PART_TRAIN;
    }
    pal_arena_release(&scratch);
    return PAL_OK;
}

const pal_splitter pal_splitter_kfold = {
    .name = "kfold",
    .summary = "all events dealt to folds, each of which is the test once: for predicted ratings",
    .params = kfold_table,
    .params_size = sizeof(kfold_params),
    .needs_times = false,
    .assign = kfold_assign,
};
