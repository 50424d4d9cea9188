/* inspect.c - measures a log and proposes how to judge models on it. */
#include "data/inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

enum { INSPECT_SAMPLE = 100000, INSPECT_DAY = 86400 };

static const double inspect_repeats_matter = 0.2, inspect_session_share = 0.9,
                    inspect_short_history = 10, inspect_unordered = 0.5;
static const double inspect_head = 0.2, inspect_last_part = 0.1;

static int inspect_compare_counts(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int inspect_compare_values(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Sorts counts ascending and moves past zeros; returns how many are left. */
static int32_t inspect_sort_counts(int64_t *counts, int32_t n, const int64_t **first) {
    qsort(counts, (size_t)n, sizeof *counts, inspect_compare_counts);
    int32_t zeros = 0;
    while (zeros < n && counts[zeros] == 0) zeros++;
    *first = counts + zeros;
    return n - zeros;
}

static double inspect_median(const int64_t *sorted, int32_t n) {
    if (n == 0) return 0;
    return ((double)sorted[(n - 1) / 2] + (double)sorted[n / 2]) / 2;
}

static double inspect_share(int64_t part, int64_t whole) {
    return whole ? (double)part / (double)whole : 0;
}

/* --- users and items --- */

static pal_status inspect_users(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                pal_inspection *out) {
    int64_t *counts = PAL_ARENA_ARRAY(scratch, int64_t, log->n_users);
    if (!counts) return pal_fail_memory(ctx, "inspecting users", 8.0 * log->n_users);
    int64_t most = 0, singles = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        counts[u] = log->starts[u + 1] - log->starts[u];
        singles += counts[u] == 1;
        if (counts[u] > most) {
            most = counts[u];
            out->busiest_user = u;
        }
    }
    const int64_t *sorted;
    out->n_users = inspect_sort_counts(counts, log->n_users, &sorted);
    out->median_user_events = inspect_median(sorted, out->n_users);
    out->largest_user_share = inspect_share(most, log->n_events);
    out->single_event_share = inspect_share(singles, out->n_users);
    return PAL_OK;
}

static pal_status inspect_items(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                pal_inspection *out) {
    int64_t *counts = PAL_ARENA_ARRAY(scratch, int64_t, log->n_items);
    if (!counts) return pal_fail_memory(ctx, "inspecting items", 8.0 * log->n_items);
    for (int64_t e = 0; e < log->n_events; e++) counts[log->items[e]]++;
    const int64_t *sorted;
    out->n_items = inspect_sort_counts(counts, log->n_items, &sorted);
    out->median_item_events = inspect_median(sorted, out->n_items);
    int64_t head = 0;
    int32_t n_head = (int32_t)ceil(inspect_head * out->n_items);
    for (int32_t i = out->n_items - n_head; i < out->n_items; i++) head += sorted[i];
    out->head_share = inspect_share(head, log->n_events);
    return PAL_OK;
}

/* --- pairs: what one user did with one item before --- */

typedef struct {
    int32_t user_plus_1,
        target_user_plus_1; /* who had the item last, in any event and in a target event */
    uint8_t type;
    int64_t time;
} inspect_trace;

typedef struct {
    int64_t n_repeats, n_duplicates;
} inspect_pairs;

static void inspect_event(const pal_log *log, int64_t event, int32_t user, inspect_trace *trace,
                          inspect_pairs *pairs, pal_inspection *out) {
    uint8_t type = log->types ? log->types[event] : 0;
    int64_t time = log->times ? log->times[event] : 0;
    bool met = trace->user_plus_1 == user + 1, had = trace->target_user_plus_1 == user + 1;
    out->n_pairs += !met;
    pairs->n_duplicates += log->times && met && trace->type == type && trace->time == time;
    out->type_events[type]++;
    out->type_after_target[type] += had;
    if (pal_log_is_target(log, event)) {
        out->n_targets++;
        pairs->n_repeats += had;
        trace->target_user_plus_1 = user + 1;
    }
    *trace = (inspect_trace){user + 1, trace->target_user_plus_1, type, time};
}

static pal_status inspect_histories(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                    pal_inspection *out) {
    inspect_trace *traces = PAL_ARENA_ARRAY(scratch, inspect_trace, log->n_items);
    if (!traces) return pal_fail_memory(ctx, "inspecting pairs", 24.0 * log->n_items);
    inspect_pairs pairs = {0};
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            inspect_event(log, e, u, &traces[log->items[e]], &pairs, out);
        }
    }
    out->density = (double)out->n_pairs / fmax(1, (double)out->n_users * out->n_items);
    out->repeat_share = inspect_share(pairs.n_repeats, out->n_targets);
    out->duplicate_share = inspect_share(pairs.n_duplicates, log->n_events);
    return PAL_OK;
}

/* Who has so many events that ten of the target type would be usual, and has none. */
static void inspect_idle(const pal_log *log, pal_inspection *out) {
    enum { EXPECTED = 10, TIMES_MEDIAN = 5 };
    double target_share = inspect_share(out->n_targets, log->n_events);
    int64_t most = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t n = log->starts[u + 1] - log->starts[u], targets = 0;
        if ((double)n * target_share < EXPECTED ||
            (double)n < TIMES_MEDIAN * out->median_user_events)
            continue;
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            targets += pal_log_is_target(log, e);
        if (targets) continue;
        out->n_idle++;
        if (n > most) {
            most = n;
            out->idle_user = u;
        }
    }
}

/* --- times --- */

/* Target events that share their second with another of the user: what lists are judged by is what
 * has to have an order. */
static int64_t inspect_count_shared_seconds(const pal_log *log, int64_t begin, int64_t end) {
    int64_t n = 0, run = 0, time = 0;
    for (int64_t e = begin; e < end; e++) {
        if (!pal_log_is_target(log, e)) continue;
        run = run > 0 && log->times[e] == time ? run + 1 : 1;
        time = log->times[e];
        n += run == 2 ? 2 : run > 2;
    }
    return n;
}

static void inspect_times(const pal_log *log, pal_inspection *out) {
    if (!log->times || log->n_events == 0) return;
    out->has_times = true;
    out->first_time = INT64_MAX;
    out->last_time = INT64_MIN;
    for (int64_t e = 0; e < log->n_events; e++) {
        if (log->times[e] < out->first_time) out->first_time = log->times[e];
        if (log->times[e] > out->last_time) out->last_time = log->times[e];
    }
    double span = (double)out->last_time - (double)out->first_time;
    int64_t shared = 0, gone = 0, several = 0, sessions = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t begin = log->starts[u], end = log->starts[u + 1];
        if (begin == end) continue;
        double length = (double)log->times[end - 1] - (double)log->times[begin];
        shared += inspect_count_shared_seconds(log, begin, end);
        gone += (double)out->last_time - (double)log->times[end - 1] > inspect_last_part * span;
        several += end - begin > 1;
        sessions += end - begin > 1 && length < INSPECT_DAY;
    }
    out->constant_time_share = inspect_share(shared, out->n_targets);
    out->churn_share = inspect_share(gone, out->n_users);
    out->session_share = inspect_share(sessions, several);
    /* People rate in one sitting what they saw in years, so that ratings are never sessions. */
    out->ids_are_sessions = out->session_share >= inspect_session_share && span > 2 * INSPECT_DAY &&
                            !log->about.values_are_ratings;
}

static int inspect_compare_times(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* --- bursts: people do things in sittings, items are met at all times --- */

/* Share of the rows, each with its times ascending, of which half of the gaps are under an hour.
 * Gaps are counted, not sorted. */
static double inspect_bursts(const int64_t *starts, const int64_t *times, int32_t n) {
    enum { HOUR = 3600 };
    int64_t asked = 0, bursts = 0;
    for (int32_t i = 0; i < n; i++) {
        int64_t gaps = starts[i + 1] - starts[i] - 1, small = 0;
        if (gaps < 1) continue;
        for (int64_t e = starts[i] + 1; e < starts[i + 1]; e++)
            small += times[e] - times[e - 1] <= HOUR;
        asked++;
        bursts += 2 * small >= gaps;
    }
    return inspect_share(bursts, asked);
}

/* The median of last - first of the rows with five times and more, in days; overwrites the times.
 */
static double inspect_item_days(const int64_t *starts, int64_t *times, int32_t n) {
    enum { ENOUGH = 5 };
    int32_t n_spans = 0;
    for (int32_t i = 0; i < n; i++) {
        if (starts[i + 1] - starts[i] < ENOUGH) continue;
        times[n_spans++] = times[starts[i + 1] - 1] - times[starts[i]];
    }
    qsort(times, (size_t)n_spans, sizeof *times, inspect_compare_times);
    return inspect_median(times, n_spans) / INSPECT_DAY;
}

static pal_status inspect_sittings(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                   pal_inspection *out) {
    if (!log->times) return PAL_OK;
    int64_t *starts = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)log->n_items + 2);
    int64_t *times = PAL_ARENA_ARRAY(scratch, int64_t, log->n_events);
    if (!starts || !times)
        return pal_fail_memory(ctx, "inspecting times", 8.0 * (double)log->n_events);
    /* starts[i + 1] is where item i's next time goes, and in the end where it stops. */
    for (int64_t e = 0; e < log->n_events; e++) starts[log->items[e] + 2]++;
    for (int32_t i = 0; i < log->n_items; i++) starts[i + 2] += starts[i + 1];
    for (int64_t e = 0; e < log->n_events; e++) times[starts[log->items[e] + 1]++] = log->times[e];
    for (int32_t i = 0; i < log->n_items; i++) {
        qsort(times + starts[i], (size_t)(starts[i + 1] - starts[i]), sizeof *times,
              inspect_compare_times);
    }
    out->user_burst_share = inspect_bursts(log->starts, log->times, log->n_users);
    out->item_burst_share = inspect_bursts(starts, times, log->n_items);
    out->median_item_days = inspect_item_days(starts, times, log->n_items);
    return PAL_OK;
}

/* --- values --- */

/* Counts the value among the sorted levels; n_levels is past PAL_LEVELS_MAX when there is no room
 * for it. */
static void inspect_count_level(float value, pal_inspection *out) {
    float *levels = out->levels, *found = bsearch(&value, levels, (size_t)out->n_levels,
                                                  sizeof *levels, inspect_compare_values);
    if (found) {
        out->level_events[found - levels]++;
        return;
    }
    int32_t at = out->n_levels++;
    if (at == PAL_LEVELS_MAX) return;
    for (; at > 0 && levels[at - 1] > value; at--) {
        levels[at] = levels[at - 1];
        out->level_events[at] = out->level_events[at - 1];
    }
    levels[at] = value;
    out->level_events[at] = 1;
}

static bool inspect_is_id(const pal_ids *ids, int32_t row, float value) {
    const char *id = pal_ids_at(ids, row);
    double number;
    return pal_parse_double(id, id + strlen(id), &number) && (float)number == value;
}

/* How many of the sampled values are the id of their own item or user. */
static int64_t inspect_count_ids(const pal_log *log, int64_t step) {
    int64_t of_items = 0, of_users = 0;
    int32_t user = 0;
    for (int64_t e = 0; e < log->n_events; e += step) {
        while (e >= log->starts[user + 1]) user++;
        of_items += inspect_is_id(log->about.item_ids, log->items[e], log->values[e]);
        of_users += inspect_is_id(log->about.user_ids, user, log->values[e]);
    }
    return of_items > of_users ? of_items : of_users;
}

static pal_status inspect_values(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                 pal_inspection *out) {
    if (!log->values || log->n_events == 0) return PAL_OK;
    out->has_values = true;
    double low = INFINITY, high = -INFINITY;
    for (int64_t e = 0; e < log->n_events; e++) {
        low = fmin(low, (double)log->values[e]);
        high = fmax(high, (double)log->values[e]);
        if (out->n_levels <= PAL_LEVELS_MAX) inspect_count_level(log->values[e], out);
    }
    if (out->n_levels > PAL_LEVELS_MAX) out->n_levels = 0;
    out->value_min = low;
    out->value_max = high;
    int64_t step = (log->n_events + INSPECT_SAMPLE - 1) / INSPECT_SAMPLE, n = 0, whole = 0,
            distinct = 0;
    float *sample = PAL_ARENA_ARRAY(scratch, float, log->n_events / step + 1);
    if (!sample) return pal_fail_memory(ctx, "inspecting values", 4.0 * INSPECT_SAMPLE);
    for (int64_t e = 0; e < log->n_events; e += step) sample[n++] = log->values[e];
    qsort(sample, (size_t)n, sizeof *sample, inspect_compare_values);
    for (int64_t i = 0; i < n; i++) {
        whole += sample[i] == floorf(sample[i]);
        distinct += i == 0 || sample[i] > sample[i - 1];
    }
    out->id_value_share = inspect_share(inspect_count_ids(log, step), n);
    out->whole_share = inspect_share(whole, n);
    out->distinct_share = inspect_share(distinct, n);
    return PAL_OK;
}

/* --- all of it --- */

static void inspect_propose(pal_inspection *out) {
    bool ordered = out->has_times && out->last_time > out->first_time;
    bool asks_next = out->ids_are_sessions || out->median_user_events < inspect_short_history;
    out->repeats_matter = out->repeat_share >= inspect_repeats_matter;
    out->split = ordered ? "time" : "random";
    out->is_ordered = ordered && out->constant_time_share < inspect_unordered;
    out->task = out->is_ordered && asks_next ? "next" : "window";
    out->hide = out->repeats_matter ? "none" : "target";
}

static pal_status inspect_measure(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                                  pal_inspection *out) {
    out->n_events = log->n_events;
    TRY(inspect_users(ctx, log, scratch, out));
    TRY(inspect_items(ctx, log, scratch, out));
    TRY(inspect_histories(ctx, log, scratch, out));
    TRY(inspect_values(ctx, log, scratch, out));
    TRY(inspect_sittings(ctx, log, scratch, out));
    inspect_idle(log, out);
    inspect_times(log, out);
    TRY(pal_inspect_end(ctx, log, scratch, out));
    TRY(pal_inspect_groups(ctx, log, scratch, out));
    inspect_propose(out);
    return PAL_OK;
}

pal_status pal_inspect_log(pal_ctx *ctx, const pal_log *log, pal_inspection *out) {
    pal_arena scratch = {0};
    pal_inspection found = {0};
    pal_log used = {0};
    /* What was only shown says nothing of what people do, and is counted alone. */
    pal_status status = log->about.shown_types ? pal_log_select_used(ctx, log, &used) : PAL_OK;
    if (status == PAL_OK)
        status = inspect_measure(ctx, log->about.shown_types ? &used : log, &scratch, &found);
    for (int64_t e = 0; e < log->n_events; e++) {
        if (pal_log_is_shown(log, e)) found.type_events[log->types[e]]++;
    }
    found.n_events = log->n_events;
    pal_log_release(&used);
    pal_arena_release(&scratch);
    if (status == PAL_OK) *out = found;
    return status;
}
