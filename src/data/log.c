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

typedef struct {
    int32_t item;
    float weight;
} log_pair;

static int log_compare_pairs(const void *a, const void *b) {
    const log_pair *x = a, *y = b;
    return x->item < y->item ? -1 : x->item > y->item;
}

/* Sorts one user's pairs by item and joins equal ones by the largest weight; returns how many are
 * left. */
static int64_t log_join_pairs(log_pair *pairs, int64_t n) {
    qsort(pairs, (size_t)n, sizeof *pairs, log_compare_pairs);
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (kept > 0 && pairs[kept - 1].item == pairs[i].item) {
            if (pairs[i].weight > pairs[kept - 1].weight) pairs[kept - 1].weight = pairs[i].weight;
        } else {
            pairs[kept++] = pairs[i];
        }
    }
    return kept;
}

pal_status pal_log_pairs(pal_ctx *ctx, const pal_log *log, uint32_t types, pal_arena *arena,
                         pal_csr *out) {
    int64_t *starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)log->n_users + 1);
    int32_t *cols = PAL_ARENA_ARRAY(arena, int32_t, log->n_events);
    float *values = log->weights ? PAL_ARENA_ARRAY(arena, float, log->n_events) : NULL;
    int64_t longest = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t length = log->starts[u + 1] - log->starts[u];
        if (length > longest) longest = length;
    }
    pal_arena scratch = {0};
    log_pair *pairs = PAL_ARENA_ARRAY(&scratch, log_pair, longest);
    if (!starts || !cols || (log->weights && !values) || !pairs) {
        pal_arena_release(&scratch);
        return pal_fail_memory(ctx, "the pairs of the log", 8.0 * (double)log->n_events);
    }
    int64_t n = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t length = 0;
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            if (log->types && !(types >> log->types[e] & 1u)) continue;
            pairs[length++] = (log_pair){log->items[e], log->weights ? log->weights[e] : 1};
        }
        length = log_join_pairs(pairs, length);
        for (int64_t i = 0; i < length; i++, n++) {
            cols[n] = pairs[i].item;
            if (values) values[n] = pairs[i].weight;
        }
        starts[u + 1] = n;
    }
    pal_arena_release(&scratch);
    *out = (pal_csr){.n_rows = log->n_users,
                     .n_cols = log->n_items,
                     .starts = starts,
                     .cols = cols,
                     .values = values};
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
