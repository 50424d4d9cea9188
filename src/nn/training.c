/* training.c - epochs. */
#include "nn/training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/progress.h"
#include "base/rng.h"

static void training_shuffle(uint64_t seed, int64_t epoch, int64_t *order, int64_t n) {
    pal_rng rng = pal_rng_at(pal_seed_for(seed, "order"), (uint64_t)epoch);
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t other = (int64_t)(pal_rng_uniform(&rng) * (double)(i + 1)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* One epoch; *loss is the mean over examples. Stops at the first batch that is not finite. */
static pal_status training_epoch(pal_ctx *ctx, const pal_training *t, pal_step *step,
                                 const int64_t *order, double *loss) {
    pal_schedule schedule = {.form = t->schedule, .warm_up = t->warm_up, .n_steps = step->n_steps};
    double sum = 0;
    for (int64_t begin = 0; begin < t->n_examples && isfinite(sum); begin += t->batch) {
        step->number++;
        step->examples = order + begin;
        step->n = t->n_examples - begin < t->batch ? t->n_examples - begin : t->batch;
        step->rate = t->learning_rate * pal_schedule_at(&schedule, step->number);
        sum += t->step(t->arg, step);
        TRY(pal_check_cancelled(ctx));
    }
    *loss = sum / (double)t->n_examples;
    return PAL_OK;
}

pal_status pal_training_run(pal_ctx *ctx, const pal_training *t, pal_arena *scratch) {
    char title[64];
    snprintf(title, sizeof title, "training %s", t->kind);
    int64_t *order = PAL_ARENA_ARRAY(scratch, int64_t, t->n_examples);
    if (!order) return pal_fail_memory(ctx, t->kind, 8.0 * (double)t->n_examples);
    for (int64_t i = 0; i < t->n_examples; i++) order[i] = i;
    pal_step step = {.n_steps = t->epochs * ((t->n_examples + t->batch - 1) / t->batch)};
    double before = INFINITY;
    for (step.epoch = 1; step.epoch <= t->epochs; step.epoch++) {
        double loss;
        pal_progress_update(ctx, title, step.epoch - 1, t->epochs);
        training_shuffle(ctx->seed, step.epoch, order, t->n_examples);
        TRY(training_epoch(ctx, t, &step, order, &loss));
        if (!isfinite(loss)) {
            return pal_fail(ctx, PAL_EDATA,
                            "%s: diverged in epoch %" PRId64
                            ": the loss left all bounds; use a learning_rate under %g",
                            t->kind, step.epoch, t->learning_rate);
        }
        if (t->publish) TRY(t->publish(t->arg));
        if (pal_watch_epoch(ctx, (int32_t)step.epoch, loss)) break;
        if (fabs(before - loss) <= t->tolerance * fabs(loss)) break;
        before = loss;
    }
    return PAL_OK;
}
