/* evaluation.c - lists beside what was right: means over users, in every slice. */
#include "eval/evaluation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/progress.h"
#include "eval/significance.h"

void pal_measures_list(const pal_protocol *protocol, pal_measures *out) {
    const pal_ints *k = &protocol->k;
    *out = (pal_measures){0};
    for (int32_t m = 0; pal_metrics[m]; m++) {
        if (pal_metrics[m]->needs_gains && !protocol->gain) continue;
        for (int32_t i = 0; i < k->n && out->n < PAL_MEASURES_MAX; i++) {
            pal_measure *measure = &out->at[out->n++];
            *measure = (pal_measure){.metric = pal_metrics[m], .k = k->at[i]};
            snprintf(measure->name, sizeof measure->name, "%s@%d", pal_metrics[m]->name, k->at[i]);
        }
    }
}

/* --- judging --- */

typedef struct {
    const pal_questions *q;
    const pal_measures *measures;
    const pal_lists *lists;
    const pal_slice *slice; /* NULL: everything */
    double *by_user;        /* [measures.n, n_users] */
    uint8_t *hits;          /* [n_threads, k + 1] */
    double *gains;          /* [n_threads, k + 1], or NULL */
} evaluation_job;

/* The relevant pair that the item is, or -1. */
static int64_t evaluation_find_relevant(const evaluation_job *job, int32_t query, int32_t item) {
    const pal_questions *q = job->q;
    int64_t at =
        pal_row_find(q->relevant, q->relevant_starts[query], q->relevant_starts[query + 1], item);
    if (at < 0) return -1;
    return !job->slice || !job->slice->pairs || job->slice->pairs[at] ? at : -1;
}

static int32_t evaluation_count_relevant(const evaluation_job *job, int32_t query) {
    int64_t begin = job->q->relevant_starts[query], end = job->q->relevant_starts[query + 1];
    if (!job->slice || !job->slice->pairs) return (int32_t)(end - begin);
    int32_t n = 0;
    for (int64_t r = begin; r < end; r++) n += job->slice->pairs[r];
    return n;
}

/* One user: means over his queries that have something relevant; NaN when none has. */
static void evaluation_user(const evaluation_job *job, int32_t user, uint8_t *hits, double *gains) {
    const pal_questions *q = job->q;
    double sums[PAL_MEASURES_MAX] = {0};
    int32_t n_queries = 0;
    bool in_slice = !job->slice || !job->slice->users || job->slice->users[user];
    for (int32_t query = q->query_starts[user]; in_slice && query < q->query_starts[user + 1];
         query++) {
        int32_t n_relevant = evaluation_count_relevant(job, query);
        if (n_relevant == 0) continue;
        const int32_t *items = job->lists->items + (int64_t)query * job->lists->k;
        int32_t n = job->lists->counts[query];
        for (int32_t i = 0; i < n; i++) {
            int64_t pair = evaluation_find_relevant(job, query, items[i]);
            hits[i] = pair >= 0;
            if (gains) gains[i] = pair >= 0 ? q->gains[pair] : 0;
        }
        pal_judged judged = {.hits = hits, .gains = gains, .n = n, .n_relevant = n_relevant};
        for (int32_t m = 0; m < job->measures->n; m++) {
            const pal_measure *measure = &job->measures->at[m];
            if (measure->metric->of_list) sums[m] += measure->metric->of_list(&judged, measure->k);
        }
        n_queries++;
    }
    for (int32_t m = 0; m < job->measures->n; m++) {
        bool told = n_queries > 0 && job->measures->at[m].metric->of_list;
        job->by_user[(int64_t)m * q->n_users + user] = told ? sums[m] / n_queries : NAN;
    }
}

enum { EVALUATION_USERS = 64 };

static void evaluation_chunk(void *arg, int64_t chunk, int32_t worker) {
    const evaluation_job *job = arg;
    int64_t first = chunk * EVALUATION_USERS, last = first + EVALUATION_USERS;
    if (last > job->q->n_users) last = job->q->n_users;
    int64_t at = (int64_t)worker * (job->lists->k + 1);
    for (int64_t u = first; u < last; u++)
        evaluation_user(job, (int32_t)u, job->hits + at, job->gains ? job->gains + at : NULL);
}

static void evaluation_judge(pal_ctx *ctx, evaluation_job *job) {
    pal_parallel(ctx->pool, ((int64_t)job->q->n_users + EVALUATION_USERS - 1) / EVALUATION_USERS,
                 evaluation_chunk, job);
}

/* --- all lists together --- */

static pal_status evaluation_shown(pal_ctx *ctx, const evaluation_job *job, double *mean) {
    const pal_log *history = job->q->history;
    pal_arena scratch = {0};
    pal_csr pairs, by_item;
    double *popularity = PAL_ARENA_ARRAY(&scratch, double, job->q->n_candidates);
    pal_status status = popularity
                            ? pal_log_pairs(ctx, history, UINT32_MAX, &scratch, &pairs)
                            : pal_fail_memory(ctx, "the metrics", 8.0 * job->q->n_candidates);
    if (status == PAL_OK && !pal_csr_transpose(&pairs, &scratch, &by_item)) {
        status = pal_fail_memory(ctx, "the metrics", 8.0 * (double)history->n_events);
    }
    if (status == PAL_OK) {
        for (int32_t i = 0; i < by_item.n_rows && i < job->q->n_candidates; i++) {
            popularity[i] = (double)(by_item.starts[i + 1] - by_item.starts[i]);
        }
        pal_shown shown = {.lists = job->lists,
                           .questions = job->q,
                           .popularity = popularity,
                           .n_training_users = history->n_users,
                           .by_item = &by_item,
                           .seed = ctx->seed};
        for (int32_t m = 0; m < job->measures->n; m++) {
            const pal_measure *measure = &job->measures->at[m];
            if (measure->metric->of_all) mean[m] = measure->metric->of_all(ctx, &shown, measure->k);
        }
    }
    pal_arena_release(&scratch);
    return status;
}

static pal_status evaluation_fill(pal_ctx *ctx, const pal_protocol *protocol,
                                  const pal_questions *questions, const pal_slices *slices,
                                  pal_evaluation *out) {
    pal_measures measures;
    pal_measures_list(protocol, &measures);
    int32_t n = questions->n_users, n_slices = slices ? slices->n : 0;
    pal_arena scratch = {0};
    out->n_users = n;
    out->by_user = PAL_ARENA_ARRAY(&out->arena, double, (int64_t)measures.n *n);
    out->mean = PAL_ARENA_ARRAY(&out->arena, double, measures.n);
    out->by_slice = PAL_ARENA_ARRAY(&out->arena, double, (int64_t)n_slices *measures.n);
    out->slice_by_user = PAL_ARENA_ARRAY(&out->arena, double, (int64_t)n_slices *n);
    double *by_user = PAL_ARENA_ARRAY(&scratch, double, (int64_t)measures.n *n);
    int64_t n_places = (int64_t)pal_pool_threads(ctx->pool) * (out->lists.k + 1);
    uint8_t *hits = PAL_ARENA_ARRAY(&scratch, uint8_t, n_places);
    double *gains = questions->gains ? PAL_ARENA_ARRAY(&scratch, double, n_places) : NULL;
    if ((questions->gains && !gains) || !out->by_user || !out->mean || !out->by_slice ||
        !out->slice_by_user || !by_user || !hits) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "the metrics", 8.0 * measures.n * (double)n);
    }
    evaluation_job job = {.q = questions,
                          .measures = &measures,
                          .lists = &out->lists,
                          .by_user = out->by_user,
                          .hits = hits,
                          .gains = gains};
    evaluation_judge(ctx, &job);
    for (int32_t m = 0; m < measures.n; m++)
        out->mean[m] = pal_mean(out->by_user + (int64_t)m * n, n);
    job.by_user = by_user;
    for (int32_t s = 0; s < n_slices; s++) {
        job.slice = &slices->at[s];
        evaluation_judge(ctx, &job);
        for (int32_t m = 0; m < measures.n; m++)
            out->by_slice[(int64_t)s * measures.n + m] = pal_mean(by_user + (int64_t)m * n, n);
        memcpy(out->slice_by_user + (int64_t)s * n, by_user, (size_t)n * sizeof *by_user);
    }
    job.slice = NULL;
    pal_status status = evaluation_shown(ctx, &job, out->mean);
    pal_arena_release(&scratch);
    return status;
}

/* --- time of a single list --- */

static int evaluation_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static pal_status evaluation_time_lists(pal_ctx *ctx, const pal_questions *questions,
                                        const pal_model *model, const pal_rank_options *rank,
                                        pal_evaluation *out) {
    enum { LISTS = 100 };
    double microseconds[LISTS];
    int32_t n = questions->n_queries < LISTS ? questions->n_queries : LISTS;
    pal_arena scratch = {0};
    pal_status status = PAL_OK;
    /* The first list warms caches up and is not counted. */
    for (int32_t i = -1; status == PAL_OK && i < n; i++) {
        const pal_query *query =
            &questions->queries[(int64_t)(i < 0 ? 0 : i) * questions->n_queries / n];
        pal_lists lists;
        double started = pal_clock();
        status = pal_rank(ctx, model, query, 1, rank, &scratch, &lists);
        if (i >= 0) microseconds[i] = 1e6 * (pal_clock() - started);
        pal_arena_reset(&scratch);
    }
    pal_arena_release(&scratch);
    qsort(microseconds, (size_t)n, sizeof *microseconds, evaluation_compare);
    if (n > 0) {
        out->list_us_p50 = microseconds[n / 2];
        out->list_us_p99 = microseconds[(n * 99 - 1) / 100];
    }
    return status;
}

pal_status pal_evaluate_model(pal_ctx *ctx, const pal_protocol *protocol,
                              const pal_questions *questions, const pal_slices *slices,
                              const pal_model *model, const pal_rank_options *rank,
                              pal_evaluation *out) {
    memset(out, 0, sizeof *out);
    pal_rank_options options = *rank;
    options.k = protocol->k.at[protocol->k.n - 1];
    options.hide = (pal_hide)protocol->hide;
    options.first_item = questions->first_candidate;
    pal_status status = pal_rank(ctx, model, questions->queries, questions->n_queries, &options,
                                 &out->arena, &out->lists);
    if (status == PAL_OK) status = evaluation_fill(ctx, protocol, questions, slices, out);
    if (status == PAL_OK && slices)
        status = evaluation_time_lists(ctx, questions, model, &options, out);
    if (status != PAL_OK) pal_evaluation_release(out);
    return status;
}

pal_status pal_evaluate_choice_users(pal_ctx *ctx, const pal_protocol *protocol,
                                     const pal_questions *questions, const pal_model *model,
                                     const pal_rank_options *rank, double *by_user) {
    pal_arena scratch = {0};
    pal_lists lists;
    pal_measures all, measures = {.n = 1};
    pal_measures_list(protocol, &all);
    measures.at[0] = all.at[0];
    pal_rank_options options = *rank;
    options.k = measures.at[0].k;
    options.hide = (pal_hide)protocol->hide;
    options.first_item = questions->first_candidate;
    pal_status status =
        pal_rank(ctx, model, questions->queries, questions->n_queries, &options, &scratch, &lists);
    uint8_t *hits =
        PAL_ARENA_ARRAY(&scratch, uint8_t, (int64_t)pal_pool_threads(ctx->pool) * (options.k + 1));
    if (status == PAL_OK && !hits)
        status = pal_fail_memory(ctx, "the metrics", 8.0 * questions->n_users);
    if (status == PAL_OK) {
        evaluation_job job = {.q = questions,
                              .measures = &measures,
                              .lists = &lists,
                              .by_user = by_user,
                              .hits = hits};
        evaluation_judge(ctx, &job);
    }
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_evaluate_choice(pal_ctx *ctx, const pal_protocol *protocol,
                               const pal_questions *questions, const pal_model *model,
                               const pal_rank_options *rank, double *out) {
    pal_arena scratch = {0};
    double *by_user = PAL_ARENA_ARRAY(&scratch, double, questions->n_users);
    pal_status status =
        by_user ? pal_evaluate_choice_users(ctx, protocol, questions, model, rank, by_user)
                : pal_fail_memory(ctx, "the metrics", 8.0 * questions->n_users);
    if (status == PAL_OK) *out = pal_mean(by_user, questions->n_users);
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_evaluate_lists(pal_ctx *ctx, const pal_protocol *protocol,
                              const pal_questions *questions, const pal_slices *slices,
                              const pal_lists *lists, pal_evaluation *out) {
    memset(out, 0, sizeof *out);
    out->lists = *lists;
    pal_status status = evaluation_fill(ctx, protocol, questions, slices, out);
    if (status != PAL_OK) pal_evaluation_release(out);
    return status;
}

void pal_evaluation_release(pal_evaluation *evaluation) {
    pal_arena_release(&evaluation->arena);
    memset(evaluation, 0, sizeof *evaluation);
}
