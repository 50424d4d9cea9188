/* second.c - the second domain of a log: what is read beside it, and what both have in common as it
 * was declared; equal ids alone say nothing. */
#include "data/second.h"

#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "data/scenario.h"

/* Nothing is declared until somebody does. */
static const char *const second_shared[] = {"", "none", "users", "items", NULL};

#define FIELD(name) offsetof(pal_data_options, name)
const pal_param pal_source_params[] = {
    {.name = "shared",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(shared),
     .choices = second_shared,
     .help = "whose equal ids mean the same in the log and in --source: users, items, or none; "
             "never guessed"},
    {.name = "map",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(map),
     .value_name = "FILE",
     .help = "what ids of the source are called in the log, lines of source_id,target_id for the "
             "shared side; ids that no line names are nobody of the log"},
    {.name = "source_options",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(source_options),
     .value_name = "OPTIONS",
     .help = "how the source is read and filtered, options of a log as name=value: \"columns=… "
             "min_user=5\""},
    {.name = "domain",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(domain),
     .value_name = "COLUMN",
     .help = "instead of --source: the column of items (tokens or sets) by which the log is cut "
             "into two domains of the same users"},
    {.name = "source_domain",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(source_domain),
     .value_name = "TOKENS",
     .help = "tokens of that column whose items are the source, separated by commas; items with a "
             "target's token are the target's; without it all others are the source"},
    {.name = "target_domain",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(target_domain),
     .value_name = "TOKENS",
     .help = "tokens of that column whose items are compared"},
    {0},
};
#undef FIELD

bool pal_data_source(const pal_data *data, pal_source *out) {
    const pal_data *second = data->second;
    if (!second) return false;
    *out = (pal_source){.log = &second->parts[0],
                        .items = second->catalog.ids.n ? &second->catalog : NULL,
                        .users = second->users.ids.n ? &second->users : NULL,
                        .shared = data->shared};
    return true;
}

/* --- reading --- */

/* Options of the source's own, and those of the log that are about how everything is read. */
static pal_status second_read(pal_ctx *ctx, const pal_paths *paths, pal_data *data) {
    const pal_data_options *options = &data->options;
    const char *own = options->source_options ? options->source_options : "";
    pal_arena scratch = {0};
    pal_text text = {0};
    if (options->bad_lines && !pal_params_gives(own, "bad_lines", &scratch))
        pal_text_add(&text, "bad_lines=skip ");
    if (options->scenario && !pal_params_gives(own, "scenario", &scratch))
        pal_text_addf(&text, "scenario=%s ", pal_scenario_of(data)->name);
    pal_text_add(&text, own);
    pal_arena_release(&scratch);
    const pal_paths of_source = {
        .log = paths->source, .items = paths->source_items, .users = paths->source_users};
    pal_status status =
        text.failed
            ? pal_fail_memory(ctx, "the options", 1e3)
            : pal_data_read_second(ctx, &of_source, text.bytes ? text.bytes : "", &data->second);
    pal_text_release(&text);
    TRY(status);
    if (data->second->n_parts > 1)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--source %s: holds %d parts of a split: name one log, or one of its files",
                        paths->source, data->second->n_parts);
    return PAL_OK;
}

/* --- what is declared --- */

static const char *second_example(const pal_ids *ids) { return ids->n ? pal_ids_at(ids, 0) : ""; }

static pal_status second_ask(pal_ctx *ctx, const pal_data *data) {
    pal_overlap equal = pal_second_overlap(data);
    return pal_fail(ctx, PAL_EUSAGE,
                    "--source: say what both logs have in common: %d of the source's %d user ids "
                    "and %d of its %d item ids stand in the log too; --shared users if equal ids "
                    "are the same people, --shared items if they are the same items, else --shared "
                    "none",
                    equal.users, data->second->user_ids.n, equal.items, data->second->item_ids.n);
}

static pal_status second_check_overlap(pal_ctx *ctx, const pal_data *data) {
    pal_overlap equal = pal_second_overlap(data);
    bool of_users = data->shared == PAL_SHARED_USERS;
    if (data->shared == PAL_SHARED_NONE || (of_users ? equal.users : equal.items)) return PAL_OK;
    const char *what = pal_sharing_choices[data->shared];
    const pal_ids *a = of_users ? &data->second->user_ids : &data->second->item_ids,
                  *b = of_users ? &data->user_ids : &data->item_ids;
    return pal_fail(ctx, PAL_EDATA,
                    "--shared %s: none of the source's %d ids of %s stands in the log: are they "
                    "written the same way? The source has '%.60s', the log '%.60s'; --map FILE "
                    "pairs them, --shared none says that nothing is shared",
                    what, a->n, what, second_example(a), second_example(b));
}

/* Whoever is left out of the log is left out of the source, where they are the same people. */
static pal_status second_drop_users(pal_ctx *ctx, const pal_data *data) {
    pal_data *second = data->second;
    if (!data->options.drop_users || data->shared != PAL_SHARED_USERS) return PAL_OK;
    pal_log *log = &second->parts[0], selected;
    pal_arena scratch = {0};
    uint8_t *keep = PAL_ARENA_ARRAY(&scratch, uint8_t, log->n_events);
    int32_t n = 0;
    int64_t n_events;
    if (keep) memset(keep, 1, (size_t)log->n_events);
    pal_status status =
        keep ? pal_log_unkeep_users(ctx, data->options.drop_users, log, keep, &n, &n_events)
             : pal_fail_memory(ctx, "--drop-users", (double)log->n_events);
    if (status == PAL_OK)
        status = pal_log_select(ctx, log, keep, NULL, NULL, &log->about, &selected);
    pal_arena_release(&scratch);
    TRY(status);
    pal_log_release(log);
    *log = selected;
    if (n) pal_data_find(second, "%d users named in %.80s dropped", n, data->options.drop_users);
    return PAL_OK;
}

/* What the source only showed is nothing that people did there. */
static pal_status second_keep_used(pal_ctx *ctx, pal_data *second) {
    pal_log *log = &second->parts[0], used;
    if (!log->about.shown_types) return PAL_OK;
    TRY(pal_log_select_used(ctx, log, &used));
    pal_data_find(second, "%lld events that only say that something was shown left out",
                  (long long)(log->n_events - used.n_events));
    pal_log_release(log);
    *log = used;
    return PAL_OK;
}

/* Rows that have lost all their events go; what is left is a log like any that is read. */
static pal_status second_renumber(pal_ctx *ctx, pal_data *second) {
    const pal_source whole = {.log = &second->parts[0]};
    pal_source_own left;
    if (second->parts[0].n_events == 0)
        return pal_fail(ctx, PAL_EDATA,
                        "--source %s: none of its events is left: loosen the filters",
                        second->source);
    TRY(pal_source_before(ctx, &whole, INT64_MAX, NULL, &left));
    pal_log_release(&second->parts[0]);
    pal_ids_release(&second->user_ids);
    pal_ids_release(&second->item_ids);
    second->parts[0] = left.log;
    second->user_ids = left.user_ids;
    second->item_ids = left.item_ids;
    second->parts[0].about.user_ids = &second->user_ids;
    second->parts[0].about.item_ids = &second->item_ids;
    left.log = (pal_log){0};
    left.user_ids = left.item_ids = (pal_ids){0};
    pal_source_own_release(&left);
    return PAL_OK;
}

void pal_second_tell(pal_data *data) {
    const pal_data *second = data->second;
    pal_overlap equal = pal_second_overlap(data);
    pal_text text = {0};
    pal_text_addf(&text, "second domain %.60s: ", second->name);
    pal_text_add_count(&text, second->parts[0].n_events);
    pal_text_add(&text, " events of ");
    pal_text_add_count(&text, second->user_ids.n);
    pal_text_add(&text, " users on ");
    pal_text_add_count(&text, second->item_ids.n);
    pal_text_add(&text, " items; ");
    if (data->shared == PAL_SHARED_USERS)
        pal_text_addf(&text, "%d of the log's %d users are known there", equal.users,
                      data->user_ids.n);
    if (data->shared == PAL_SHARED_ITEMS)
        pal_text_addf(&text, "%d of the log's %d items are used there too", equal.items,
                      data->item_ids.n);
    if (data->shared == PAL_SHARED_NONE) pal_text_add(&text, "nothing is shared by id");
    pal_data_find(data, "%s", text.bytes ? text.bytes : "");
    pal_text_release(&text);
    for (int32_t f = 0; f < second->n_findings; f++)
        pal_data_find(data, "source: %.190s", second->findings[f].what);
}

/* The first option that is given of those about how a second domain is read and joined; NULL:
 * none. */
static const char *second_named(const pal_paths *paths, const pal_data_options *options) {
    return paths->source_items       ? "--source-items"
           : paths->source_users     ? "--source-users"
           : options->shared         ? "--shared"
           : options->map            ? "--map"
           : options->source_options ? "--source-options"
                                     : NULL;
}

/* Options that say nothing without a second domain. */
static pal_status second_check_alone(pal_ctx *ctx, const pal_paths *paths, const pal_data *data) {
    const char *name = second_named(paths, &data->options);
    return name ? pal_fail(ctx, PAL_EUSAGE,
                           "%s is about a second domain: name its log with --source, or cut one "
                           "with --domain",
                           name)
                : PAL_OK;
}

static pal_status second_declare(pal_ctx *ctx, pal_data *data) {
    const pal_data_options *options = &data->options;
    bool is_cut = options->domain != NULL;
    if (is_cut && options->shared > PAL_SHARED_USERS + 1)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--domain cuts one log by its items: its users are shared, --shared items "
                        "cannot be");
    if (is_cut && options->map)
        return pal_fail(ctx, PAL_EUSAGE, "--map pairs ids of two logs: --domain cuts one");
    if (!is_cut && !options->shared) return second_ask(ctx, data);
    data->shared = options->shared ? (pal_sharing)(options->shared - 1) : PAL_SHARED_USERS;
    if (options->map && data->shared == PAL_SHARED_NONE)
        return pal_fail(ctx, PAL_EUSAGE,
                        "--map pairs ids of what is shared: say --shared users or --shared items");
    return options->map ? pal_second_rename(ctx, options->map, data, data->second) : PAL_OK;
}

pal_status pal_second_join(pal_ctx *ctx, const pal_paths *paths, pal_data *data) {
    if (data->is_second) return PAL_OK;
    bool is_stored = data->second && !data->options.domain;
    const char *named = second_named(paths, &data->options);
    if (is_stored && (paths->source || named))
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: was imported with its second domain: leave out %s, or name the two "
                        "logs that it was made of",
                        data->source, paths->source ? "--source" : named);
    if (is_stored) {
        TRY(second_drop_users(ctx, data));
        return second_renumber(ctx, data->second);
    }
    if (!paths->source && !data->second) return second_check_alone(ctx, paths, data);
    if (paths->source) TRY(second_read(ctx, paths, data));
    pal_searches_release(&data->second->searches);
    TRY(second_keep_used(ctx, data->second));
    TRY(second_declare(ctx, data));
    TRY(second_drop_users(ctx, data));
    TRY(second_renumber(ctx, data->second));
    TRY(second_check_overlap(ctx, data));
    if (paths->source) pal_second_guard(ctx, data);
    pal_second_tell(data);
    return PAL_OK;
}
