/* prepare.c - filters and weights before anything is split or trained; each is counted in the
 * findings. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/scenario.h"

/* --- event types: weights and target --- */

/* Calls `each` for the comma-separated parts of a list. */
typedef pal_status prepare_part_fn(pal_ctx *ctx, void *arg, char *part);
static pal_status prepare_each(pal_ctx *ctx, const char *list, prepare_part_fn *each, void *arg) {
    while (*list) {
        char part[128];
        size_t n = strcspn(list, ",");
        if (n >= sizeof part) return pal_fail(ctx, PAL_EUSAGE, "'%s' is too long", list);
        memcpy(part, list, n);
        part[n] = '\0';
        TRY(each(ctx, arg, part));
        list += n + (list[n] == ',');
    }
    return PAL_OK;
}

/* The number of the event type, or a sentence with the types that there are. */
static pal_status prepare_find_type(pal_ctx *ctx, const pal_log_about *about, const char *option,
                                    const char *name, int32_t *out) {
    pal_text list = {0};
    for (int32_t t = 0; t < about->n_types; t++) {
        if (pal_name_equal(about->type_names[t], name)) {
            *out = t;
            pal_text_release(&list);
            return PAL_OK;
        }
        pal_text_addf(&list, t ? ", %s" : "%s", about->type_names[t]);
    }
    pal_fail(ctx, PAL_EUSAGE, "%s: the log has no event type '%s': it has %s", option, name,
             list.bytes ? list.bytes : "no event types");
    pal_text_release(&list);
    return PAL_EUSAGE;
}

typedef struct {
    const pal_log_about *about;
    float weights[PAL_TYPES_MAX]; /* 0: dropped */
    uint32_t targets;
} prepare_types;

static pal_status prepare_add_weight(pal_ctx *ctx, void *arg, char *part) {
    prepare_types *types = arg;
    char *equals = strchr(part, '=');
    double weight = 1;
    int32_t type;
    if (equals) *equals = '\0';
    TRY(prepare_find_type(ctx, types->about, "--events", part, &type));
    if (equals && (!pal_parse_double(equals + 1, equals + 1 + strlen(equals + 1), &weight) ||
                   weight <= 0 || weight > 1e6)) {
        return pal_fail(
            ctx, PAL_EUSAGE,
            "--events: the weight of %s must be a number above 0, at most 1,000,000, not '%s'",
            part, equals + 1);
    }
    types->weights[type] = (float)weight;
    return PAL_OK;
}

static pal_status prepare_add_target(pal_ctx *ctx, void *arg, char *part) {
    prepare_types *types = arg;
    int32_t type;
    TRY(prepare_find_type(ctx, types->about, "--target", part, &type));
    types->targets |= 1u << type;
    return PAL_OK;
}

static void prepare_count_types(const pal_data *data, int64_t counts[PAL_TYPES_MAX]) {
    memset(counts, 0, PAL_TYPES_MAX * sizeof *counts);
    for (int32_t p = 0; p < data->n_parts; p++) {
        for (int64_t e = 0; e < data->parts[p].n_events; e++) counts[data->parts[p].types[e]]++;
    }
}

/* Of several types the one that sounds like the goal; else the rarest of some size: views lead to
 * purchases. */
static int32_t prepare_guess_target(const pal_data *data, const int64_t counts[PAL_TYPES_MAX]) {
    static const char *const goals[] = {"purchase",   "buy",  "order",   "transaction",
                                        "conversion", "sale", "checkout"};
    const pal_log_about *about = &data->parts[0].about;
    for (size_t g = 0; g < sizeof goals / sizeof *goals; g++) {
        for (int32_t t = 0; t < about->n_types; t++) {
            if (counts[t] > 0 && strcasestr(about->type_names[t], goals[g])) return t;
        }
    }
    uint32_t shown = pal_log_shown_types(about, 0);
    int64_t total = 0;
    for (int32_t t = 0; t < about->n_types; t++) total += shown >> t & 1u ? 0 : counts[t];
    int32_t best = 0;
    int64_t fewest = INT64_MAX;
    for (int32_t t = 0; t < about->n_types; t++) {
        if (!(shown >> t & 1u) && counts[t] * 100 >= total && counts[t] < fewest) {
            fewest = counts[t];
            best = t;
        }
    }
    return best;
}

/* Targets of all parts, and which of the other types say only that something was shown. */
static void prepare_settle_types(pal_data *data, uint32_t targets,
                                 const int64_t counts[PAL_TYPES_MAX]) {
    uint32_t shown = pal_log_shown_types(&data->parts[0].about, targets);
    int64_t n = 0;
    for (int32_t t = 0; t < data->parts[0].about.n_types; t++) n += shown >> t & 1u ? counts[t] : 0;
    for (int32_t p = 0; p < data->n_parts; p++) {
        data->parts[p].about.target_types = targets;
        data->parts[p].about.shown_types = shown;
    }
    if (n && !data->is_second)
        pal_data_find(data,
                      "%" PRId64 " events say that something was shown: judged, and learned from "
                      "by ranker and deepfm alone",
                      n);
}

pal_status pal_data_set_target(pal_ctx *ctx, pal_data *data, const char *names) {
    prepare_types types = {.about = &data->parts[0].about};
    const pal_log_about *about = types.about;
    if (about->n_types == 0) {
        return names ? pal_fail(ctx, PAL_EUSAGE,
                                "--target: the log has no event types: name their column with "
                                "--columns event=…")
                     : PAL_OK;
    }
    int64_t counts[PAL_TYPES_MAX], total = 0, chosen = 0;
    prepare_count_types(data, counts);
    if (names) {
        TRY(prepare_each(ctx, names, prepare_add_target, &types));
    } else {
        types.targets = 1u << prepare_guess_target(data, counts);
    }
    pal_text list = {0};
    for (int32_t t = 0; t < about->n_types; t++) {
        total += counts[t];
        if (!(types.targets >> t & 1)) continue;
        chosen += counts[t];
        pal_text_addf(&list, list.length ? ", %s" : "%s", about->type_names[t]);
    }
    pal_status status = PAL_OK;
    if (chosen == 0) {
        pal_text others = {0};
        for (int32_t t = 0; t < about->n_types; t++) {
            if (counts[t])
                pal_text_addf(&others, others.length ? ", %s" : "%s", about->type_names[t]);
        }
        status = pal_fail(ctx, PAL_EDATA, "--target: no event is of type %s: there %s %s",
                          list.bytes ? list.bytes : "asked",
                          others.bytes && strchr(others.bytes, ',') ? "are" : "is",
                          others.bytes ? others.bytes : "none");
        pal_text_release(&others);
    } else {
        double share = 100.0 * (double)chosen / (double)total;
        if (!data->is_second)
            pal_data_find(data, "target: %s (%.1f %% of events)%s", list.bytes ? list.bytes : "",
                          share, names ? "" : ", guessed");
        bool is_choice = about->n_types - __builtin_popcount(pal_log_shown_types(about, 0)) > 1;
        if (!names && is_choice && !data->is_second) {
            pal_note(ctx, PAL_NOTICE_WARNING,
                     "target guessed: %s (%.1f %% of events) is what lists are judged by; --target "
                     "names another",
                     list.bytes ? list.bytes : "", share);
        }
        prepare_settle_types(data, types.targets, counts);
    }
    pal_text_release(&list);
    return status;
}

/* --- filters: each clears keep[e] and says how many --- */

typedef struct {
    pal_ctx *ctx;
    pal_data *data;
    const pal_log *log;
    uint8_t *keep; /* [n_events] */
    pal_arena scratch;
} prepare_job;

static void prepare_drop(prepare_job *job, int64_t event, int64_t *count) {
    *count += job->keep[event];
    job->keep[event] = 0;
}

static pal_status prepare_since(prepare_job *job, const char *text) {
    int64_t since, count = 0;
    bool is_number;
    if (!pal_time_parse(text, text + strlen(text), &since, &is_number)) {
        return pal_fail(job->ctx, PAL_EUSAGE,
                        "--since must be a date such as 2024-03-01 or seconds since 1970, not '%s'",
                        text);
    }
    if (!job->log->times)
        return pal_fail(job->ctx, PAL_EDATA, "--since needs times, and the log has none");
    for (int64_t e = 0; e < job->log->n_events; e++) {
        if (job->log->times[e] < since) prepare_drop(job, e, &count);
    }
    pal_data_find(job->data, "%" PRId64 " events before %s dropped", count, text);
    return PAL_OK;
}

pal_status pal_log_unkeep_users(pal_ctx *ctx, const char *path, const pal_log *log, uint8_t *keep,
                                int32_t *n_users, int64_t *n_events) {
    pal_bytes bytes;
    TRY(pal_file_read(ctx, path, &bytes));
    *n_users = 0;
    *n_events = 0;
    const char *end = bytes.bytes + bytes.length;
    for (const char *c = bytes.bytes; c < end;) {
        const char *line_end = memchr(c, '\n', (size_t)(end - c));
        if (!line_end) line_end = end;
        const char *id_end = line_end > c && line_end[-1] == '\r' ? line_end - 1 : line_end;
        int32_t user = pal_ids_find(log->about.user_ids, c, (size_t)(id_end - c));
        bool is_known = user >= 0 && user < log->n_users;
        *n_users += is_known;
        for (int64_t e = is_known ? log->starts[user] : 0; is_known && e < log->starts[user + 1];
             e++) {
            *n_events += keep[e];
            keep[e] = 0;
        }
        c = line_end + 1;
    }
    pal_bytes_release(&bytes);
    return PAL_OK;
}

static pal_status prepare_drop_users(prepare_job *job, const char *path) {
    int64_t count;
    int32_t users;
    TRY(pal_log_unkeep_users(job->ctx, path, job->log, job->keep, &users, &count));
    if (users == 0)
        return pal_fail(job->ctx, PAL_EDATA, "%s: none of its lines is a user of the log", path);
    pal_data_find(job->data, "%d users named in %s dropped with %" PRId64 " events", users, path,
                  count);
    return PAL_OK;
}

/* Backwards through each user's events: the first time a (item, type) is met is the last event of
 * it. */
static pal_status prepare_dedupe(prepare_job *job) {
    const pal_log *log = job->log;
    int32_t n_types = log->about.n_types ? log->about.n_types : 1;
    int32_t *last_user = PAL_ARENA_ARRAY(&job->scratch, int32_t, (int64_t)log->n_items * n_types);
    if (!last_user) return pal_fail_memory(job->ctx, "--dedupe", 4.0 * log->n_items * n_types);
    int64_t count = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u + 1] - 1; e >= log->starts[u]; e--) {
            if (!job->keep[e]) continue;
            int64_t slot = (int64_t)log->items[e] * n_types + (log->types ? log->types[e] : 0);
            if (last_user[slot] == u + 1) prepare_drop(job, e, &count);
            last_user[slot] = u + 1;
        }
    }
    pal_data_find(job->data, "%" PRId64 " earlier events of the same user, item and type dropped",
                  count);
    return PAL_OK;
}

/* The target is not settled yet: names alone tell. */
static bool prepare_is_use(const pal_log *log, uint32_t shown, int64_t event) {
    return !log->types || !(shown >> log->types[event] & 1u);
}

static pal_status prepare_core(prepare_job *job, int64_t min_user, int64_t min_item) {
    const pal_log *log = job->log;
    int64_t *of_item = PAL_ARENA_ARRAY(&job->scratch, int64_t, log->n_items);
    if (!of_item) return pal_fail_memory(job->ctx, "--min-item", 8.0 * log->n_items);
    uint32_t shown = pal_log_shown_types(&log->about, 0);
    int64_t count = 0, before;
    do {
        before = count;
        memset(of_item, 0, (size_t)log->n_items * sizeof *of_item);
        for (int32_t u = 0; u < log->n_users; u++) {
            int64_t n = 0;
            for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
                n += job->keep[e] && prepare_is_use(log, shown, e);
            for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
                if (n < min_user) prepare_drop(job, e, &count);
                of_item[log->items[e]] += job->keep[e] && prepare_is_use(log, shown, e);
            }
        }
        for (int64_t e = 0; e < log->n_events; e++) {
            if (of_item[log->items[e]] < min_item) prepare_drop(job, e, &count);
        }
    } while (count > before);
    pal_data_find(job->data,
                  "%" PRId64 " events dropped so that every user has %" PRId64
                  " and every item %" PRId64,
                  count, min_user, min_item);
    return PAL_OK;
}

static pal_status prepare_events(prepare_job *job, const char *list, prepare_types *types) {
    const pal_log *log = job->log;
    if (log->about.n_types == 0) {
        return pal_fail(
            job->ctx, PAL_EUSAGE,
            "--events: the log has no event types: name their column with --columns event=…");
    }
    TRY(prepare_each(job->ctx, list, prepare_add_weight, types));
    int64_t count = 0;
    for (int64_t e = 0; e < log->n_events; e++) {
        if (types->weights[log->types[e]] == 0) prepare_drop(job, e, &count);
    }
    pal_data_find(job->data, "%" PRId64 " events of types not named in --events dropped", count);
    return PAL_OK;
}

/* --- putting it together --- */

/* Searches go with their users, and with --since. */
static pal_status prepare_searches(prepare_job *job, const int32_t *user_rows, int32_t n_users) {
    pal_data *data = job->data;
    const char *text = data->options.since;
    pal_search_range range = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    int64_t before = data->searches.n;
    bool is_number;
    if (text && !pal_time_parse(text, text + strlen(text), &range.since, &is_number))
        range.since = INT64_MIN;
    pal_searches selected;
    TRY(pal_searches_select(job->ctx, &data->searches, user_rows, n_users, &range, &selected));
    pal_searches_release(&data->searches);
    data->searches = selected;
    if (selected.n < before)
        pal_data_find(data, "%" PRId64 " searches dropped with the events or users they belong to",
                      before - selected.n);
    return PAL_OK;
}

/* Which items have no event any more: they are not new. */
static pal_status prepare_keep_dropped(prepare_job *job, const uint8_t *used) {
    pal_data *data = job->data;
    int32_t n = job->log->n_items;
    for (int32_t i = 0; i < n; i++) {
        if (used[i]) continue;
        const char *id = pal_ids_at(&data->item_ids, i);
        if (pal_ids_add(&data->dropped_items, id, strlen(id)) < 0)
            return pal_fail_memory(job->ctx, "the table of ids", 16.0 * n);
    }
    return PAL_OK;
}

static pal_status prepare_apply(prepare_job *job) {
    const pal_log *log = job->log;
    pal_data *data = job->data;
    uint8_t *users = PAL_ARENA_ARRAY(&job->scratch, uint8_t, log->n_users);
    uint8_t *items = PAL_ARENA_ARRAY(&job->scratch, uint8_t, log->n_items);
    if (!users || !items)
        return pal_fail_memory(job->ctx, "the filters", (double)log->n_users + log->n_items);
    int64_t n = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            if (!job->keep[e]) continue;
            users[u] = items[log->items[e]] = 1;
            n++;
        }
    }
    if (n == log->n_events) return PAL_OK;
    if (n == 0) {
        return pal_fail(job->ctx, PAL_EDATA,
                        "%s: no event is left after the filters (the last: %s): loosen them",
                        data->source,
                        data->n_findings ? data->findings[data->n_findings - 1].what : "none");
    }
    int32_t *user_rows, *item_rows;
    pal_ids user_ids = {0}, item_ids = {0};
    TRY(pal_ids_keep(job->ctx, &data->user_ids, users, log->n_users, &job->scratch, &user_rows,
                     &user_ids));
    pal_status status = pal_ids_keep(job->ctx, &data->item_ids, items, log->n_items, &job->scratch,
                                     &item_rows, &item_ids);
    pal_log selected = {0};
    pal_log_about about = log->about;
    about.n_users = user_ids.n;
    about.n_items = item_ids.n;
    if (status == PAL_OK)
        status = pal_log_select(job->ctx, log, job->keep, user_rows, item_rows, &about, &selected);
    if (status == PAL_OK && data->searches.n) status = prepare_searches(job, user_rows, user_ids.n);
    if (status == PAL_OK) status = prepare_keep_dropped(job, items);
    if (status != PAL_OK) {
        pal_log_release(&selected);
        pal_ids_release(&user_ids);
        pal_ids_release(&item_ids);
        return status;
    }
    pal_ids_release(&data->user_ids);
    pal_ids_release(&data->item_ids);
    data->user_ids = user_ids;
    data->item_ids = item_ids;
    pal_log_release(&data->parts[0]);
    data->parts[0] = selected;
    return PAL_OK;
}

static pal_status prepare_weights(pal_ctx *ctx, pal_log *log, const prepare_types *types) {
    float *weights = PAL_ARENA_ARRAY(&log->arena, float, log->n_events);
    if (!weights) return pal_fail_memory(ctx, "event weights", 4.0 * (double)log->n_events);
    for (int64_t e = 0; e < log->n_events; e++) weights[e] = types->weights[log->types[e]];
    log->weights = weights;
    return PAL_OK;
}

static pal_status prepare_run(prepare_job *job, prepare_types *types) {
    const pal_data_options *options = &job->data->options;
    if (options->since) TRY(prepare_since(job, options->since));
    if (options->drop_users) TRY(prepare_drop_users(job, options->drop_users));
    if (options->events) TRY(prepare_events(job, options->events, types));
    if (options->dedupe) TRY(prepare_dedupe(job));
    if (options->min_user > 1 || options->min_item > 1)
        TRY(prepare_core(job, options->min_user, options->min_item));
    TRY(prepare_apply(job));
    return options->events ? prepare_weights(job->ctx, &job->data->parts[0], types) : PAL_OK;
}

/* A log that was stored with its target (import.c), or whose format has one, keeps it unless
 * another is asked for. */
static pal_status prepare_target(pal_ctx *ctx, pal_data *data) {
    uint32_t stored = data->parts[0].about.target_types;
    const char *target = data->options.target;
    if (!target && *data->target) target = data->target;
    if (target || stored == UINT32_MAX) return pal_data_set_target(ctx, data, target);
    int64_t counts[PAL_TYPES_MAX] = {0};
    if (data->parts[0].types) prepare_count_types(data, counts);
    prepare_settle_types(data, stored, counts);
    return PAL_OK;
}

pal_status pal_data_prepare(pal_ctx *ctx, pal_data *data) {
    const pal_data_options *options = &data->options;
    bool filters = options->since || options->drop_users || options->events || options->dedupe ||
                   options->min_user > 1 || options->min_item > 1;
    if (filters && data->n_parts > 1) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "since, drop-users, events, dedupe, min-user and min-item change a log "
                        "before it is split: they do not go with given parts");
    }
    if (filters) {
        prepare_job job = {.ctx = ctx, .data = data, .log = &data->parts[0]};
        prepare_types types = {.about = &data->parts[0].about};
        job.keep = PAL_ARENA_ARRAY(&job.scratch, uint8_t, job.log->n_events);
        pal_status status = PAL_OK;
        if (job.keep) {
            memset(job.keep, 1, (size_t)job.log->n_events);
            status = prepare_run(&job, &types);
        } else {
            status = pal_fail_memory(ctx, "the filters", (double)job.log->n_events);
        }
        pal_arena_release(&job.scratch);
        TRY(status);
    }
    TRY(pal_scenario_apply(ctx, data));
    return prepare_target(ctx, data);
}

/* --- weights of training events --- */

/* Squares of weights and their inverses must be floats too: kinds divide by norms of columns. An
 * event that is 30 half-lives old counts no less. */
static const double prepare_weight_min = 1e-9;

pal_status pal_log_weigh(pal_ctx *ctx, const pal_log *log, double half_life, double window,
                         pal_log *out) {
    if ((half_life > 0 || window > 0) && !log->times) {
        return pal_fail(ctx, PAL_EDATA,
                        "half-life and train-window need times, and the log has none");
    }
    int64_t end = pal_log_end(log);
    pal_arena scratch = {0};
    uint8_t *keep = PAL_ARENA_ARRAY(&scratch, uint8_t, log->n_events);
    pal_log weighed = {0};
    pal_status status =
        keep ? PAL_OK : pal_fail_memory(ctx, "event weights", (double)log->n_events);
    for (int64_t e = 0; keep && e < log->n_events; e++)
        keep[e] = window <= 0 || (double)(end - log->times[e]) <= window;
    if (status == PAL_OK)
        status = pal_log_select(ctx, log, keep, NULL, NULL, &log->about, &weighed);
    pal_arena_release(&scratch);
    TRY(status);
    if (half_life > 0) {
        float *weights = PAL_ARENA_ARRAY(&weighed.arena, float, weighed.n_events);
        if (!weights) {
            pal_log_release(&weighed);
            return pal_fail_memory(ctx, "event weights", 4.0 * (double)log->n_events);
        }
        for (int64_t e = 0; e < weighed.n_events; e++) {
            double age = (double)(end - weighed.times[e]), decay = exp2(-age / half_life);
            double weight = (weighed.weights ? weighed.weights[e] : 1) * decay;
            weights[e] = (float)(weight > prepare_weight_min ? weight : prepare_weight_min);
        }
        weighed.weights = weights;
    }
    *out = weighed;
    return PAL_OK;
}
