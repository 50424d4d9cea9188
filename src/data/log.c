/* log.c - parts of a log, and facts about it. */
#include "data/log.h"

#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/ctx.h"
#include "base/text.h"

void pal_log_release(pal_log *log) {
    pal_arena_release(&log->arena);
    *log = (pal_log){0};
}

pal_status pal_log_select(pal_ctx *ctx, const pal_log *log, const uint8_t *keep,
                          const int32_t *user_rows, const int32_t *item_rows,
                          const pal_log_about *about, pal_log *out) {
    int64_t n = 0, count = 0;
    for (int64_t e = 0; e < log->n_events; e++) count += keep[e] != 0;
    pal_arena scratch = {0};
    int32_t *users = PAL_ARENA_ARRAY(&scratch, int32_t, count),
            *items = PAL_ARENA_ARRAY(&scratch, int32_t, count);
    float *values = log->values ? PAL_ARENA_ARRAY(&scratch, float, count) : NULL;
    int64_t *times = log->times ? PAL_ARENA_ARRAY(&scratch, int64_t, count) : NULL;
    uint8_t *types = log->types ? PAL_ARENA_ARRAY(&scratch, uint8_t, count) : NULL;
    float *weights = log->weights ? PAL_ARENA_ARRAY(&scratch, float, count) : NULL;
    if (!users || !items || (log->values && !values) || (log->times && !times) ||
        (log->types && !types) || (log->weights && !weights)) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "a part of the log", 24.0 * (double)count);
    }
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            if (!keep[e]) continue;
            users[n] = user_rows ? user_rows[u] : u;
            items[n] = item_rows ? item_rows[log->items[e]] : log->items[e];
            if (values) values[n] = log->values[e];
            if (times) times[n] = log->times[e];
            if (types) types[n] = log->types[e];
            if (weights) weights[n] = log->weights[e];
            n++;
        }
    }
    pal_events events = {.n = n,
                         .users = users,
                         .items = items,
                         .values = values,
                         .times = times,
                         .types = types,
                         .weights = weights};
    pal_status status = pal_log_build(ctx, &events, about, out);
    pal_arena_release(&scratch);
    return status;
}

/* --- what was only shown --- */

static pal_status log_keep_rows(pal_ctx *ctx, const pal_log *log, const uint8_t *keep,
                                pal_arena *scratch, pal_ids *user_ids, pal_ids *item_ids,
                                pal_log *out) {
    uint8_t *users = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_users),
            *items = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_items);
    if (!users || !items)
        return pal_fail_memory(ctx, "a part of the log", (double)log->n_users + log->n_items);
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            users[u] |= keep[e];
            items[log->items[e]] |= keep[e];
        }
    }
    int32_t *user_rows, *item_rows;
    TRY(pal_ids_keep(ctx, log->about.user_ids, users, log->n_users, scratch, &user_rows, user_ids));
    TRY(pal_ids_keep(ctx, log->about.item_ids, items, log->n_items, scratch, &item_rows, item_ids));
    pal_log_about about = log->about;
    about.n_users = user_ids->n;
    about.n_items = item_ids->n;
    about.user_ids = user_ids;
    about.item_ids = item_ids;
    return pal_log_select(ctx, log, keep, user_rows, item_rows, &about, out);
}

pal_status pal_log_keep(pal_ctx *ctx, const pal_log *log, const uint8_t *keep, pal_ids *user_ids,
                        pal_ids *item_ids, pal_log *out) {
    pal_arena scratch = {0};
    pal_status status = log_keep_rows(ctx, log, keep, &scratch, user_ids, item_ids, out);
    pal_arena_release(&scratch);
    return status;
}

uint32_t pal_log_shown_types(const pal_log_about *about, uint32_t target_types) {
    static const char *const names[] = {"shown",    "show",      "impression",  "impressions",
                                        "exposure", "displayed", "display",     "skip",
                                        "skips",    "skipped",   "not clicked", "no click"};
    uint32_t shown = 0, others = 0;
    for (int32_t t = 0; t < about->n_types; t++) {
        bool is_shown = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            is_shown |= pal_name_equal(about->type_names[t], names[i]);
        *(is_shown && !(target_types >> t & 1u) ? &shown : &others) |= 1u << t;
    }
    return others ? shown : 0;
}

static pal_status log_select_by_use(pal_ctx *ctx, const pal_log *log, bool shown, pal_log *out) {
    uint8_t *keep = calloc((size_t)log->n_events + 1, 1);
    if (!keep) return pal_fail_memory(ctx, "a part of the log", (double)log->n_events);
    for (int64_t e = 0; e < log->n_events; e++) keep[e] = pal_log_is_shown(log, e) == shown;
    pal_status status = pal_log_select(ctx, log, keep, NULL, NULL, &log->about, out);
    free(keep);
    return status;
}

pal_status pal_log_select_used(pal_ctx *ctx, const pal_log *log, pal_log *out) {
    return log_select_by_use(ctx, log, false, out);
}

pal_status pal_log_select_shown(pal_ctx *ctx, const pal_log *log, pal_log *out) {
    return log_select_by_use(ctx, log, true, out);
}

/* --- pairs --- */

enum { LOG_CHUNK = 1024, LOG_WORD = 64 };

typedef struct {            /* of one worker, zero between users */
    uint64_t *bits, *words; /* [n_items] of the user at work, [n_items / 64] words with any */
    float *weights;         /* [n_items] */
} log_marks;

typedef struct {
    const pal_log *log;
    uint32_t types;
    int64_t *lengths; /* [n_users] distinct items */
    int32_t *cols;    /* each user's from where his events start */
    float *values;    /* like cols, or NULL */
    log_marks *marks;
} log_pairs;

static bool log_has_type(const log_pairs *job, int64_t e) {
    return !job->log->types || (job->types >> job->log->types[e] & 1u);
}

/* A few events, each inserted where it belongs. */
static int64_t log_insert_pairs(const log_pairs *job, int64_t begin, int64_t end) {
    int32_t *cols = job->cols + begin;
    float *values = job->values ? job->values + begin : NULL;
    int64_t n = 0;
    for (int64_t e = begin; e < end; e++) {
        if (!log_has_type(job, e)) continue;
        int32_t item = job->log->items[e];
        float weight = values ? job->log->weights[e] : 1;
        int64_t at = n;
        while (at > 0 && cols[at - 1] > item) at--;
        if (at > 0 && cols[at - 1] == item) {
            if (values && weight > values[at - 1]) values[at - 1] = weight;
            continue;
        }
        memmove(cols + at + 1, cols + at, (size_t)(n - at) * sizeof *cols);
        cols[at] = item;
        if (values) {
            memmove(values + at + 1, values + at, (size_t)(n - at) * sizeof *values);
            values[at] = weight;
        }
        n++;
    }
    return n;
}

/* Many events: a bit for each item, then the bits in order, by a second level over words of them.
 */
static int64_t log_mark_pairs(const log_pairs *job, log_marks *marks, int64_t begin, int64_t end) {
    const int32_t *items = job->log->items;
    for (int64_t e = begin; e < end; e++) {
        if (!log_has_type(job, e)) continue;
        int32_t item = items[e], word = item / LOG_WORD;
        uint64_t bit = UINT64_C(1) << item % LOG_WORD;
        if (job->values &&
            (!(marks->bits[word] & bit) || job->log->weights[e] > marks->weights[item]))
            marks->weights[item] = job->log->weights[e];
        marks->bits[word] |= bit;
        marks->words[word / LOG_WORD] |= UINT64_C(1) << word % LOG_WORD;
    }
    int64_t n = begin;
    for (int32_t w = 0; w <= (job->log->n_items - 1) / (LOG_WORD * LOG_WORD); w++) {
        for (; marks->words[w]; marks->words[w] &= marks->words[w] - 1) {
            int32_t word = w * LOG_WORD + __builtin_ctzll(marks->words[w]);
            for (; marks->bits[word]; marks->bits[word] &= marks->bits[word] - 1) {
                int32_t item = word * LOG_WORD + __builtin_ctzll(marks->bits[word]);
                if (job->values) job->values[n] = marks->weights[item];
                job->cols[n++] = item;
            }
        }
    }
    return n - begin;
}

static void log_pair_users(void *arg, int64_t chunk, int32_t worker) {
    enum { FEW = 24 };
    const log_pairs *job = arg;
    int64_t last = (chunk + 1) * LOG_CHUNK;
    if (last > job->log->n_users) last = job->log->n_users;
    for (int64_t u = chunk * LOG_CHUNK; u < last; u++) {
        int64_t begin = job->log->starts[u], end = job->log->starts[u + 1];
        job->lengths[u] = end - begin <= FEW ? log_insert_pairs(job, begin, end)
                                             : log_mark_pairs(job, &job->marks[worker], begin, end);
    }
}

static bool log_marks_alloc(log_pairs *job, int32_t n_threads, pal_arena *scratch) {
    int64_t n = job->log->n_items, n_words = n / LOG_WORD + 1;
    job->lengths = PAL_ARENA_ARRAY(scratch, int64_t, job->log->n_users);
    job->marks = PAL_ARENA_ARRAY(scratch, log_marks, n_threads);
    bool done = job->lengths && job->marks;
    for (int32_t w = 0; done && w < n_threads; w++) {
        job->marks[w].bits = PAL_ARENA_ARRAY(scratch, uint64_t, n_words);
        job->marks[w].words = PAL_ARENA_ARRAY(scratch, uint64_t, n_words / LOG_WORD + 1);
        job->marks[w].weights = PAL_ARENA_ARRAY(scratch, float, job->values ? n : 0);
        done = job->marks[w].bits && job->marks[w].words && job->marks[w].weights;
    }
    return done;
}

pal_status pal_log_pairs(pal_ctx *ctx, const pal_log *log, uint32_t types, pal_arena *arena,
                         pal_csr *out) {
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)log->n_users + 1);
    log_pairs job = {.log = log, .types = types};
    job.cols = PAL_ARENA_ARRAY(arena, int32_t, log->n_events);
    job.values = log->weights ? PAL_ARENA_ARRAY(arena, float, log->n_events) : NULL;
    pal_arena scratch = {0};
    if (!starts || !job.cols || (log->weights && !job.values) ||
        !log_marks_alloc(&job, pal_pool_threads(ctx->pool), &scratch)) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "the pairs of the log", 8.0 * (double)log->n_events);
    }
    pal_parallel(ctx->pool, ((int64_t)log->n_users + LOG_CHUNK - 1) / LOG_CHUNK, log_pair_users,
                 &job);
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t from = log->starts[u], to = starts[u];
        if (to != from) {
            memmove(job.cols + to, job.cols + from, (size_t)job.lengths[u] * sizeof *job.cols);
            if (job.values)
                memmove(job.values + to, job.values + from,
                        (size_t)job.lengths[u] * sizeof *job.values);
        }
        starts[u + 1] = to + job.lengths[u];
    }
    pal_arena_release(&scratch);
    *out = (pal_csr){.n_rows = log->n_users,
                     .n_cols = log->n_items,
                     .starts = starts,
                     .cols = job.cols,
                     .values = job.values};
    return PAL_OK;
}

/* --- facts --- */

void pal_log_users(const pal_log *log, int32_t *out) {
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) out[e] = u;
    }
}

int64_t pal_log_end(const pal_log *log) {
    int64_t end = 0;
    for (int64_t e = 0; log->times && e < log->n_events; e++) {
        if (log->times[e] > end) end = log->times[e];
    }
    return end;
}

uint64_t pal_log_hash(const pal_log *log) {
    size_t n = (size_t)log->n_events;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    const pal_log_about *about = &log->about;
    const struct {
        const pal_ids *ids;
        int32_t n;
    } sides[] = {{about->user_ids, log->n_users}, {about->item_ids, log->n_items}};
    for (int i = 0; i < 2; i++) {
        XXH3_64bits_update(&state, &sides[i].n, sizeof sides[i].n);
        if (sides[i].n)
            XXH3_64bits_update(&state, sides[i].ids->bytes,
                               (size_t)sides[i].ids->offsets[sides[i].n]);
    }
    XXH3_64bits_update(&state, log->starts, ((size_t)log->n_users + 1) * sizeof *log->starts);
    XXH3_64bits_update(&state, log->items, n * sizeof *log->items);
    if (log->values) XXH3_64bits_update(&state, log->values, n * sizeof *log->values);
    if (log->times) XXH3_64bits_update(&state, log->times, n * sizeof *log->times);
    if (log->types) XXH3_64bits_update(&state, log->types, n);
    if (log->weights) XXH3_64bits_update(&state, log->weights, n * sizeof *log->weights);
    for (int32_t t = 0; t < about->n_types; t++) {
        XXH3_64bits_update(&state, about->type_names[t], strlen(about->type_names[t]) + 1);
    }
    XXH3_64bits_update(&state, &about->target_types, sizeof about->target_types);
    return XXH3_64bits_digest(&state);
}

int64_t pal_log_longest(const pal_log *log) {
    int64_t longest = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t n = log->starts[u + 1] - log->starts[u];
        if (n > longest) longest = n;
    }
    return longest;
}
