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
    void *data; /* [n] of `size` bytes each */
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
        } else if (size == 1) {
            for (int64_t i = 0; i < n; i++) data[i] = copy[sorted[i].from];
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
    pal_parallel(job->pool, ((int64_t)job->n_users + LOG_USERS_MANY - 1) / LOG_USERS_MANY,
                 log_sort_users, times);
    return true;
}

/* --- the whole --- */

typedef struct {
    pal_ctx *ctx;
    const pal_events *events;
    pal_event_columns *owned; /* what goes once it is in place; NULL: all is borrowed */
    pal_arena scratch;
    log_job job;
    log_column columns[LOG_COLUMNS_MAX]; /* those in place */
    int32_t n_columns;
} log_builder;

static bool log_start(log_builder *builder, const pal_log_about *about, int64_t *starts) {
    pal_pool *pool = builder->ctx->pool;
    log_job *job = &builder->job;
    *job = (log_job){.pool = pool,
                     .n = builder->events->n,
                     .n_users = about->n_users,
                     .users = builder->events->users,
                     .starts = starts};
    int64_t strips = job->n / (LOG_STRIP_MIN + 4 * (int64_t)about->n_users);
    int32_t n_threads = pal_pool_threads(pool);
    job->n_strips = strips < 1 ? 1 : strips < n_threads ? (int32_t)strips : n_threads;
    job->cursors =
        PAL_ARENA_ARRAY(&builder->scratch, int64_t, (int64_t)job->n_strips * about->n_users);
    if (!job->cursors || !starts) return false;
    log_count(job);
    if (builder->owned && job->n <= UINT32_MAX) {
        job->places = (uint32_t *)builder->owned->users;
        pal_parallel(pool, job->n_strips, log_find_places, job);
    }
    return true;
}

/* Puts one column in place at `to`, or, when that is NULL, in a new array of `arena`; then frees
 * *owner, unless owner is NULL. Sets *out; false without memory. */
static bool log_move(log_builder *builder, const void *from, size_t size, void *to,
                     pal_arena *arena, void **owner, const void **out) {
    *out = NULL;
    if (!from) return true;
    if (!to) to = pal_arena_alloc(arena, builder->job.n, size);
    if (!to) return false;
    log_place_column(&builder->job, from, to, size);
    builder->columns[builder->n_columns++] = (log_column){to, size};
    if (owner) {
        free(*owner);
        *owner = NULL;
    }
    *out = to;
    return true;
}

typedef struct {
    int64_t *times;
    const uint32_t *seconds;
    float *values;
    const uint8_t *codes;
    const float *code_values;
    int64_t n;
} log_widening;

static int64_t log_widening_end(const log_widening *job, int64_t chunk) {
    return (chunk + 1) * LOG_STRIP_MIN < job->n ? (chunk + 1) * LOG_STRIP_MIN : job->n;
}

static void log_widen_times(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const log_widening *job = arg;
    int64_t end = log_widening_end(job, chunk);
    for (int64_t e = chunk * LOG_STRIP_MIN; e < end; e++) job->times[e] = job->seconds[e];
}

static void log_widen_values(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const log_widening *job = arg;
    int64_t end = log_widening_end(job, chunk);
    for (int64_t e = chunk * LOG_STRIP_MIN; e < end; e++)
        job->values[e] = job->code_values[job->codes[e]];
}

/* Borrowed arrays, or heap blocks that go one by one: at no time are there two of more than one
 * column. */
static bool log_build_apart(log_builder *builder, pal_log *log, pal_arena *narrow,
                            const uint32_t **seconds) {
    const pal_events *events = builder->events;
    pal_event_columns none = {0}, *owned = builder->owned ? builder->owned : &none;
    pal_arena *arena = &log->arena;
    const void *columns[6];
    bool fits =
        log_move(builder, owned->seconds, 4, NULL, narrow, (void **)&owned->seconds, &columns[0]) &&
        log_move(builder, events->times, 8, NULL, arena, (void **)&owned->times, &columns[1]) &&
        log_move(builder, events->items, 4, NULL, arena, (void **)&owned->items, &columns[2]) &&
        log_move(builder, events->values, 4, NULL, arena, (void **)&owned->values, &columns[3]) &&
        log_move(builder, events->types, 1, NULL, arena, (void **)&owned->types, &columns[4]) &&
        log_move(builder, events->weights, 4, NULL, arena, NULL, &columns[5]);
    free(owned->users);
    owned->users = NULL;
    if (!fits) return false;
    *seconds = columns[0];
    log->times = columns[1];
    log->items = columns[2];
    log->values = columns[3];
    log->types = columns[4];
    log->weights = columns[5];
    return true;
}

/* Columns in one block: each goes to where the one before it was, so that little memory is touched
 * for the first time. */
static bool log_build_in_block(log_builder *builder, pal_log *log, pal_arena *narrow,
                               const uint32_t **seconds) {
    pal_event_columns *owned = builder->owned;
    const void *columns[5];
    if (!log_move(builder, owned->seconds, 4, NULL, narrow, NULL, &columns[0]) ||
        !log_move(builder, owned->items, 4, owned->seconds, NULL, NULL, &columns[1]) ||
        !log_move(builder, owned->values, 4, owned->items, NULL, NULL, &columns[2]) ||
        !log_move(builder, owned->value_codes, 1, owned->items, NULL, NULL, &columns[3]) ||
        !log_move(builder, owned->types, 1, NULL, &log->arena, (void **)&owned->types, &columns[4]))
        return false;
    *seconds = columns[0];
    log->items = columns[1];
    log->values = columns[2];
    log->types = columns[4];
    return true;
}

/* Times in their full width, behind the items and values of the block, and values in the place of
 * the seconds, where the block has their codes. */
static void log_widen_block(log_builder *builder, pal_log *log, pal_arena *narrow,
                            const uint32_t *seconds) {
    pal_event_columns *owned = builder->owned;
    int64_t n_chunks = (builder->job.n + LOG_STRIP_MIN - 1) / LOG_STRIP_MIN,
            before = owned->values        ? 8
                     : owned->value_codes ? 5
                                          : 4;
    log_widening widening = {
        .times = (int64_t *)(void *)((char *)owned->seconds + before * owned->capacity),
        .seconds = seconds,
        .values = (float *)(void *)seconds,
        .codes = (const uint8_t *)owned->items,
        .code_values = owned->code_values,
        .n = builder->job.n};
    pal_parallel(builder->ctx->pool, n_chunks, log_widen_times, &widening);
    log->times = widening.times;
    if (owned->value_codes) {
        pal_parallel(builder->ctx->pool, n_chunks, log_widen_values, &widening);
        log->values = widening.values;
        pal_arena_adopt(&log->arena, narrow);
    }
    pal_arena_adopt(&log->arena, &owned->block);
    owned->users = owned->items = NULL;
    owned->values = NULL;
    owned->value_codes = NULL;
    owned->seconds = NULL;
}

/* The columns by user, then by time, then times in their full width. */
static bool log_build(log_builder *builder, const pal_log_about *about, pal_log *log,
                      pal_arena *narrow) {
    pal_event_columns *owned = builder->owned;
    bool in_block = owned && owned->block.blocks;
    const uint32_t *seconds = NULL;
    int64_t n = builder->events->n,
            *starts = PAL_ARENA_ARRAY(&log->arena, int64_t, (int64_t)about->n_users + 1);
    if (!log_start(builder, about, starts)) return false;
    if (!(in_block ? log_build_in_block : log_build_apart)(builder, log, narrow, &seconds))
        return false;
    log->starts = starts;
    log_time_job times = {.times = log->times,
                          .seconds = seconds,
                          .columns = builder->columns,
                          .n_columns = builder->n_columns};
    if ((log->times || seconds) && !log_sort_times(&builder->job, &times, &builder->scratch))
        return false;
    if (in_block) {
        log_widen_block(builder, log, narrow, seconds);
    } else if (seconds) {
        int64_t *wide = PAL_ARENA_ARRAY(&log->arena, int64_t, n);
        if (!wide) return false;
        log_widening widening = {.times = wide, .seconds = seconds, .n = n};
        pal_parallel(builder->ctx->pool, (n + LOG_STRIP_MIN - 1) / LOG_STRIP_MIN, log_widen_times,
                     &widening);
        log->times = wide;
    }
    return true;
}

static pal_status log_build_from(pal_ctx *ctx, const pal_events *events, pal_event_columns *owned,
                                 const pal_log_about *about, pal_log *out) {
    pal_log log = {.n_users = about->n_users,
                   .n_items = about->n_items,
                   .n_events = events->n,
                   .about = *about};
    log_builder builder = {.ctx = ctx, .events = events, .owned = owned};
    pal_arena narrow = {0};
    bool fits = log_build(&builder, about, &log, &narrow);
    pal_arena_release(&narrow);
    pal_arena_release(&builder.scratch);
    if (fits) {
        *out = log;
        return PAL_OK;
    }
    pal_log_release(&log);
    return pal_fail_memory(ctx, "the log", 40.0 * (double)events->n);
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
