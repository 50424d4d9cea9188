/* markov.c - what tends to follow: transitions between items, counted.
 *
 * With each person's events in time order (equal times in file order), M[a][b] += 1 / w for b that
 * comes w = 1 … window places after a; N = M with rows divided by their sums. score(j) =
 * Σ_{p = 1 … last} N[h_p][j] / p over the last events h_1, h_2, … of the history, the newest first.
 * An item that follows itself counts like any other: the mask decides whether it is shown. (Markov
 * chains for recommendation: Shani, Heckerman, Brafman 2005; weights by distance as in sequential
 * rules, Ludewig and Jannach 2018.) Cost: events × window additions, 8 bytes a pair that occurs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "models/rows.h"

typedef struct {
    int64_t window, last, neighbours;
} markov_params;

static const pal_param markov_table[] = {
    {.name = "window",
     .type = PAL_PARAM_INT,
     .offset = offsetof(markov_params, window),
     .initial = "10",
     .min = 1,
     .max = 100,
     .scale = PAL_LOG,
     .help = "places after an item that count as following it"},
    {.name = "last",
     .type = PAL_PARAM_INT,
     .offset = offsetof(markov_params, last),
     .initial = "10",
     .min = 1,
     .max = 1000,
     .scale = PAL_LOG,
     .help = "newest events of the history that are looked at"},
    {.name = "neighbours",
     .type = PAL_PARAM_INT,
     .offset = offsetof(markov_params, neighbours),
     .initial = "0",
     .min = 0,
     .max = 100000,
     .help = "strongest followers kept of each item; 0 keeps all"},
    {0},
};

typedef struct {
    pal_rows followers; /* [n_items] N */
    int32_t n_items;
} markov_state;

/* --- fit --- */

typedef struct {
    int32_t item;
    float value;
} markov_entry;

typedef struct {           /* of one worker */
    double *sums;          /* [n_items] zero between items */
    int32_t *touched;      /* [n_items] */
    markov_entry *entries; /* [n_items] */
} markov_scratch;

typedef struct {
    const markov_params *p;
    const pal_log *log;
    const int64_t *place_starts, *places; /* events of each item, ascending */
    const int32_t *users;                 /* [n_events] */
    markov_scratch *scratch;
    int64_t *counts; /* [n_items] entries of each row */
    pal_rows *out;   /* NULL: counting only */
} markov_job;

static int markov_by_item(const void *a, const void *b) {
    const markov_entry *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

static int markov_by_value(const void *a, const void *b) {
    const markov_entry *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* The row of `item` into the scratch, items ascending; returns its length. */
static int32_t markov_row(const markov_job *job, markov_scratch *s, int32_t item) {
    const pal_log *log = job->log;
    int32_t n = 0;
    double total = 0;
    for (int64_t i = job->place_starts[item]; i < job->place_starts[item + 1]; i++) {
        int64_t e = job->places[i], end = log->starts[job->users[e] + 1];
        for (int64_t w = 1; w <= job->p->window && e + w < end; w++) {
            int32_t follower = log->items[e + w];
            double weight = (log->weights ? (double)log->weights[e + w] : 1) / (double)w;
            if (s->sums[follower] == 0) s->touched[n++] = follower;
            s->sums[follower] += weight;
            total += weight;
        }
    }
    for (int32_t i = 0; i < n; i++) {
        s->entries[i] = (markov_entry){s->touched[i], (float)(s->sums[s->touched[i]] / total)};
        s->sums[s->touched[i]] = 0;
    }
    if (job->p->neighbours > 0 && n > job->p->neighbours) {
        qsort(s->entries, (size_t)n, sizeof *s->entries, markov_by_value);
        n = (int32_t)job->p->neighbours;
    }
    qsort(s->entries, (size_t)n, sizeof *s->entries, markov_by_item);
    return n;
}

enum { MARKOV_ITEMS = 32 };

static void markov_chunk(void *arg, int64_t chunk, int32_t worker) {
    const markov_job *job = arg;
    markov_scratch *s = &job->scratch[worker];
    int64_t first = chunk * MARKOV_ITEMS, last = first + MARKOV_ITEMS;
    if (last > job->log->n_items) last = job->log->n_items;
    for (int64_t item = first; item < last; item++) {
        int32_t n = markov_row(job, s, (int32_t)item);
        job->counts[item] = n;
        for (int32_t i = 0; job->out && i < n; i++) {
            job->out->items[job->out->starts[item] + i] = s->entries[i].item;
            job->out->values[job->out->starts[item] + i] = s->entries[i].value;
        }
    }
}

/* Where each item occurs. */
static pal_status markov_find_places(pal_ctx *ctx, markov_job *job, pal_arena *scratch) {
    const pal_log *log = job->log;
    int64_t *starts = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)log->n_items + 1),
            *places = PAL_ARENA_ARRAY(scratch, int64_t, log->n_events);
    int32_t *users = PAL_ARENA_ARRAY(scratch, int32_t, log->n_events);
    if (!starts || !places || !users)
        return pal_fail_memory(ctx, "markov", 12.0 * (double)log->n_events);
    pal_log_users(log, users);
    for (int64_t e = 0; e < log->n_events; e++) starts[log->items[e] + 1]++;
    for (int32_t i = 0; i < log->n_items; i++) starts[i + 1] += starts[i];
    for (int64_t e = 0; e < log->n_events; e++) places[starts[log->items[e]]++] = e;
    for (int32_t i = log->n_items; i > 0; i--) starts[i] = starts[i - 1];
    starts[0] = 0;
    job->place_starts = starts;
    job->places = places;
    job->users = users;
    return PAL_OK;
}

static pal_status markov_allocate(pal_ctx *ctx, markov_job *job, pal_arena *scratch) {
    int32_t n_threads = pal_pool_threads(ctx->pool), n = job->log->n_items;
    job->counts = PAL_ARENA_ARRAY(scratch, int64_t, n);
    job->scratch = PAL_ARENA_ARRAY(scratch, markov_scratch, n_threads);
    bool has_memory = job->counts && job->scratch;
    for (int32_t w = 0; has_memory && w < n_threads; w++) {
        markov_scratch *s = &job->scratch[w];
        s->sums = PAL_ARENA_ARRAY(scratch, double, n);
        s->touched = PAL_ARENA_ARRAY(scratch, int32_t, n);
        s->entries = PAL_ARENA_ARRAY(scratch, markov_entry, n);
        has_memory = s->sums && s->touched && s->entries;
    }
    return has_memory ? PAL_OK : pal_fail_memory(ctx, "markov", 20.0 * n * n_threads);
}

/* Rows are made twice, once to count and once to keep: half the memory at twice a short time. */
static pal_status markov_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                             pal_arena *arena, pal_arena *scratch, void *state) {
    markov_state *s = state;
    markov_job job = {.p = params, .log = train->log};
    int32_t n = train->log->n_items;
    int64_t n_chunks = ((int64_t)n + MARKOV_ITEMS - 1) / MARKOV_ITEMS;
    s->n_items = n;
    TRY(markov_find_places(ctx, &job, scratch));
    TRY(markov_allocate(ctx, &job, scratch));
    pal_progress_update(ctx, "training markov", 0, 2);
    pal_parallel(ctx->pool, n_chunks, markov_chunk, &job);
    TRY(pal_check_cancelled(ctx));
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n + 1);
    if (!starts) return pal_fail_memory(ctx, "markov", 8.0 * n);
    for (int32_t i = 0; i < n; i++) starts[i + 1] = starts[i] + job.counts[i];
    s->followers = (pal_rows){.starts = starts,
                              .items = PAL_ARENA_ARRAY(arena, int32_t, starts[n]),
                              .values = PAL_ARENA_ARRAY(arena, float, starts[n])};
    if (!s->followers.items || !s->followers.values)
        return pal_fail_memory(ctx, "markov", 8.0 * (double)starts[n]);
    job.out = &s->followers;
    pal_progress_update(ctx, "training markov", 1, 2);
    pal_parallel(ctx->pool, n_chunks, markov_chunk, &job);
    ctx->multiply_adds += (double)train->log->n_events * (double)job.p->window;
    return PAL_OK;
}

/* --- score --- */

static void markov_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)scratch;
    const markov_params *p = params;
    const markov_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        float *row = scores + (int64_t)q * s->n_items;
        memset(row, 0, (size_t)s->n_items * sizeof *row);
        for (int32_t h = 1; h <= p->last && h <= queries[q].n_events; h++) {
            int32_t item = queries[q].items[queries[q].n_events - h];
            pal_rows_add(&s->followers, item, 1 / (float)h, row);
        }
    }
}

static int32_t markov_explain(const void *params, const void *state, const pal_query *query,
                              int32_t item, void *scratch, pal_reason *reasons) {
    (void)scratch;
    const markov_params *p = params;
    const markov_state *s = state;
    int32_t n = 0;
    for (int32_t h = 1; h <= p->last && h <= query->n_events; h++) {
        int32_t before = query->items[query->n_events - h];
        float amount = pal_rows_at(&s->followers, before, item) * (1 / (float)h);
        if (amount > 0) reasons[n++] = (pal_reason){.item = before, .amount = (double)amount};
    }
    return n;
}

static int32_t markov_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                              pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    markov_state *s = state;
    s->n_items = n_items;
    return pal_rows_tensors(&s->followers, n_items, n_items, true, tensors);
}

static void markov_estimate(const void *params, const pal_log *log, int32_t n_threads,
                            pal_estimate *out) {
    double pairs = (double)log->n_events * (double)((const markov_params *)params)->window;
    double cells = (double)log->n_items * log->n_items, kept = pairs < cells ? pairs : cells;
    out->seconds = 30e-9 * pairs / n_threads;
    out->bytes = 20.0 * (double)log->n_events + 8 * kept;
}

const pal_kind pal_kind_markov = {
    .name = "markov",
    .family = "baseline",
    .summary = "what tends to follow the person's last items, counted",
    .paper = "Shani, Heckerman, Brafman: An MDP-based recommender system, JMLR 2005",
    .represents = "the last {last} items used | what followed it within {window} events",
    .lesson = "counting which item follows which suffices here: order counts",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_ORDER | PAL_NEEDS_TIME,
    .params = markov_table,
    .params_size = sizeof(markov_params),
    .state_size = sizeof(markov_state),
    .fit = markov_fit,
    .score = markov_score,
    .tensors = markov_tensors,
    .explain = markov_explain,
    .estimate = markov_estimate,
};
