/* inspect_source.c - what a second domain is beside the log: how many people or items both have,
 * and whether people were there before they came here. */
#include <string.h>

#include "base/json.h"
#include "data/inspect.h"
#include "data/second.h"

typedef struct {
    int64_t first, last;
} source_span;

static source_span source_times(const pal_log *log) {
    source_span span = {INT64_MAX, INT64_MIN};
    for (int64_t e = 0; log->times && e < log->n_events; e++) {
        if (log->times[e] < span.first) span.first = log->times[e];
        if (log->times[e] > span.last) span.last = log->times[e];
    }
    return span;
}

static json_t *source_put_times(const pal_log *log) {
    source_span span = source_times(log);
    if (!log->times || log->n_events == 0) return json_null();
    return json_pack("[I, I]", (json_int_t)span.first, (json_int_t)span.last);
}

/* Of the people in both, the share whose first event there comes before their first one here; -1
 * where it cannot be told. */
static double source_earlier_share(const pal_log *here, const pal_log *there) {
    int32_t n = 0, n_earlier = 0;
    if (!here->times || !there->times) return -1;
    for (int32_t u = 0; u < here->n_users; u++) {
        const char *id = pal_ids_at(here->about.user_ids, u);
        int32_t row = pal_ids_find(there->about.user_ids, id, strlen(id));
        if (row < 0 || row >= there->n_users || here->starts[u] == here->starts[u + 1] ||
            there->starts[row] == there->starts[row + 1])
            continue;
        n++;
        n_earlier += there->times[there->starts[row]] < here->times[here->starts[u]];
    }
    return n ? (double)n_earlier / n : -1;
}

json_t *pal_inspect_source_json(const pal_data *data) {
    const pal_data *second = data->second;
    if (!second) return NULL;
    const pal_log *here = &data->parts[0], *there = &second->parts[0];
    pal_overlap equal = pal_second_overlap(data);
    bool of_users = data->shared == PAL_SHARED_USERS, of_items = data->shared == PAL_SHARED_ITEMS;
    int32_t n = of_users ? data->user_ids.n : data->item_ids.n, n_known = of_users   ? equal.users
                                                                          : of_items ? equal.items
                                                                                     : 0;
    double earlier = of_users ? source_earlier_share(here, there) : -1;
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:I, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "name",
        pal_json_text(second->name), "source", pal_json_text(second->source), "shared",
        pal_sharing_choices[data->shared], "events", (json_int_t)there->n_events, "users",
        (int)second->user_ids.n, "items", (int)second->item_ids.n, "equal_users", (int)equal.users,
        "equal_items", (int)equal.items, "known_share", pal_json_real(n ? (double)n_known / n : 0),
        "earlier_share", earlier < 0 ? json_null() : pal_json_real(earlier), "times",
        source_put_times(there), "times_here", source_put_times(here));
    return json;
}

static void source_add_span(const json_t *span, pal_text *out) {
    if (!json_is_array(span)) {
        pal_text_add(out, "without times");
        return;
    }
    pal_text_add_time(out, json_integer_value(json_array_get(span, 0)));
    pal_text_add(out, " to ");
    pal_text_add_time(out, json_integer_value(json_array_get(span, 1)));
}

void pal_inspect_source_text(const json_t *json, pal_text *out) {
    if (!json) return;
    const char *shared = pal_json_text_at(json, "shared", "none");
    pal_text_addf(out, "%-14s%s: ", "source", pal_json_text_at(json, "name", ""));
    pal_text_add_count(out, (int64_t)pal_json_number_at(json, "events", 0));
    pal_text_add(out, " events, ");
    pal_text_add_count(out, (int64_t)pal_json_number_at(json, "users", 0));
    pal_text_add(out, " users, ");
    pal_text_add_count(out, (int64_t)pal_json_number_at(json, "items", 0));
    pal_text_addf(out, " items; shared: %s", shared);
    if (strcmp(shared, "none"))
        pal_text_addf(out, ", %.0f %% of the %s here are known there",
                      100 * pal_json_number_at(json, "known_share", 0), shared);
    double earlier = pal_json_number_at(json, "earlier_share", -1);
    if (earlier >= 0)
        pal_text_addf(out, ", %.0f %% of them from before they came here", 100 * earlier);
    pal_text_addf(out, "\n%-14s", "");
    source_add_span(json_object_get(json, "times"), out);
    pal_text_add(out, "; here ");
    source_add_span(json_object_get(json, "times_here"), out);
    pal_text_add(out, "\n");
}
