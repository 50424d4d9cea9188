/* inspect_parts.c - what a log falls into: its last tenth and what came before, groups that never
 * meet. */
#include <math.h>

#include "base/ctx.h"
#include "data/inspect.h"

/* --- the last tenth of the events --- */

/* The time after which about a tenth of the events come, to one part in BINS of the span: counted,
 * not sorted. */
static int64_t parts_find_cut(const pal_log *log, const pal_inspection *found) {
    enum { BINS = 8192 };
    int64_t counts[BINS] = {0}, late = 0;
    double span = (double)found->last_time - (double)found->first_time;
    for (int64_t e = 0; e < log->n_events; e++) {
        double at = ((double)log->times[e] - (double)found->first_time) / span * (BINS - 1);
        counts[(int32_t)at]++;
    }
    int32_t bin = BINS;
    while (bin > 0 && (late + counts[bin - 1]) * 10 <= log->n_events) late += counts[--bin];
    return found->first_time + (int64_t)ceil(span * bin / (BINS - 1));
}

static void parts_late_users(const pal_log *log, int64_t cut, pal_inspection *out) {
    int64_t late = 0, strangers = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t begin = log->starts[u], end = log->starts[u + 1];
        if (begin == end || log->times[end - 1] < cut) continue;
        late++;
        strangers += log->times[begin] >= cut;
    }
    out->late_stranger_share = late ? (double)strangers / (double)late : 0;
}

static void parts_late_items(const pal_log *log, int64_t cut, int64_t *late_counts, uint8_t *is_old,
                             pal_inspection *out) {
    int64_t late = 0, on_new = 0;
    for (int64_t e = 0; e < log->n_events; e++) {
        if (log->times[e] < cut) {
            is_old[log->items[e]] = 1;
        } else {
            late++;
            late_counts[log->items[e]]++;
        }
    }
    for (int32_t i = 0; i < log->n_items; i++) {
        if (is_old[i]) continue;
        on_new += late_counts[i];
        if (late_counts[i] > out->new_item_events) {
            out->new_item_events = late_counts[i];
            out->new_item = i;
        }
    }
    out->new_item_share = late ? (double)on_new / (double)late : 0;
    out->n_late = late;
}

pal_status pal_inspect_end(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                           pal_inspection *out) {
    if (!out->has_times || out->last_time <= out->first_time) return PAL_OK;
    int64_t *late_counts = PAL_ARENA_ARRAY(scratch, int64_t, log->n_items);
    uint8_t *is_old = PAL_ARENA_ARRAY(scratch, uint8_t, log->n_items);
    if (!late_counts || !is_old)
        return pal_fail_memory(ctx, "inspecting items", 9.0 * log->n_items);
    int64_t cut = parts_find_cut(log, out);
    parts_late_users(log, cut, out);
    parts_late_items(log, cut, late_counts, is_old, out);
    return PAL_OK;
}

/* --- groups: users and items that no chain of events connects to the others --- */

static int32_t parts_root(int32_t *parents, int32_t i) {
    while (parents[i] != i) {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    return i;
}

pal_status pal_inspect_groups(pal_ctx *ctx, const pal_log *log, pal_arena *scratch,
                              pal_inspection *out) {
    int64_t n = (int64_t)log->n_users + log->n_items, most = 0;
    int32_t *parents = n < INT32_MAX ? PAL_ARENA_ARRAY(scratch, int32_t, n) : NULL;
    int64_t *events = PAL_ARENA_ARRAY(scratch, int64_t, log->n_users);
    if (!parents || !events) return pal_fail_memory(ctx, "inspecting groups", 4.0 * (double)n);
    for (int32_t i = 0; i < n; i++) parents[i] = i;
    /* A root is the smallest of its group, so that it is a user. */
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            int32_t a = parts_root(parents, u),
                    b = parts_root(parents, log->n_users + log->items[e]);
            parents[a > b ? a : b] = a > b ? b : a;
        }
    }
    for (int32_t u = 0; u < log->n_users; u++)
        events[parts_root(parents, u)] += log->starts[u + 1] - log->starts[u];
    for (int32_t u = 0; u < log->n_users; u++) {
        out->n_groups += events[u] * 20 >= log->n_events && events[u] > 0;
        if (events[u] > most) most = events[u];
    }
    out->group_share = log->n_events ? (double)most / (double)log->n_events : 0;
    return PAL_OK;
}
