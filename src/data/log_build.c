/* log_build.c - events into the order of (user, time, order given).
 *
 * A counting sort by user, column after column: the events are cut into as many strips as there are
 * threads, and a strip knows for each user where its first event goes, so strips write side by side
 * and the result is the one stable order. Then each user's events go by time where they do not yet.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/parallel.h"
#include "data/log.h"

enum { LOG_USERS_MANY = 512, LOG_STRIP_MIN = 1 << 15 };

typedef struct {
    pal_pool *pool;
    int64_t n, longest; /* events; of one user */
    int32_t n_users, n_strips;
    const int32_t *users; /* [n] */
    int64_t *starts;      /* [n_users + 1] */
    int64_t *cursors;     /* [n_strips, n_users] where a strip's next event of a user goes */
    uint32_t *places;     /* [n] where each event goes, in place of `users` once that is known */
    const void *from;     /* the column at hand, [n] before and after */
    void *to;
    size_t size; /* bytes of one element */
} log_job;

static void log_strip(const log_job *job, int64_t strip, int64_t *begin, int64_t *end) {
    *begin = job->n / job->n_strips * strip;
    *end = strip + 1 < job->n_strips ? job->n / job->n_strips * (strip + 1) : job->n;
}

static void log_count_strip(void *arg, int64_t strip, int32_t worker) {
    (void)worker;
    const log_job *job = arg;
    int64_t begin, end, *counts = job->cursors + strip * job->n_users;
    log_strip(job, strip, &begin, &end);
    for (int64_t e = begin; e < end; e++) counts[job->users[e]]++;
}

/* Where each user begins, and in there each strip. */
static void log_count(log_job *job) {
    pal_parallel(job->pool, job->n_strips, log_count_strip, job);
    int64_t at = 0;
    for (int32_t u = 0; u < job->n_users; u++) {
        job->starts[u] = at;
        for (int32_t s = 0; s < job->n_strips; s++) {
            int64_t *cursor = &job->cursors[(int64_t)s * job->n_users + u], count = *cursor;
            *cursor = at;
            at += count;
        }
        if (at - job->starts[u] > job->longest) job->longest = at - job->starts[u];
    }
    job->starts[job->n_users] = at;
}

/* Turns users into places, so that no column needs the cursors again. */
static void log_find_places(void *arg, int64_t strip, int32_t worker) {
    (void)worker;
    const log_job *job = arg;
    int64_t begin, end, *cursors = job->cursors + strip * job->n_users;
    log_strip(job, strip, &begin, &end);
    for (int64_t e = begin; e < end; e++) job->places[e] = (uint32_t)cursors[job->places[e]]++;
}

static inline void log_place(const log_job *job, int64_t strip, size_t size) {
    enum { AHEAD = 24 }; /* events between asking for a place and writing to it */
    int64_t begin, end, *cursors = job->cursors + strip * job->n_users;
    log_strip(job, strip, &begin, &end);
    const char *from = job->from;
    char *to = job->to;
    if (job->places) {
        for (int64_t e = begin; e < end; e++) {
            if (e + AHEAD < end) __builtin_prefetch(to + (size_t)job->places[e + AHEAD] * size, 1);
            memcpy(to + (size_t)job->places[e] * size, from + (size_t)e * size, size);
        }
        return;
    }
    for (int64_t e = begin; e < end; e++)
        memcpy(to + (size_t)cursors[job->users[e]]++ * size, from + (size_t)e * size, size);
}

static void log_place_strip(void *arg, int64_t strip, int32_t worker) {
    (void)worker;
    const log_job *job = arg;
    if (job->size == 1) {
        log_place(job, strip, 1);
    } else if (job->size == 4) {
        log_place(job, strip, 4);
    } else {
        log_place(job, strip, 8);
    }
}

/* Brings one column into the order of users. */
static void log_place_column(log_job *job, const void *from, void *to, size_t size) {
    job->from = from;
    job->to = to;
    job->size = size;
    pal_parallel(job->pool, job->n_strips, log_place_strip, job);
    if (job->places) return;
    /* Each strip ended where the next one began. */
    size_t n = (size_t)job->n_users;
    for (int32_t s = job->n_strips - 1; s > 0; s--)
        memcpy(job->cursors + (size_t)s * n, job->cursors + (size_t)(s - 1) * n,
               n * sizeof *job->cursors);
    memcpy(job->cursors, job->starts, n * sizeof *job->cursors);
}

/* --- by time --- */

enum { LOG_COLUMNS_MAX = 6 };

typedef struct {
    void *data;
    size_t size;
} log_column;

typedef struct { /* an event's time and its place before */
    int64_t time, from;
} log_key;

typedef struct {
    const log_job *job;
    const int64_t *times; /* [n], or */
    const uint32_t *seconds;
    const log_column *columns;
    int32_t n_columns;
    log_key **keys; /* [threads] -> [2 * longest] */
} log_time_job;

static inline int64_t log_time(const log_time_job *job, int64_t e) {
    return job->seconds ? (int64_t)job->seconds[e] : job->times[e];
}

/* Merges runs of doubling length; equal times keep their order. Returns where the result stands. */
static log_key *log_sort_keys(log_key *keys, log_key *other, int64_t n) {
    enum { RUN = 12 };
    for (int64_t first = 0; first < n; first += RUN) {
        int64_t end = first + RUN < n ? first + RUN : n;
        for (int64_t i = first + 1; i < end; i++) {
            log_key key = keys[i];
            int64_t j = i;
            for (; j > first && keys[j - 1].time > key.time; j--) keys[j] = keys[j - 1];
            keys[j] = key;
        }
    }
    for (int64_t width = RUN; width < n; width *= 2) {
        for (int64_t first = 0; first < n; first += 2 * width) {
            int64_t a = first, middle = first + width < n ? first + width : n, b = middle,
                    end = middle + width < n ? middle + width : n;
            for (int64_t to = first; to < end; to++) {
                bool takes_b = b < end && (a >= middle || keys[b].time < keys[a].time);
                other[to] = keys[takes_b ? b : a];
                b += takes_b;
                a += !takes_b;
            }
        }
        log_key *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

static void log_sort_user(const log_time_job *job, int64_t begin, int64_t end, log_key *keys) {
    int64_t n = end - begin, e = begin + 1;
    while (e < end && log_time(job, e - 1) <= log_time(job, e)) e++;
    if (e >= end) return;
    for (int64_t i = 0; i < n; i++)
        keys[i] = (log_key){.time = log_time(job, begin + i), .from = i};
    log_key *sorted = log_sort_keys(keys, keys + n, n);
    char *copy = (char *)(sorted == keys ? keys + n : keys);
    for (int32_t c = 0; c < job->n_columns; c++) {
        size_t size = job->columns[c].size;
        char *data = (char *)job->columns[c].data + (size_t)begin * size;
        memcpy(copy, data, (size_t)n * size);
        if (size == 4) {
            for (int64_t i = 0; i < n; i++) memcpy(data + 4 * i, copy + 4 * sorted[i].from, 4);
        } else {
            for (int64_t i = 0; i < n; i++)
                memcpy(data + (size_t)i * size, copy + (size_t)sorted[i].from * size, size);
        }
    }
}

static void log_sort_users(void *arg, int64_t chunk, int32_t worker) {
    const log_time_job *job = arg;
    int64_t first = chunk * LOG_USERS_MANY, end = first + LOG_USERS_MANY;
    if (end > job->job->n_users) end = job->job->n_users;
    for (int64_t u = first; u < end; u++)
        log_sort_user(job, job->job->starts[u], job->job->starts[u + 1], job->keys[worker]);
}

static bool log_sort_times(log_job *job, log_time_job *times, pal_arena *scratch) {
    int32_t n_threads = pal_pool_threads(job->pool);
    times->job = job;
    times->keys = PAL_ARENA_ARRAY(scratch, log_key *, n_threads);
    for (int32_t t = 0; times->keys && t < n_threads; t++) {
        /* Memory that no unsorted user touches is never taken. */
        times->keys[t] = PAL_ARENA_ARRAY(scratch, log_key, 2 * job->longest);
        if (!times->keys[t]) return false;
    }
    if (!times->keys) return false;
    pal_parallel(job->pool, (job->n_users + LOG_USERS_MANY - 1) / LOG_USERS_MANY, log_sort_users,
                 times);
    return true;
}

/* --- the whole --- */

static bool log_job_start(log_job *job, pal_ctx *ctx, const pal_events *events,
                          const pal_log_about *about, int64_t *starts, pal_arena *scratch) {
    *job = (log_job){.pool = ctx->pool,
                     .n = events->n,
                     .n_users = about->n_users,
                     .users = events->users,
                     .starts = starts};
    int64_t strips = events->n / (LOG_STRIP_MIN + 4 * (int64_t)about->n_users);
    int32_t n_threads = pal_pool_threads(ctx->pool);
    job->n_strips = strips < 1 ? 1 : strips < n_threads ? (int32_t)strips : n_threads;
    job->cursors = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)job->n_strips * about->n_users);
    if (!job->cursors) return false;
    log_count(job);
    return true;
}

typedef struct {
    int64_t *out;
    const uint32_t *in;
    int64_t n;
} log_widening;

static void log_widen_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const log_widening *job = arg;
    int64_t end = (chunk + 1) * LOG_STRIP_MIN < job->n ? (chunk + 1) * LOG_STRIP_MIN : job->n;
    for (int64_t e = chunk * LOG_STRIP_MIN; e < end; e++) job->out[e] = job->in[e];
}

/* Events whose arrays are borrowed, or go with `owned` as soon as each is in place: at no time are
 * there two of more than one column. */
static pal_status log_build(pal_ctx *ctx, const pal_events *events, pal_event_columns *owned,
                            const pal_log_about *about, pal_log *log, pal_arena *scratch) {
    int64_t n = events->n;
    pal_arena *arena = &log->arena, narrow = {0};
    uint32_t *seconds = NULL;
    log_job job;
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)about->n_users + 1);
    bool fits = starts && log_job_start(&job, ctx, events, about, starts, scratch);
    if (fits && owned && n <= UINT32_MAX) {
        job.places = (uint32_t *)owned->users;
        pal_parallel(job.pool, job.n_strips, log_find_places, &job);
    }
    struct {
        const void *from;
        void **owner;
        size_t size;
        const void **to;
        pal_arena *arena;
    } moves[] = {
        {owned ? owned->seconds : NULL, owned ? (void **)&owned->seconds : NULL, 4,
         (const void **)(void *)&seconds, &narrow},
        {events->times, owned ? (void **)&owned->times : NULL, 8, (const void **)&log->times,
         arena},
        {events->items, owned ? (void **)&owned->items : NULL, 4, (const void **)&log->items,
         arena},
        {events->values, owned ? (void **)&owned->values : NULL, 4, (const void **)&log->values,
         arena},
        {events->types, owned ? (void **)&owned->types : NULL, 1, (const void **)&log->types,
         arena},
        {events->weights, NULL, 4, (const void **)&log->weights, arena},
    };
    log_column columns[LOG_COLUMNS_MAX];
    int32_t n_columns = 0;
    for (size_t i = 0; fits && i < sizeof moves / sizeof *moves; i++) {
        if (!moves[i].from) continue;
        void *to = pal_arena_alloc(moves[i].arena, n, moves[i].size);
        fits = to != NULL;
        if (!fits) break;
        log_place_column(&job, moves[i].from, to, moves[i].size);
        *moves[i].to = to;
        columns[n_columns++] = (log_column){to, moves[i].size};
        if (moves[i].owner) {
            free(*moves[i].owner);
            *moves[i].owner = NULL;
        }
    }
    if (owned) {
        free(owned->users);
        owned->users = NULL;
    }
    log_time_job times = {
        .times = log->times, .seconds = seconds, .columns = columns, .n_columns = n_columns};
    if (fits && (log->times || seconds)) fits = log_sort_times(&job, &times, scratch);
    if (fits && seconds) {
        int64_t *wide = PAL_ARENA_ARRAY(arena, int64_t, n);
        log_widening widening = {wide, seconds, n};
        if (wide)
            pal_parallel(ctx->pool, (n + LOG_STRIP_MIN - 1) / LOG_STRIP_MIN, log_widen_chunk,
                         &widening);
        log->times = wide;
        fits = wide != NULL;
    }
    pal_arena_release(&narrow);
    log->starts = starts;
    return fits ? PAL_OK : pal_fail_memory(ctx, "the log", 40.0 * (double)n);
}

static pal_status log_build_from(pal_ctx *ctx, const pal_events *events, pal_event_columns *owned,
                                 const pal_log_about *about, pal_log *out) {
    pal_log log = {.n_users = about->n_users,
                   .n_items = about->n_items,
                   .n_events = events->n,
                   .about = *about};
    pal_arena scratch = {0};
    pal_status status = log_build(ctx, events, owned, about, &log, &scratch);
    pal_arena_release(&scratch);
    if (status == PAL_OK) {
        *out = log;
    } else {
        pal_log_release(&log);
    }
    return status;
}

pal_status pal_log_build(pal_ctx *ctx, const pal_events *events, const pal_log_about *about,
                         pal_log *out) {
    return log_build_from(ctx, events, NULL, about, out);
}

pal_status pal_log_build_taking(pal_ctx *ctx, pal_event_columns *columns,
                                const pal_log_about *about, pal_log *out) {
    pal_events events = {.n = columns->n,
                         .users = columns->users,
                         .items = columns->items,
                         .values = columns->values,
                         .times = columns->times,
                         .types = columns->types};
    return log_build_from(ctx, &events, columns, about, out);
}
