/* inspect_json.c - an inspection as a document, and the document for a terminal. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "data/inspect.h"
#include "data/scenario.h"

enum { SHOW_RANKS = 200, SHOW_TIMES = 60, SHOW_BINS = 20 };

/* --- numbers --- */

typedef struct {
    const char *key;
    size_t offset; /* of a double in pal_inspection */
} show_number;

#define FIELD(name)                                                                                \
    { #name, offsetof(pal_inspection, name) }
static const show_number show_numbers[] = {
    FIELD(density),
    FIELD(median_user_events),
    FIELD(median_item_events),
    FIELD(largest_user_share),
    FIELD(repeat_share),
    FIELD(duplicate_share),
    FIELD(session_share),
    FIELD(constant_time_share),
    FIELD(head_share),
    FIELD(churn_share),
    FIELD(median_item_days),
    FIELD(late_stranger_share),
    FIELD(new_item_share),
    FIELD(single_event_share),
};
#undef FIELD

/* What a person would call the log. */
static void show_name_kind(const pal_log *log, const pal_inspection *found, pal_text *out) {
    if (log->about.values_are_ratings) {
        pal_text_addf(out, "ratings on %d levels", found->n_levels);
    } else if (found->ids_are_sessions) {
        pal_text_add(out, "sessions");
    } else if (found->repeats_matter) {
        pal_text_add(out, "repeated consumption");
    } else {
        pal_text_add(out, log->about.n_types > 1 ? "events of several types" : "events");
    }
}

static void show_put_pair(json_t *array, json_t *first, int64_t second) {
    json_array_append_new(array, json_pack("[o, I]", first, (json_int_t)second));
}

/* --- what is drawn --- */

static int show_compare_down(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Events of items by rank, at ranks that stand evenly on a logarithmic axis. */
static json_t *show_long_tail(const pal_log *log, pal_arena *scratch) {
    json_t *points = json_array();
    int64_t *counts = PAL_ARENA_ARRAY(scratch, int64_t, log->n_items);
    if (!counts) return points;
    for (int64_t e = 0; e < log->n_events; e++) counts[log->items[e]]++;
    qsort(counts, (size_t)log->n_items, sizeof *counts, show_compare_down);
    int32_t n = log->n_items, last = -1;
    while (n > 0 && counts[n - 1] == 0) n--;
    for (int32_t p = 0; p < SHOW_RANKS && n > 0; p++) {
        int32_t rank = (int32_t)floor(pow(n, (double)p / (SHOW_RANKS - 1)) + 0.5) - 1;
        if (rank >= n) rank = n - 1;
        if (rank == last) continue;
        show_put_pair(points, json_integer(rank + 1), counts[rank]);
        last = rank;
    }
    return points;
}

static json_t *show_timeline(const pal_log *log, const pal_inspection *found) {
    json_t *points = json_array();
    double span = (double)found->last_time - (double)found->first_time;
    if (!found->has_times || span <= 0) return points;
    int64_t counts[SHOW_TIMES] = {0};
    for (int64_t e = 0; e < log->n_events; e++) {
        int32_t bin =
            (int32_t)(((double)log->times[e] - (double)found->first_time) / span * SHOW_TIMES);
        counts[bin < SHOW_TIMES ? bin : SHOW_TIMES - 1]++;
    }
    for (int32_t b = 0; b < SHOW_TIMES; b++) {
        double begin = (double)found->first_time + span * b / SHOW_TIMES;
        show_put_pair(points, json_integer((json_int_t)begin), counts[b]);
    }
    return points;
}

static json_t *show_levels(const pal_inspection *found) {
    json_t *points = json_array();
    for (int32_t l = 0; l < found->n_levels; l++) {
        show_put_pair(points, pal_json_real((double)found->levels[l]), found->level_events[l]);
    }
    return points;
}

/* Bins that grow with the value where all are positive (prices, durations), else of one width. */
static json_t *show_bins(const pal_log *log, const pal_inspection *found) {
    json_t *points = json_array();
    bool grows = found->value_min > 0;
    double low = grows ? log10(found->value_min) : found->value_min;
    double high = grows ? log10(found->value_max) : found->value_max;
    if (!isfinite(high - low) || high <= low) return points;
    int64_t counts[SHOW_BINS] = {0};
    for (int64_t e = 0; e < log->n_events; e++) {
        double value = grows ? log10((double)log->values[e]) : (double)log->values[e];
        int32_t bin = (int32_t)((value - low) / (high - low) * SHOW_BINS);
        counts[bin < 0 ? 0 : bin < SHOW_BINS ? bin : SHOW_BINS - 1]++;
    }
    for (int32_t b = 0; b < SHOW_BINS; b++) {
        double edge = low + (high - low) * b / SHOW_BINS;
        show_put_pair(points, pal_json_real(grows ? pow(10, edge) : edge), counts[b]);
    }
    return points;
}

static json_t *show_values(const pal_log *log, const pal_inspection *found) {
    if (!found->has_values) return json_array();
    return found->n_levels ? show_levels(found) : show_bins(log, found);
}

static json_t *show_history_lengths(const pal_log *log) {
    static const int64_t least[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000};
    enum { N = sizeof least / sizeof *least };
    int64_t counts[N] = {0};
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t n = log->starts[u + 1] - log->starts[u];
        int32_t bin = N - 1;
        while (bin > 0 && n < least[bin]) bin--;
        counts[bin] += n > 0;
    }
    json_t *points = json_array();
    for (int32_t b = 0; b < N; b++) show_put_pair(points, json_integer(least[b]), counts[b]);
    return points;
}

/* --- lists of words --- */

static json_t *show_types(const pal_log *log, const pal_inspection *found) {
    json_t *types = json_array();
    for (int32_t t = 0; t < log->about.n_types; t++) {
        double share = log->n_events ? (double)found->type_events[t] / (double)log->n_events : 0;
        json_array_append_new(types, json_pack("{s:o, s:I, s:o, s:b}", "name",
                                               pal_json_text(log->about.type_names[t]), "events",
                                               (json_int_t)found->type_events[t], "share",
                                               pal_json_real(share), "target",
                                               (int)(log->about.target_types >> t & 1u)));
    }
    return types;
}

/* Of each side the columns that are features: what they are and how much of them is missing. */
static json_t *show_features(const pal_catalog *catalog) {
    json_t *columns = json_array();
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        if (column->type == PAL_FEATURE_ID) continue;
        bool has_words = column->type == PAL_FEATURE_TOKEN || column->type == PAL_FEATURE_SET;
        double missing = catalog->ids.n ? (double)column->n_missing / catalog->ids.n : 0;
        json_array_append_new(
            columns,
            json_pack("{s:o, s:s, s:o, s:o, s:o}", "name", pal_json_text(column->name), "type",
                      pal_feature_names[column->type], "tokens",
                      has_words ? json_integer(column->vocabulary.n) : json_null(), "dimensions",
                      column->type == PAL_FEATURE_VECTOR ? json_integer(column->n_dims)
                                                         : json_null(),
                      "missing", pal_json_real(missing)));
    }
    return columns;
}

static void show_put_features(const pal_data *data, json_t *json, bool *failed) {
    enum { LONGEST = 400 };
    pal_text text = {0};
    if (data->catalog.ids.n) {
        pal_text_add(&text, "items ");
        pal_catalog_describe(&data->catalog, LONGEST, &text);
    }
    if (data->users.ids.n) {
        pal_text_add(&text, text.length ? ", users " : "users ");
        pal_catalog_describe(&data->users, LONGEST, &text);
    }
    json_object_set_new(json, "features",
                        json_pack("{s:o, s:o, s:o}", "found", pal_json_text(text.bytes), "items",
                                  show_features(&data->catalog), "users",
                                  show_features(&data->users)));
    *failed |= text.failed;
    pal_text_release(&text);
}

static json_t *show_findings(const pal_data *data) {
    json_t *findings = json_array();
    for (int32_t f = 0; f < data->n_findings; f++)
        json_array_append_new(findings, pal_json_text(data->findings[f].what));
    return findings;
}

static json_t *show_warnings(const pal_data *data, const pal_inspection *found, bool *failed) {
    const pal_log *log = &data->parts[0];
    json_t *warnings = json_array();
    pal_text sentence = {0};
    for (int32_t check = 0; pal_inspect_check(log, found, check, &sentence); check++) {
        if (sentence.length) json_array_append_new(warnings, pal_json_text(sentence.bytes));
        *failed |= sentence.failed;
        pal_text_release(&sentence);
    }
    pal_inspect_catalog(data, &sentence);
    if (sentence.length) json_array_append_new(warnings, pal_json_text(sentence.bytes));
    *failed |= sentence.failed;
    pal_text_release(&sentence);
    return warnings;
}

static void show_add_target(const pal_log *log, pal_text *out) {
    pal_text names = {0};
    bool is_part = false;
    for (int32_t t = 0; t < log->about.n_types; t++) {
        bool is_target = log->about.target_types >> t & 1u;
        is_part |= !is_target;
        if (is_target) pal_text_addf(&names, names.length ? ",%s" : "%s", log->about.type_names[t]);
    }
    if (is_part && names.length) {
        pal_text_add(out, " --target ");
        pal_text_add_word(out, names.bytes);
    }
    out->failed |= names.failed;
    pal_text_release(&names);
}

static void show_add_command(const pal_data *data, const pal_inspection *found, pal_text *out) {
    if (data->world) {
        pal_text_add(out, "palate demo");
    } else {
        bool names_parts = data->n_parts > 1 && !data->has_own_parts;
        pal_text_add(out, names_parts ? "palate compare --train " : "palate compare ");
        pal_text_add_word(out, data->source);
        if (names_parts) pal_text_add(out, data->n_parts > 2 ? " --valid … --test …" : " --test …");
        if (!data->options.scenario) show_add_target(&data->parts[0], out);
        if (data->second && data->options.shared && !data->options.domain)
            pal_params_add_flag("source", data->second->source, out);
        pal_params_format_flags(pal_source_params, &data->options, out);
    }
    if (data->options.scenario) {
        pal_text_addf(out, " --scenario %s", pal_scenario_of(data)->name);
        return;
    }
    if (data->n_parts == 1) pal_text_addf(out, " --split %s", found->split);
    pal_text_addf(out, " --task %s --hide %s", found->task, found->hide);
}

/* The nearest preset and why; null when none is near. */
static json_t *show_nearest(const pal_data *data, const pal_inspection *found, bool *failed) {
    pal_text why = {0};
    const char *name = pal_inspect_nearest(data, found, &why);
    json_t *json =
        name ? json_pack("{s:s, s:o}", "name", name, "why", pal_json_text(why.bytes)) : json_null();
    *failed |= why.failed;
    pal_text_release(&why);
    return json;
}

/* --- the document --- */

static void show_put_sizes(const pal_data *data, const pal_inspection *found, json_t *json) {
    pal_text kind = {0};
    show_name_kind(&data->parts[0], found, &kind);
    json_object_set_new(json, "name", pal_json_text(data->name));
    json_object_set_new(json, "source", pal_json_text(data->source));
    json_object_set_new(json, "format", pal_json_text(data->format));
    json_object_set_new(json, "columns", pal_json_text(data->columns));
    json_object_set_new(json, "shown", pal_json_text(data->shown.bytes));
    json_object_set_new(json, "kind", pal_json_text(kind.bytes));
    json_object_set_new(json, "events", json_integer(found->n_events));
    json_object_set_new(json, "users", json_integer(found->n_users));
    json_object_set_new(json, "items", json_integer(found->n_items));
    json_object_set_new(json, "pairs", json_integer(found->n_pairs));
    json_object_set_new(json, "targets", json_integer(found->n_targets));
    for (size_t i = 0; i < sizeof show_numbers / sizeof *show_numbers; i++) {
        double value = *(const double *)((const char *)found + show_numbers[i].offset);
        json_object_set_new(json, show_numbers[i].key, pal_json_real(value));
    }
    json_object_set_new(json, "first_time",
                        found->has_times ? json_integer(found->first_time) : json_null());
    json_object_set_new(json, "last_time",
                        found->has_times ? json_integer(found->last_time) : json_null());
    pal_text_release(&kind);
}

static void show_put_proposal(const pal_data *data, const pal_inspection *found, json_t *json,
                              bool *failed) {
    pal_text command = {0};
    show_add_command(data, found, &command);
    json_object_set_new(json, "proposal",
                        json_pack("{s:s, s:s, s:s, s:o}", "split",
                                  data->n_parts > 1 ? "files" : found->split, "task", found->task,
                                  "hide", found->hide, "command", pal_json_text(command.bytes)));
    *failed |= command.failed;
    pal_text_release(&command);
}

pal_status pal_inspect_json(pal_ctx *ctx, const pal_data *data, json_t **out) {
    const pal_log *log = &data->parts[0];
    pal_inspection found;
    TRY(pal_inspect_log(ctx, log, &found));
    pal_arena scratch = {0};
    bool failed = false;
    json_t *json = json_object();
    show_put_sizes(data, &found, json);
    if (found.has_values) {
        json_object_set_new(json, "value",
                            json_pack("{s:o, s:o, s:o, s:i}", "name",
                                      pal_json_text(log->about.value_name), "min",
                                      pal_json_real(found.value_min), "max",
                                      pal_json_real(found.value_max), "levels", found.n_levels));
    }
    json_object_set_new(json, "types", show_types(log, &found));
    show_put_features(data, json, &failed);
    if (data->second) json_object_set_new(json, "second", pal_inspect_source_json(data));
    json_object_set_new(json, "findings", show_findings(data));
    json_object_set_new(json, "warnings", show_warnings(data, &found, &failed));
    show_put_proposal(data, &found, json, &failed);
    json_object_set_new(json, "scenario", show_nearest(data, &found, &failed));
    json_object_set_new(json, "long_tail", show_long_tail(log, &scratch));
    json_object_set_new(json, "timeline", show_timeline(log, &found));
    json_object_set_new(json, "values", show_values(log, &found));
    json_object_set_new(json, "history_lengths", show_history_lengths(log));
    pal_arena_release(&scratch);
    if (!json || failed) {
        json_decref(json);
        return pal_fail_memory(ctx, "the inspection's document", 1e5);
    }
    *out = json;
    return PAL_OK;
}

/* --- for a terminal --- */

static void show_label(pal_text *out, const char *label) { pal_text_addf(out, "%-14s", label); }

static double show_percent(const json_t *json, const char *key) {
    return 100 * pal_json_number_at(json, key, 0);
}

static bool show_has_times(const json_t *json) {
    return json_is_integer(json_object_get(json, "first_time"));
}

static void show_text_sizes(const json_t *json, pal_text *out) {
    static const struct {
        const char *key, *word;
    } sizes[] = {
        {"events", " events, "}, {"users", " users, "}, {"items", " items, "}, {"pairs", " pairs"}};
    show_label(out, "what");
    pal_text_add(out, pal_json_text_at(json, "kind", "events"));
    if (show_percent(json, "repeat_share") >= 1)
        pal_text_addf(out, "; repeats %.0f %%", show_percent(json, "repeat_share"));
    if (show_has_times(json))
        pal_text_addf(out, "; churn %.0f %%", show_percent(json, "churn_share"));
    pal_text_add(out, "\n");
    show_label(out, "size");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pal_text_add_count(out, (int64_t)pal_json_number_at(json, sizes[i].key, 0));
        pal_text_add(out, sizes[i].word);
    }
    pal_text_addf(out, " (density %.3g %%)\n", show_percent(json, "density"));
}

static void show_text_times(const json_t *json, pal_text *out) {
    show_label(out, "time");
    if (!show_has_times(json)) {
        pal_text_add(out, "none\n");
        return;
    }
    pal_text_add_time(out, json_integer_value(json_object_get(json, "first_time")));
    pal_text_add(out, " to ");
    pal_text_add_time(out, json_integer_value(json_object_get(json, "last_time")));
    pal_text_addf(out, "; %.0f %% of users have no event in the last tenth\n",
                  show_percent(json, "churn_share"));
}

static void show_text_shares(const json_t *json, pal_text *out) {
    bool has_times = show_has_times(json);
    show_label(out, "users");
    pal_text_addf(out, "median %.4g events; the busiest has %.1f %% of all; %.0f %% have one event",
                  pal_json_number_at(json, "median_user_events", 0),
                  show_percent(json, "largest_user_share"),
                  show_percent(json, "single_event_share"));
    if (has_times)
        pal_text_addf(out, "; %.0f %% of the others stay within a day",
                      show_percent(json, "session_share"));
    pal_text_add(out, "\n");
    show_label(out, "items");
    pal_text_addf(out, "median %.4g events; the most popular fifth has %.0f %% of all\n",
                  pal_json_number_at(json, "median_item_events", 0),
                  show_percent(json, "head_share"));
    show_label(out, "repeats");
    pal_text_addf(out, "%.1f %% of target events are of a user and item that had one before",
                  show_percent(json, "repeat_share"));
    if (has_times)
        pal_text_addf(out,
                      "; %.1f %% exact duplicates; %.0f %% share their second with another of that "
                      "user",
                      show_percent(json, "duplicate_share"),
                      show_percent(json, "constant_time_share"));
    pal_text_add(out, "\n");
    if (!has_times) return;
    show_label(out, "newest tenth");
    pal_text_addf(out,
                  "%.0f %% of its users have no event before; %.0f %% of its events are on items "
                  "that have none\n",
                  show_percent(json, "late_stranger_share"), show_percent(json, "new_item_share"));
}

static void show_text_types(const json_t *json, pal_text *out) {
    size_t t;
    json_t *type;
    json_array_foreach(json_object_get(json, "types"), t, type) {
        show_label(out, t == 0 ? "event types" : "");
        pal_text_addf(out, "%s %.1f %%%s\n", pal_json_text_at(type, "name", ""),
                      show_percent(type, "share"),
                      json_is_true(json_object_get(type, "target")) ? " (target)" : "");
    }
}

static void show_text_values(const json_t *json, pal_text *out) {
    const json_t *value = json_object_get(json, "value");
    if (!value) return;
    show_label(out, "values");
    const char *name = pal_json_text_at(value, "name", "");
    pal_text_addf(out, "%s from %g to %g", *name ? name : "value",
                  pal_json_number_at(value, "min", 0), pal_json_number_at(value, "max", 0));
    int32_t n_levels = (int32_t)pal_json_number_at(value, "levels", 0);
    if (n_levels == 0) {
        pal_text_add(out, ", many levels\n");
        return;
    }
    pal_text_add(out, ":");
    double total = pal_json_number_at(json, "events", 1);
    size_t l;
    json_t *level;
    json_array_foreach(json_object_get(json, "values"), l, level) {
        pal_text_addf(out, "%s %g (%.1f %%)", l ? "," : "",
                      json_number_value(json_array_get(level, 0)),
                      100 * json_number_value(json_array_get(level, 1)) / total);
    }
    pal_text_add(out, "\n");
}

static void show_text_features(const json_t *json, pal_text *out) {
    const char *found = pal_json_text_at(json, "features/found", "");
    if (!*found) return;
    show_label(out, "features");
    pal_text_addf(out, "found: %s\n", found);
}

static void show_text_list(const json_t *json, const char *key, const char *label, pal_text *out) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(json, key), i, line) {
        show_label(out, i == 0 ? label : "");
        pal_text_addf(out, "%s\n", json_string_value(line));
    }
}

/* A file's content must not drive a terminal: control characters, also the ones past ASCII, become
 * '?'. */
static void show_tame(pal_text *out) {
    for (size_t i = 0; i < out->length; i++) {
        unsigned char c = (unsigned char)out->bytes[i], next = (unsigned char)out->bytes[i + 1];
        if ((c < 0x20 && c != '\n') || c == 0x7f) out->bytes[i] = '?';
        if (c == 0xC2 && next >= 0x80 && next < 0xA0) out->bytes[i] = out->bytes[i + 1] = '?';
    }
}

pal_status pal_inspect_text(pal_ctx *ctx, const pal_data *data, pal_text *out) {
    json_t *json;
    TRY(pal_inspect_json(ctx, data, &json));
    pal_text_addf(out, "%s: %s\n", pal_json_text_at(json, "name", ""),
                  pal_json_text_at(json, "source", ""));
    const char *shown = pal_json_text_at(json, "shown", "");
    if (*shown) pal_text_addf(out, "\n%s\n", shown);
    show_text_sizes(json, out);
    show_text_times(json, out);
    show_text_shares(json, out);
    show_text_types(json, out);
    show_text_values(json, out);
    show_text_features(json, out);
    pal_inspect_source_text(json_object_get(json, "second"), out);
    show_text_list(json, "findings", "done", out);
    show_text_list(json, "warnings", "look at", out);
    show_label(out, "scenario");
    const char *scenario = pal_json_text_at(json, "scenario/name", "");
    if (*scenario) {
        pal_text_addf(out, "%s looks nearest: %s\n", scenario,
                      pal_json_text_at(json, "scenario/why", ""));
    } else {
        pal_text_add(out, "none looks near: no names of a shop, a feed, films or news\n");
    }
    show_label(out, "try");
    pal_text_addf(out, "%s\n", pal_json_text_at(json, "proposal/command", ""));
    json_decref(json);
    show_tame(out);
    return out->failed ? pal_fail_memory(ctx, "the inspection's text", 1e4) : PAL_OK;
}
