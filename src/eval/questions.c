/* questions.c - from a part of a split to queries and what would have been right. */
#include "eval/questions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

typedef struct { /* one test event of a user, or several joined */
    int32_t item;
    float value;
    int64_t time;
} questions_pair;

typedef struct {
    pal_ctx *ctx;
    const pal_protocol *protocol;
    pal_relevance relevance;
    pal_questions *q;
    int32_t *hidden_of;    /* [rows of items] user + 1 whose history hides the item */
    int32_t *masked_of;    /* [rows of items] user + 1 for whom a masked pair was counted */
    questions_pair *pairs; /* [longest test part of a user] */
    float dislike;         /* values up to this are disliked */
    int64_t n_relevant, n_judged, n_unseen;
} questions_job;

static int questions_compare(const void *a, const void *b) {
    const questions_pair *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

/* Joins pairs of one item: the largest value, the earliest time. Returns how many are left. */
static int32_t questions_join(questions_pair *pairs, int32_t n) {
    qsort(pairs, (size_t)n, sizeof *pairs, questions_compare);
    int32_t kept = 0;
    for (int32_t i = 0; i < n; i++) {
        if (kept == 0 || pairs[kept - 1].item != pairs[i].item) {
            pairs[kept++] = pairs[i];
            continue;
        }
        if (pairs[i].value > pairs[kept - 1].value) pairs[kept - 1].value = pairs[i].value;
        if (pairs[i].time < pairs[kept - 1].time) pairs[kept - 1].time = pairs[i].time;
    }
    return kept;
}

/* Marks what the mask hides because of an event. */
static void questions_mark(questions_job *job, const pal_log *log, int64_t event, int32_t user) {
    if (job->protocol->hide == PAL_HIDE_NONE) return;
    if (job->protocol->hide != PAL_HIDE_ANY && !pal_log_is_target(log, event)) return;
    job->hidden_of[log->items[event]] = user + 1;
}

static void questions_put(questions_job *job, int32_t query, const questions_pair *pair,
                          bool is_relevant) {
    pal_questions *q = job->q;
    if (q->judged) {
        q->judged[job->n_judged] = pair->item;
        q->disliked[job->n_judged++] = pair->value <= job->dislike;
        q->judged_starts[query + 1] = job->n_judged;
    }
    if (!is_relevant) return;
    q->relevant[job->n_relevant] = pair->item;
    if (q->relevant_values) q->relevant_values[job->n_relevant] = pair->value;
    if (q->relevant_times) q->relevant_times[job->n_relevant] = pair->time;
    q->n_unreachable += pair->item >= q->n_candidates;
    q->relevant_starts[query + 1] = ++job->n_relevant;
}

static questions_pair questions_pair_of(const pal_log *log, int64_t event) {
    return (questions_pair){log->items[event], log->values ? log->values[event] : 0,
                            log->times ? log->times[event] : 0};
}

/* A target event that the mask leaves, or false and counted. */
static bool questions_is_asked(questions_job *job, const pal_log *targets, int64_t event,
                               int32_t user) {
    if (!pal_log_is_target(targets, event)) {
        job->q->n_irrelevant++;
        return false;
    }
    int32_t item = targets->items[event];
    if (item < job->q->first_candidate) {
        job->q->n_irrelevant++;
        return false;
    }
    if (job->hidden_of[item] == user + 1) {
        /* A pair of the window task is counted once, however often it occurs; the next task asks
         * each event. */
        bool is_counted = job->q->task == PAL_TASK_WINDOW && job->masked_of[item] == user + 1;
        job->q->n_masked += !is_counted;
        job->masked_of[item] = user + 1;
        return false;
    }
    return true;
}

static void questions_start(questions_job *job, int32_t query) {
    pal_questions *q = job->q;
    q->relevant_starts[query + 1] = job->n_relevant;
    if (q->judged) q->judged_starts[query + 1] = job->n_judged;
}

/* One query: everything after the cut that the person had not used before. Returns 1 when something
 * is asked. */
static int32_t questions_window_user(questions_job *job, int32_t user, const pal_query *query) {
    pal_questions *q = job->q;
    const pal_log *targets = q->targets;
    int32_t n = 0, asked = 0;
    for (int64_t e = targets->starts[user]; e < targets->starts[user + 1]; e++) {
        if (questions_is_asked(job, targets, e, user))
            job->pairs[n++] = questions_pair_of(targets, e);
    }
    n = questions_join(job->pairs, n);
    int64_t judged_before = job->n_judged;
    questions_start(job, q->n_queries);
    for (int32_t i = 0; i < n; i++) {
        bool is_relevant = pal_relevance_holds(&job->relevance, job->pairs[i].value);
        asked += is_relevant;
        job->q->n_irrelevant += !is_relevant;
        questions_put(job, q->n_queries, &job->pairs[i], is_relevant);
    }
    if (!asked) {
        job->n_judged = judged_before;
        return 0;
    }
    q->queries[q->n_queries++] = *query;
    return 1;
}

/* One query before each event; `query` holds history and test events one after the other. */
static int32_t questions_next_user(questions_job *job, int32_t user, const pal_query *query) {
    pal_questions *q = job->q;
    const pal_log *targets = q->targets;
    int32_t n_history =
                query->n_events - (int32_t)(targets->starts[user + 1] - targets->starts[user]),
            asked = 0;
    for (int64_t e = targets->starts[user]; e < targets->starts[user + 1]; e++) {
        questions_pair pair = questions_pair_of(targets, e);
        if (questions_is_asked(job, targets, e, user)) {
            if (pal_relevance_holds(&job->relevance, pair.value)) {
                pal_query *at = &q->queries[q->n_queries];
                *at = *query;
                at->n_events = n_history + (int32_t)(e - targets->starts[user]);
                at->now = pair.time;
                questions_start(job, q->n_queries);
                questions_put(job, q->n_queries, &pair, true);
                q->n_queries++;
                asked++;
            } else {
                q->n_irrelevant++;
            }
        }
        questions_mark(job, targets, e, user);
    }
    return asked;
}

/* --- histories --- */

/* In the next task a user's history and test events stand in one array, so that each query sees a
 * longer part of it. */
static pal_status questions_join_history(questions_job *job, int32_t user, pal_query *query) {
    const pal_log *h = job->q->history, *t = job->q->targets;
    int64_t n_h = user < h->n_users ? h->starts[user + 1] - h->starts[user] : 0,
            n_t = t->starts[user + 1] - t->starts[user];
    int64_t from_h = n_h ? h->starts[user] : 0, from_t = t->starts[user], n = n_h + n_t;
    int32_t *items = PAL_ARENA_ARRAY(&job->q->arena, int32_t, n);
    float *values = t->values ? PAL_ARENA_ARRAY(&job->q->arena, float, n) : NULL;
    int64_t *times = t->times ? PAL_ARENA_ARRAY(&job->q->arena, int64_t, n) : NULL;
    uint8_t *types = t->types ? PAL_ARENA_ARRAY(&job->q->arena, uint8_t, n) : NULL;
    if (!items || (t->values && !values) || (t->times && !times) || (t->types && !types)) {
        return pal_fail_memory(job->ctx, "the queries", 17.0 * (double)n);
    }
    const struct {
        void *to;
        const void *h, *t;
        size_t size;
    } arrays[] = {{items, h->items, t->items, sizeof *items},
                  {values, h->values, t->values, sizeof *values},
                  {times, h->times, t->times, sizeof *times},
                  {types, h->types, t->types, sizeof *types}};
    for (int i = 0; i < 4; i++) {
        if (!arrays[i].to) continue;
        size_t size = arrays[i].size;
        memcpy(arrays[i].to, (const char *)arrays[i].h + (size_t)from_h * size, (size_t)n_h * size);
        memcpy((char *)arrays[i].to + (size_t)n_h * size,
               (const char *)arrays[i].t + (size_t)from_t * size, (size_t)n_t * size);
    }
    *query = (pal_query){
        .n_events = (int32_t)n, .items = items, .values = values, .times = times, .types = types};
    return PAL_OK;
}

static pal_status questions_user(questions_job *job, int32_t user, int64_t now) {
    pal_questions *q = job->q;
    const pal_log *h = q->history;
    pal_query query = pal_query_of_log(q->history, user, now);
    bool is_stranger = query.n_events == 0;
    for (int64_t e = is_stranger ? 0 : h->starts[user], end = is_stranger ? 0 : h->starts[user + 1];
         e < end; e++) {
        questions_mark(job, h, e, user);
    }
    if (q->task == PAL_TASK_NEXT) TRY(questions_join_history(job, user, &query));
    if (!is_stranger) query.user_plus_1 = user + 1;
    int32_t asked = q->task == PAL_TASK_NEXT ? questions_next_user(job, user, &query)
                                             : questions_window_user(job, user, &query);
    if (asked) {
        q->n_strangers += is_stranger;
        q->users[q->n_users++] = user;
        q->query_starts[q->n_users] = q->n_queries;
    }
    return PAL_OK;
}

/* --- all users --- */

/* The value up to which a rating says "I do not like it": 40 % of the way from the lowest to the
 * highest. */
static float questions_dislike(const pal_log *a, const pal_log *b) {
    float low = a->n_events ? a->values[0] : 0, high = low;
    const pal_log *logs[] = {a, b};
    for (int l = 0; l < 2; l++) {
        for (int64_t e = 0; e < logs[l]->n_events; e++) {
            if (logs[l]->values[e] < low) low = logs[l]->values[e];
            if (logs[l]->values[e] > high) high = logs[l]->values[e];
        }
    }
    return low + 0.4f * (high - low);
}

static pal_status questions_allocate(questions_job *job, pal_arena *scratch) {
    pal_questions *q = job->q;
    const pal_log *t = q->targets;
    int64_t n = t->n_events, n_queries = q->task == PAL_TASK_NEXT ? n : t->n_users;
    bool has_ratings = t->values && t->about.values_are_ratings;
    int32_t n_items = t->n_items > q->history->n_items ? t->n_items : q->history->n_items;
    q->users = PAL_ARENA_ARRAY(&q->arena, int32_t, t->n_users);
    q->query_starts = PAL_ARENA_ARRAY(&q->arena, int32_t, (int64_t)t->n_users + 1);
    q->queries = PAL_ARENA_ARRAY(&q->arena, pal_query, n_queries);
    q->relevant_starts = PAL_ARENA_ARRAY(&q->arena, int64_t, n_queries + 1);
    q->relevant = PAL_ARENA_ARRAY(&q->arena, int32_t, n);
    q->relevant_values = t->values ? PAL_ARENA_ARRAY(&q->arena, float, n) : NULL;
    q->relevant_times = t->times ? PAL_ARENA_ARRAY(&q->arena, int64_t, n) : NULL;
    q->judged_starts = has_ratings ? PAL_ARENA_ARRAY(&q->arena, int64_t, n_queries + 1) : NULL;
    q->judged = has_ratings ? PAL_ARENA_ARRAY(&q->arena, int32_t, n) : NULL;
    q->disliked = has_ratings ? PAL_ARENA_ARRAY(&q->arena, uint8_t, n) : NULL;
    job->hidden_of = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->masked_of = PAL_ARENA_ARRAY(scratch, int32_t, n_items);
    job->pairs = PAL_ARENA_ARRAY(scratch, questions_pair, n);
    if (!q->users || !q->query_starts || !q->queries || !q->relevant_starts || !q->relevant ||
        (t->values && !q->relevant_values) || (t->times && !q->relevant_times) ||
        (has_ratings && (!q->judged_starts || !q->judged || !q->disliked)) || !job->hidden_of ||
        !job->masked_of || !job->pairs || n_queries > INT32_MAX) {
        return pal_fail_memory(job->ctx, "the queries", 40.0 * (double)n);
    }
    if (has_ratings) job->dislike = questions_dislike(q->history, t);
    return PAL_OK;
}

static pal_status questions_check(questions_job *job) {
    const pal_questions *q = job->q;
    int64_t total = q->n_pairs + q->n_masked;
    if (!job->protocol->allow_drop && q->n_masked * 10 > total * 3) {
        return pal_fail(job->ctx, PAL_EDATA,
                        "the mask takes %" PRId64 " of %" PRId64
                        " test pairs, since people use the same items again: use --hide none, or "
                        "--allow-drop to go on",
                        q->n_masked, total);
    }
    if (q->n_users == 0) {
        return pal_fail(job->ctx, PAL_EDATA,
                        "the test part asks nothing: no relevant event is left after target, "
                        "--relevant, --hide and --candidates");
    }
    return PAL_OK;
}

pal_status pal_questions_make(pal_ctx *ctx, const pal_protocol *protocol, pal_task task,
                              const pal_log *history, const pal_log *targets,
                              int32_t first_candidate, int32_t n_candidates, pal_questions *out) {
    memset(out, 0, sizeof *out);
    out->history = history;
    out->targets = targets;
    out->task = task;
    out->first_candidate = first_candidate;
    out->n_candidates = n_candidates;
    questions_job job = {.ctx = ctx, .protocol = protocol, .q = out};
    pal_arena scratch = {0};
    pal_status status = pal_relevance_parse(ctx, protocol->relevant, &job.relevance);
    if (status == PAL_OK) status = questions_allocate(&job, &scratch);
    int64_t now = pal_log_end(history);
    for (int32_t u = 0; status == PAL_OK && u < targets->n_users; u++) {
        if (targets->starts[u + 1] > targets->starts[u]) status = questions_user(&job, u, now);
    }
    pal_arena_release(&scratch);
    out->n_pairs = job.n_relevant;
    if (status == PAL_OK) status = questions_check(&job);
    if (status != PAL_OK) pal_questions_release(out);
    return status;
}

pal_status pal_questions_sample(pal_ctx *ctx, const pal_questions *questions, int32_t n_max,
                                pal_arena *arena, pal_questions *out) {
    *out = *questions;
    out->arena = (pal_arena){0};
    if (questions->n_users <= n_max) return PAL_OK;
    out->n_users = n_max;
    out->n_queries = 0;
    out->users = PAL_ARENA_ARRAY(arena, int32_t, n_max);
    out->query_starts = PAL_ARENA_ARRAY(arena, int32_t, (int64_t)n_max + 1);
    out->queries = PAL_ARENA_ARRAY(arena, pal_query, questions->n_queries);
    out->relevant_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)questions->n_queries + 1);
    out->relevant = PAL_ARENA_ARRAY(arena, int32_t, questions->n_pairs);
    if (!out->users || !out->query_starts || !out->queries || !out->relevant_starts ||
        !out->relevant)
        return pal_fail_memory(ctx, "a sample of the queries", 48.0 * questions->n_queries);
    int64_t n_pairs = 0;
    for (int32_t i = 0; i < n_max; i++) {
        int32_t user = (int32_t)((int64_t)i * questions->n_users / n_max);
        out->users[i] = questions->users[user];
        for (int32_t q = questions->query_starts[user]; q < questions->query_starts[user + 1];
             q++) {
            out->queries[out->n_queries] = questions->queries[q];
            for (int64_t r = questions->relevant_starts[q]; r < questions->relevant_starts[q + 1];
                 r++)
                out->relevant[n_pairs++] = questions->relevant[r];
            out->relevant_starts[++out->n_queries] = n_pairs;
        }
        out->query_starts[i + 1] = out->n_queries;
    }
    out->n_pairs = n_pairs;
    /* What would have to be cut along, and nobody asks of a sample. */
    out->relevant_values = NULL;
    out->relevant_times = NULL;
    out->judged_starts = NULL;
    out->judged = NULL;
    out->disliked = NULL;
    out->gains = NULL;
    return PAL_OK;
}

void pal_questions_release(pal_questions *questions) {
    pal_arena_release(&questions->arena);
    memset(questions, 0, sizeof *questions);
}
