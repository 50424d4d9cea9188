/* bench_growth.c - fits one kind on a made log and prints what that took.
 *
 * usage: bench_growth THREADS ITEMS USERS EVENTS SPEC */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "made.h"
#include "models/train.h"

int main(int argc, char **argv) {
    if (argc != 6) made_die("usage: bench_growth THREADS ITEMS USERS EVENTS SPEC");
    pal_ctx ctx = {.seed = 42, .memory_limit = INT64_C(8) << 30};
    ctx.pool = pal_pool_new(atoi(argv[1]));
    if (!ctx.pool) made_die("not enough memory");
    pal_log log = made_log(atoi(argv[3]), atoi(argv[2]), atoll(argv[4]));
    pal_model *model = NULL;
    if (pal_model_train(&ctx, argv[5], &(pal_train_input){.log = &log}, &model) != PAL_OK)
        made_die(ctx.error);
    pal_estimate estimate = {0};
    if (model->kind->estimate)
        model->kind->estimate(model->params, &log, pal_pool_threads(ctx.pool), &estimate);
    printf("{\"seconds\": %.4f, \"peak_bytes\": %" PRId64 ", \"model_bytes\": %.0f, "
           "\"estimated_seconds\": %.1f, \"estimated_bytes\": %.0f, \"events\": %" PRId64 "}\n",
           model->cost.seconds, made_peak_bytes(), (double)pal_model_state_bytes(model),
           estimate.seconds, estimate.bytes, log.n_events);
    return 0;
}
