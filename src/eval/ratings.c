/* ratings.c - errors of predicted values. */
#include "eval/ratings.h"

#include <math.h>
#include <string.h>

#include "base/ctx.h"

/* --- what is asked --- */

static void ratings_scale(const pal_log *history, pal_ratings *out) {
    double sum = 0;
    out->low = out->high = (double)history->values[0];
    for (int64_t e = 0; e < history->n_events; e++) {
        double value = (double)history->values[e];
        out->low = fmin(out->low, value);
        out->high = fmax(out->high, value);
        sum += value;
    }
    out->mean = sum / (double)history->n_events;
}

pal_status pal_ratings_make(pal_ctx *ctx, const pal_log *history, const pal_log *known,
                            const pal_log *targets, pal_ratings *out) {
    memset(out, 0, sizeof *out);
    if (!targets->values || !history->values || !history->about.values_are_ratings ||
        history->n_events == 0)
        return PAL_OK;
    int64_t n = targets->n_events, now = pal_log_end(known);
    out->queries = PAL_ARENA_ARRAY(&out->arena, pal_query, targets->n_users);
    out->starts = PAL_ARENA_ARRAY(&out->arena, int64_t, (int64_t)targets->n_users + 1);
    out->items = PAL_ARENA_ARRAY(&out->arena, int32_t, n);
    out->values = PAL_ARENA_ARRAY(&out->arena, float, n);
    if (!out->queries || !out->starts || !out->items || !out->values) {
        pal_ratings_release(out);
        return pal_fail_memory(ctx, "the ratings", 8.0 * (double)n);
    }
    ratings_scale(history, out);
    double squares = 0, absolutes = 0;
    for (int32_t u = 0; u < targets->n_users; u++) {
        int64_t before = out->n;
        for (int64_t e = targets->starts[u]; e < targets->starts[u + 1]; e++) {
            if (!pal_log_is_target(targets, e)) continue;
            double error = (double)targets->values[e] - out->mean;
            squares += error * error;
            absolutes += fabs(error);
            out->items[out->n] = targets->items[e];
            out->values[out->n++] = targets->values[e];
        }
        if (out->n == before) continue;
        out->queries[out->n_users++] = pal_query_of_log(known, u, now);
        out->starts[out->n_users] = out->n;
    }
    if (out->n) {
        out->constant_rmse = sqrt(squares / (double)out->n);
        out->constant_mae = absolutes / (double)out->n;
    }
    return PAL_OK;
}

void pal_ratings_release(pal_ratings *ratings) {
    pal_arena_release(&ratings->arena);
    memset(ratings, 0, sizeof *ratings);
}

/* --- errors --- */

typedef struct {
    const pal_model *model;
    const pal_ratings *r;
    int32_t n_users;                      /* judged ones */
    pal_arena *arenas;                    /* one a worker */
    double *squares, *absolutes, *counts; /* [n_users] sums of each user */
    pal_ctx *ctx;
    uint8_t *failed; /* [n_users] */
} ratings_job;

static void ratings_user(const ratings_job *job, int32_t at, pal_arena *arena) {
    const pal_ratings *r = job->r;
    const pal_model *model = job->model;
    int32_t user = (int32_t)((int64_t)at * r->n_users / job->n_users);
    size_t bytes =
        model->kind->scratch_bytes ? model->kind->scratch_bytes(model->params, model->state, 1) : 0;
    void *scratch = pal_arena_alloc(arena, (int64_t)bytes, 1);
    float *scores = PAL_ARENA_ARRAY(arena, float, model->log->n_items);
    pal_query query;
    job->failed[at] = !scratch || !scores ||
                      pal_query_settle(job->ctx, model, &r->queries[user], arena, &query) != PAL_OK;
    if (job->failed[at]) return;
    model->kind->score(model->params, model->state, &query, 1, scratch, scores);
    for (int64_t e = r->starts[user]; e < r->starts[user + 1]; e++) {
        double predicted =
            r->items[e] < pal_model_n_listed(model) ? (double)scores[r->items[e]] : r->mean;
        predicted = fmin(fmax(predicted, r->low), r->high);
        double error = (double)r->values[e] - predicted;
        job->squares[at] += error * error;
        job->absolutes[at] += fabs(error);
        job->counts[at] += 1;
    }
}

enum { RATINGS_USERS = 16 };

static void ratings_chunk(void *arg, int64_t chunk, int32_t worker) {
    const ratings_job *job = arg;
    int64_t first = chunk * RATINGS_USERS, last = first + RATINGS_USERS;
    if (last > job->n_users) last = job->n_users;
    for (int64_t u = first; u < last; u++) {
        ratings_user(job, (int32_t)u, &job->arenas[worker]);
        pal_arena_reset(&job->arenas[worker]);
    }
}

static pal_status ratings_sum(ratings_job *job, int64_t resamples, pal_rating_errors *out) {
    int32_t n = job->n_users;
    TRY(pal_bootstrap_ratio(job->ctx, job->squares, job->counts, n, resamples, job->ctx->seed,
                            &out->rmse));
    TRY(pal_bootstrap_ratio(job->ctx, job->absolutes, job->counts, n, resamples, job->ctx->seed,
                            &out->mae));
    out->rmse = (pal_interval){sqrt(out->rmse.mean), sqrt(out->rmse.low), sqrt(out->rmse.high)};
    return PAL_OK;
}

pal_status pal_ratings_judge(pal_ctx *ctx, const pal_model *model, const pal_ratings *ratings,
                             int32_t users_max, int64_t resamples, pal_rating_errors *out) {
    pal_arena scratch = {0};
    int32_t n_threads = pal_pool_threads(ctx->pool),
            n = users_max > 0 && users_max < ratings->n_users ? users_max : ratings->n_users;
    ratings_job job = {.model = model,
                       .r = ratings,
                       .n_users = n,
                       .ctx = ctx,
                       .arenas = PAL_ARENA_ARRAY(&scratch, pal_arena, n_threads),
                       .squares = PAL_ARENA_ARRAY(&scratch, double, n),
                       .absolutes = PAL_ARENA_ARRAY(&scratch, double, n),
                       .counts = PAL_ARENA_ARRAY(&scratch, double, n),
                       .failed = PAL_ARENA_ARRAY(&scratch, uint8_t, n)};
    bool done = job.arenas && job.squares && job.absolutes && job.counts && job.failed;
    if (done)
        pal_parallel(ctx->pool, ((int64_t)n + RATINGS_USERS - 1) / RATINGS_USERS, ratings_chunk,
                     &job);
    for (int32_t w = 0; job.arenas && w < n_threads; w++) pal_arena_release(&job.arenas[w]);
    for (int32_t u = 0; done && u < n; u++) done = !job.failed[u];
    pal_status status = done ? ratings_sum(&job, resamples, out)
                             : pal_fail_memory(ctx, "predicted values", 32.0 * n);
    pal_arena_release(&scratch);
    return status;
}
