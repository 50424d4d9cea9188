/* read.c - which format reads what stands at a path, and from what it pushed to the logs. */
#include "data/read.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/demo.h"
#include "data/formats/format.h"
#include "data/scenario.h"
#include "data/second.h"
#include "data/vectors.h"

static const char *const read_format_names[] = {"auto",   "palate", "movielens", "recbole", "mind",
                                                "folder", "jsonl",  "adjacency", "table",   NULL};
static const char *const read_bad_lines[] = {"fail", "skip", NULL};

#define FIELD(name) offsetof(pal_data_options, name)
const pal_param pal_data_params[] = {
    {.name = "format",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(format),
     .choices = read_format_names,
     .help = "how to read the log"},
    {.name = "columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(columns),
     .value_name = "ROLES",
     .help = "which column is what, e.g. user=customer,item=sku,value=3,time=ts,event=action; "
             "names, or numbers from 1; text=query keeps events that have words and no item"},
    {.name = "value",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(value),
     .value_name = "COLUMN",
     .help =
         "the column that holds the value of an event (rating, quantity, price), or a product or "
         "ratio of two: quantity*price, watched/duration, watched/items.duration"},
    {.name = "item_columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(item_columns),
     .value_name = "TYPES",
     .help = "what columns of the catalog are, e.g. genre=set,year=number: token, set, timed "
             "(words with @ and seconds), number, text or vector; the others are guessed"},
    {.name = "user_columns",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(user_columns),
     .value_name = "TYPES",
     .help = "the same for the profiles of users"},
    {.name = "events",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(events),
     .value_name = "WEIGHTS",
     .help = "event types to keep with their weights, e.g. view=1,cart=3,purchase=5"},
    {.name = "target",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(target),
     .value_name = "TYPES",
     .help = "event types that are evaluated, e.g. purchase; guessed when there are several"},
    {.name = "bad_lines",
     .type = PAL_PARAM_CHOICE,
     .offset = FIELD(bad_lines),
     .choices = read_bad_lines,
     .help = "what to do with a line that cannot be read"},
    {.name = "min_user",
     .type = PAL_PARAM_INT,
     .offset = FIELD(min_user),
     .initial = "0",
     .min = 0,
     .max = 1e9,
     .help = "drop users with fewer events; repeated with min-item until both hold"},
    {.name = "min_item",
     .type = PAL_PARAM_INT,
     .offset = FIELD(min_item),
     .initial = "0",
     .min = 0,
     .max = 1e9,
     .help = "drop items with fewer events"},
    {.name = "dedupe",
     .type = PAL_PARAM_FLAG,
     .offset = FIELD(dedupe),
     .help = "keep only the last event of each user, item and type"},
    {.name = "drop_users",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(drop_users),
     .value_name = "FILE",
     .help = "drop the users whose ids stand in this file, one a line"},
    {.name = "since",
     .type = PAL_PARAM_TEXT,
     .offset = FIELD(since),
     .value_name = "DATE",
     .help = "drop events before this date (2024-03-01) or second"},
    {0},
};
const pal_param pal_weigh_params[] = {
    {.name = "train_window",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(train_window),
     .initial = "0",
     .min = 0,
     .max = INFINITY,
     .help = "train on events of this long before the end of training only, e.g. 90d; 0 is all"},
    {.name = "half_life",
     .type = PAL_PARAM_SECONDS,
     .offset = FIELD(half_life),
     .initial = "0",
     .min = 0,
     .max = INFINITY,
     .help = "weight of a training event halves in this time, e.g. 30d, for every kind that weighs "
             "events; 0 is no decay"},
    {0},
};
#undef FIELD

void pal_data_find(pal_data *data, const char *format, ...) {
    if (data->n_findings == PAL_FINDINGS_MAX) return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(data->findings[data->n_findings].what, sizeof data->findings[0].what, format,
              arguments);
    va_end(arguments);
    data->n_findings++;
}

/* --- from a builder to a log --- */

static void read_reader_release(pal_reader *reader) {
    if (reader->block.blocks) {
        pal_arena_release(&reader->block);
        reader->users = reader->items = NULL;
        reader->values = NULL;
        reader->value_codes = NULL;
        reader->seconds = NULL;
    }
    free(reader->users);
    free(reader->items);
    free(reader->values);
    free(reader->times);
    free(reader->seconds);
    free(reader->types);
}

/* Brings times to seconds and returns the name of what they were. Where no number was a date of our
 * time, the largest decides. */
static const char *read_settle_times(pal_reader *reader) {
    if (!reader->times_are_numbers) return "ISO 8601";
    int32_t unit = reader->time_unit - 1;
    if (reader->seconds) return pal_time_units[unit < 0 ? 0 : unit].name;
    int64_t largest = 0;
    for (int64_t e = 0; unit < 0 && e < reader->n; e++) {
        if (reader->times[e] > largest) largest = reader->times[e];
    }
    pal_search_list *heard = &reader->data->heard;
    for (int64_t i = 0; unit < 0 && i < heard->n; i++) {
        if (heard->parts[i] == reader->part && heard->times[i] > largest) largest = heard->times[i];
    }
    if (unit < 0) {
        for (unit = 0; unit < PAL_TIME_UNITS - 1 && largest >= pal_time_units[unit + 1].first;)
            unit++;
    }
    int64_t per_second = pal_time_units[unit].per_second;
    for (int64_t i = 0; per_second > 1 && i < heard->n; i++) {
        if (heard->parts[i] == reader->part) heard->times[i] /= per_second;
    }
    for (int64_t e = 0; per_second > 1 && e < reader->n; e++) reader->times[e] /= per_second;
    return pal_time_units[unit].name;
}

/* Few levels on a bounded scale under a name that says so. */
static bool read_values_are_ratings(const pal_reader *reader) {
    enum { LEVELS_MAX = 25 };
    static const char *const names[] = {"rating", "score", "stars", "overall"};
    bool named = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        named |= pal_name_equal(names[i], reader->value_name);
    if (!named) return false;
    float levels[LEVELS_MAX + 1], lately[256] = {0}; /* by some of their bits; none is 0 at first */
    bool is_met[PAL_VALUE_CODES] = {false};
    int32_t n = 0;
    for (int64_t e = 0; e < reader->n && n <= LEVELS_MAX; e++) {
        uint8_t code = reader->value_codes ? reader->value_codes[e] : 0;
        if (is_met[code]) continue;
        is_met[code] = reader->value_codes != NULL;
        float value = reader->value_codes ? reader->code_values[code] : reader->values[e];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        float *met = &lately[bits * 0x9E3779B1u >> 24];
        if (value != 0 && *met == value) continue;
        *met = value;
        int32_t at = 0;
        while (at < n && levels[at] != value) at++;
        if (at == n) levels[n++] = value;
    }
    return n > 1 && n <= LEVELS_MAX;
}

static pal_status read_build_part(pal_reader *reader) {
    pal_data *data = reader->data;
    pal_log_about about = {.n_users = data->user_ids.n,
                           .n_items = data->item_ids.n,
                           .n_types = reader->n_types,
                           .target_types = UINT32_MAX,
                           .user_ids = &data->user_ids,
                           .item_ids = &data->item_ids};
    memcpy(about.type_names, reader->type_names, sizeof about.type_names);
    if (reader->has_values) memcpy(about.value_name, reader->value_name, sizeof about.value_name);
    about.values_are_ratings = reader->has_values && read_values_are_ratings(reader);
    /* Columns without a role here were never filled. */
    pal_event_columns columns = {.n = reader->n,
                                 .users = reader->users,
                                 .items = reader->items,
                                 .values = reader->values,
                                 .value_codes = reader->value_codes,
                                 .code_values = reader->code_values,
                                 .times = reader->times,
                                 .seconds = reader->seconds,
                                 .types = reader->types,
                                 .block = reader->block,
                                 .capacity = reader->capacity};
    pal_status status =
        pal_log_build_taking(reader->ctx, &columns, &about, &data->parts[reader->part]);
    reader->users = columns.users;
    reader->items = columns.items;
    reader->values = columns.values;
    reader->value_codes = columns.value_codes;
    reader->times = columns.times;
    reader->seconds = columns.seconds;
    reader->types = columns.types;
    reader->block = columns.block;
    return status;
}

static pal_status read_finish_part(pal_reader *reader, const char *path) {
    if (reader->part < reader->data->n_parts)
        return PAL_OK; /* the format filled the parts itself */
    if (reader->n_bad * 2 > reader->n_lines) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: %" PRId64 " of %" PRId64
                        " lines cannot be read: wrong format or columns?",
                        path, reader->n_bad, reader->n_lines);
    }
    if (reader->n == 0)
        return pal_fail(reader->ctx, PAL_EDATA, "%s: holds no events%s", path,
                        reader->options->shared
                            ? ": a second domain does not say which items there are here, so that "
                              "not even strangers could be answered; train on the source itself "
                              "where it has the same items"
                            : "");
    const char *unit = reader->has_times ? read_settle_times(reader) : "none";
    TRY(read_build_part(reader));
    reader->data->n_parts = reader->part + 1;
    pal_data_find(reader->data, "%" PRId64 " events read from %s", reader->n, path);
    if (reader->n_bad)
        pal_data_find(reader->data, "%" PRId64 " lines skipped that could not be read",
                      reader->n_bad);
    if (reader->is_first) {
        bool has_others = *reader->other_numbers != '\0';
        pal_note(reader->ctx, PAL_NOTICE_INFO, "%s: %s; %s; times: %s%s%s%s", path,
                 reader->data->format, reader->data->columns, unit,
                 has_others ? "; other numbers: " : "", reader->other_numbers,
                 has_others ? ": choose with --value" : "");
    }
    return PAL_OK;
}

pal_status pal_reader_parts(pal_reader *reader, const char *folder, const char *const *paths,
                            int32_t n, pal_part_fn *read) {
    if (reader->part > 0) {
        return pal_fail(reader->ctx, PAL_EUSAGE,
                        "%s: holds %d parts: name it alone, without --train and --test, or one of "
                        "its files",
                        folder, n);
    }
    for (int32_t p = 0; p < n; p++) {
        pal_bytes bytes;
        TRY(pal_file_read(reader->ctx, paths[p], &bytes));
        pal_reader part = {.ctx = reader->ctx,
                           .data = reader->data,
                           .options = reader->options,
                           .part = p,
                           .is_first = p == 0};
        pal_status status = read(&part, paths[p], &bytes);
        if (status == PAL_OK) status = read_finish_part(&part, paths[p]);
        read_reader_release(&part);
        pal_bytes_release(&bytes);
        TRY(status);
    }
    return PAL_OK;
}

/* --- from a path to a format --- */

static const pal_format *read_find_format(int32_t choice, const char *path,
                                          const pal_bytes *bytes) {
    for (int32_t i = 0; pal_formats[i]; i++) {
        if (choice ? choice == i + 1 : pal_formats[i]->recognizes(path, bytes))
            return pal_formats[i];
    }
    return NULL;
}

static pal_status read_part_with(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    const pal_format *format = read_find_format(reader->options->format, path, bytes);
    if (!format) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: is a folder of no known kind: name the file with the events, or a "
                        "folder of MovieLens, RecBole, MIND or LightGCN, or with interactions.tsv",
                        path);
    }
    if (reader->is_first)
        snprintf(reader->data->format, sizeof reader->data->format, "%s", format->name);
    TRY(format->read(reader, path, bytes));
    return read_finish_part(reader, path);
}

/* bytes NULL: `path` is a folder. */
static pal_status read_part_bytes(pal_ctx *ctx, pal_data *data, const char *path,
                                  const pal_bytes *bytes, int32_t part) {
    pal_reader reader = {
        .ctx = ctx, .data = data, .options = &data->options, .part = part, .is_first = part == 0};
    pal_status status = read_part_with(&reader, path, bytes);
    read_reader_release(&reader);
    return status;
}

static pal_status read_part(pal_ctx *ctx, pal_data *data, const char *path, int32_t part) {
    if (pal_path_is_folder(path)) return read_part_bytes(ctx, data, path, NULL, part);
    pal_bytes bytes;
    TRY(pal_file_read(ctx, path, &bytes));
    pal_status status = read_part_bytes(ctx, data, path, &bytes, part);
    pal_bytes_release(&bytes);
    return status;
}

/* Event types are numbered in each part by first appearance: brings them to the numbering of the
 * first part, with what others add. */
static pal_status read_join_types(pal_ctx *ctx, pal_data *data) {
    pal_log_about *first = &data->parts[0].about;
    for (int32_t p = 1; p < data->n_parts; p++) {
        pal_log *part = &data->parts[p];
        uint8_t map[PAL_TYPES_MAX] = {0};
        for (int32_t t = 0; t < part->about.n_types; t++) {
            int32_t to = 0;
            while (to < first->n_types && strcmp(first->type_names[to], part->about.type_names[t]))
                to++;
            if (to == PAL_TYPES_MAX)
                return pal_fail(ctx, PAL_EFORMAT, "the parts have more than %d event types",
                                PAL_TYPES_MAX);
            if (to == first->n_types)
                strcpy(first->type_names[first->n_types++], part->about.type_names[t]);
            map[t] = (uint8_t)to;
        }
        uint8_t *types = (uint8_t *)(uintptr_t)part->types;
        for (int64_t e = 0; types && e < part->n_events; e++) types[e] = map[types[e]];
    }
    for (int32_t p = 1; p < data->n_parts; p++) {
        memcpy(data->parts[p].about.type_names, first->type_names, sizeof first->type_names);
        data->parts[p].about.n_types = first->n_types;
    }
    return PAL_OK;
}

static pal_status read_check_parts(pal_ctx *ctx, pal_data *data) {
    for (int32_t p = 1; p < data->n_parts; p++) {
        const pal_log *a = &data->parts[0], *b = &data->parts[p];
        if (!a->times != !b->times || !a->values != !b->values || !a->types != !b->types) {
            return pal_fail(ctx, PAL_EFORMAT,
                            "the training part and part %d have different columns: times, values "
                            "and event types must be in all or none",
                            p + 1);
        }
        data->parts[p].about.values_are_ratings = a->about.values_are_ratings;
    }
    return read_join_types(ctx, data);
}

/* One side of the data with what is known of it besides events. */
typedef struct {
    const char *noun, *nouns, *flag, *option;
    const char *path, *vectors, *told; /* files named for it, types told for its columns; or NULL */
    pal_catalog *catalog;
    const pal_ids *ids; /* of the log */
} read_side;

/* A catalog that knows almost nothing of the log is somebody else's. */
static pal_status read_check_catalog(pal_ctx *ctx, pal_data *data, const read_side *side) {
    int32_t known = 0, stranger = -1;
    for (int32_t i = 0; i < side->ids->n; i++) {
        const char *id = pal_ids_at(side->ids, i);
        bool is_known = pal_ids_find(&side->catalog->ids, id, strlen(id)) >= 0;
        known += is_known;
        if (!is_known && stranger < 0) stranger = i;
    }
    if ((double)known < 0.01 * side->ids->n) {
        return pal_fail(
            ctx, PAL_EDATA,
            "%s: describes only %d of the log's %d %s (%.2g %%): are the ids written the same "
            "way? The log has '%.60s', the table '%.60s'",
            side->path      ? side->path
            : side->vectors ? side->vectors
                            : data->source,
            known, side->ids->n, side->nouns, 100.0 * known / side->ids->n,
            pal_ids_at(side->ids, stranger), pal_ids_at(&side->catalog->ids, 0));
    }
    pal_data_find(data, "%s: %d rows, %d of the log's %d %s described", side->noun,
                  side->catalog->ids.n, known, side->ids->n, side->nouns);
    return PAL_OK;
}

static pal_status read_catalog_file(pal_ctx *ctx, pal_data *data, const read_side *side) {
    pal_reader reader = {.ctx = ctx, .data = data, .options = &data->options};
    pal_bytes bytes;
    TRY(pal_file_read(ctx, side->path, &bytes));
    pal_catalog_dialect dialect = {.of_users = side->catalog == &data->users};
    pal_status status = pal_catalog_read(&reader, side->path, &bytes, &dialect);
    pal_bytes_release(&bytes);
    TRY(status);
    return side->catalog->ids.n
               ? PAL_OK
               : pal_fail(ctx, PAL_EDATA, "%s: holds no %s", side->path, side->nouns);
}

static pal_status read_side_catalog(pal_ctx *ctx, pal_data *data, const read_side *side) {
    pal_catalog *catalog = side->catalog;
    if (side->path) TRY(read_catalog_file(ctx, data, side));
    if (side->vectors) TRY(pal_catalog_read_vectors(ctx, side->vectors, catalog));
    if (side->told && catalog->ids.n == 0) {
        return pal_fail(ctx, PAL_EUSAGE, "%s: there is no table of %s: name it with %s",
                        side->option, side->nouns, side->flag);
    }
    TRY(pal_catalog_settle(ctx, catalog, side->option, side->told));
    /* What a .palate log holds was checked before it was stored. */
    bool is_checked =
        !side->path && !side->vectors && !strcmp(data->format, pal_format_palate.name);
    if (catalog->ids.n == 0 || is_checked) return PAL_OK;
    TRY(read_check_catalog(ctx, data, side));
    pal_text text = {0};
    pal_catalog_describe(catalog, sizeof data->findings[0].what - 30, &text);
    pal_data_find(data, "features of %s: %s", side->nouns, text.bytes ? text.bytes : "");
    pal_text_release(&text);
    return PAL_OK;
}

static pal_status read_catalogs(pal_ctx *ctx, pal_data *data, const pal_paths *paths) {
    const read_side sides[] = {{.noun = "catalog",
                                .nouns = "items",
                                .flag = "--items",
                                .option = "--item-columns",
                                .path = paths->items,
                                .vectors = paths->vectors,
                                .told = data->options.item_columns,
                                .catalog = &data->catalog,
                                .ids = &data->item_ids},
                               {.noun = "profiles",
                                .nouns = "users",
                                .flag = "--users",
                                .option = "--user-columns",
                                .path = paths->users,
                                .told = data->options.user_columns,
                                .catalog = &data->users,
                                .ids = &data->user_ids}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        TRY(read_side_catalog(ctx, data, &sides[i]));
    return PAL_OK;
}

/* --value a*items.b and a/items.b: values wait for the catalog. What it does not say leaves an
 * event without a value: 0. */
static pal_status read_apply_feature(pal_ctx *ctx, pal_data *data) {
    const char *name = data->value_feature;
    if (!data->value_operator) return PAL_OK;
    const pal_column *column = pal_catalog_column(&data->catalog, name);
    if (!column || column->type != PAL_FEATURE_NUMBER) {
        return pal_fail(ctx, PAL_EUSAGE, "--value: %s '%s'%s",
                        column ? "the catalog's column" : "the catalog has no column", name,
                        column                ? " is not of numbers: say --item-columns NAME=number"
                        : data->catalog.ids.n ? ""
                                              : ": name the table of items with --items");
    }
    int64_t n_missing = 0;
    for (int32_t p = 0; p < data->n_parts; p++) {
        pal_log *log = &data->parts[p];
        float *values = (float *)(uintptr_t)log->values;
        for (int64_t e = 0; values && e < log->n_events; e++) {
            const char *id = pal_ids_at(&data->item_ids, log->items[e]);
            int32_t row = pal_ids_find(&data->catalog.ids, id, strlen(id));
            double factor = row < 0 ? NAN : (double)column->numbers[row];
            double value = data->value_operator == '*' ? (double)values[e] * factor
                                                       : (double)values[e] / factor;
            bool is_missing = !(fabs(value) <= 3e38);
            values[e] = is_missing ? 0 : (float)value;
            n_missing += is_missing;
        }
    }
    if (n_missing) {
        pal_data_find(data,
                      "%" PRId64 " events have no value, as the catalog has no usable %s for their "
                      "item: 0 stands for it",
                      n_missing, name);
    }
    return PAL_OK;
}

static pal_status read_searches(pal_ctx *ctx, pal_data *data) {
    if (data->heard.n == 0) return PAL_OK;
    int64_t n_left_out;
    TRY(pal_searches_build(ctx, &data->heard, &data->user_ids, &data->searches, &n_left_out));
    pal_search_list_release(&data->heard);
    pal_text text = {0};
    pal_text_add_count(&text, data->searches.n);
    pal_text_add(&text, data->searches.n == 1 ? " search kept for kinds that read words"
                                              : " searches kept for kinds that read words");
    if (n_left_out) {
        pal_text_add(&text, "; ");
        pal_text_add_count(&text, n_left_out);
        pal_text_add(&text, " left out, of users who have no event with an item");
    }
    pal_data_find(data, "%s", text.bytes ? text.bytes : "");
    pal_text_release(&text);
    return PAL_OK;
}

/* What is done once all parts are there. */
static pal_status read_finish(pal_ctx *ctx, pal_data *data, const pal_paths *paths) {
    TRY(read_check_parts(ctx, data));
    TRY(read_catalogs(ctx, data, paths));
    TRY(read_apply_feature(ctx, data));
    TRY(read_searches(ctx, data));
    TRY(pal_second_cut(ctx, paths, data));
    TRY(pal_data_prepare(ctx, data));
    return pal_second_join(ctx, paths, data);
}

static void read_name(pal_data *data, const char *path) {
    /* "." and ".." name no data: the folder's own name does. */
    size_t n = strlen(path);
    bool is_unnamed = n && path[n - 1] == '.' && (n == 1 || strchr("./", path[n - 2]));
    char *full = is_unnamed ? realpath(path, NULL) : NULL;
    char *stem = pal_path_stem(&data->arena, full ? full : path);
    free(full);
    snprintf(data->name, sizeof data->name, "%s", stem ? stem : "log");
    snprintf(data->source, sizeof data->source, "%s", path);
}

/* What names the same data on a command line again. */
static void read_arguments(const pal_paths *paths, pal_data *data) {
    const struct {
        const char *name, *path;
    } parts[] = {{"train", paths->train},
                 {"valid", paths->valid},
                 {"test", paths->test},
                 {"items", paths->items},
                 {"users", paths->users},
                 {"vectors", paths->vectors},
                 {"source", paths->source},
                 {"source_items", paths->source_items},
                 {"source_users", paths->source_users}};
    pal_text text = {0};
    pal_text_add(&text, "compare");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].path) pal_params_add_flag(parts[i].name, parts[i].path, &text);
    }
    pal_params_format_flags(pal_data_params, &data->options, &text);
    pal_params_format_flags(pal_weigh_params, &data->options, &text);
    pal_params_format_flags(pal_scenario_params, &data->options, &text);
    pal_params_format_flags(pal_source_params, &data->options, &text);
    /* What a scenario would fill in again must be said even where it is the usual value. */
    if (data->options.scenario && data->options.has_half_life)
        pal_params_format_initial(pal_weigh_params, "half_life", &data->options, &text);
    if (paths->log) {
        pal_text_add(&text, " ");
        pal_text_add_quoted(&text, paths->log);
    }
    if (!text.failed) snprintf(data->arguments, sizeof data->arguments, "%s", text.bytes);
    pal_text_release(&text);
}

static pal_status read_all(pal_ctx *ctx, const pal_paths *paths, pal_data *data) {
    bool is_split = paths->train || paths->valid || paths->test;
    if (is_split == (paths->log != NULL)) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "name one log to split, or the parts with --train and --test");
    }
    if (is_split && (!paths->train || !paths->test)) {
        return pal_fail(ctx, PAL_EUSAGE, "--train and --test belong together: %s is missing",
                        paths->train ? "--test" : "--train");
    }
    read_arguments(paths, data);
    const char *const parts[] = {paths->log ? paths->log : paths->train,
                                 paths->valid ? paths->valid : paths->test,
                                 paths->valid ? paths->test : NULL};
    read_name(data, parts[0]);
    int32_t n_parts = paths->log ? 1 : paths->valid ? 3 : 2;
    for (int32_t p = 0; p < n_parts; p++) {
        TRY(read_part(ctx, data, parts[p], p));
        if (n_parts > 1 && data->n_parts != p + 1) {
            return pal_fail(ctx, PAL_EUSAGE,
                            "%s: holds %d parts already: name it alone, without --train and --test",
                            parts[p], data->n_parts);
        }
    }
    data->has_own_parts = paths->log && data->n_parts > 1;
    return read_finish(ctx, data, paths);
}

/* Empty data with its options, or NULL with a sentence. */
static pal_data *read_new(pal_ctx *ctx, const char *options, bool is_second, pal_status *status) {
    pal_data *data = calloc(1, sizeof *data);
    if (!data) {
        *status = pal_fail_memory(ctx, "the log", sizeof *data);
        return NULL;
    }
    data->catalog.title = data->users.title = -1;
    const pal_param_group groups[] = {{pal_data_params, &data->options},
                                      {pal_weigh_params, &data->options},
                                      {pal_scenario_params, &data->options},
                                      {pal_source_params, &data->options},
                                      {0}};
    const pal_param_group of_second[] = {
        {pal_data_params, &data->options}, {pal_scenario_params, &data->options}, {0}};
    data->is_second = is_second;
    pal_params_init(pal_source_params, &data->options);
    pal_params_init(pal_data_params, &data->options);
    pal_params_init(pal_weigh_params, &data->options);
    pal_params_init(pal_scenario_params, &data->options);
    data->options.has_half_life = pal_params_gives(options, "half_life", &data->arena);
    *status = pal_params_parse_tables(ctx, is_second ? "--source-options" : PAL_OWNER_COMMANDS,
                                      is_second ? of_second : groups, &data->arena, options);
    if (*status == PAL_OK) return data;
    pal_data_free(data);
    return NULL;
}

static pal_status read_hand_over(pal_data *data, pal_status status, pal_data **out) {
    if (status == PAL_OK) {
        *out = data;
    } else {
        pal_data_free(data);
    }
    return status;
}

pal_status pal_data_read(pal_ctx *ctx, const pal_paths *paths, const char *options,
                         pal_data **out) {
    pal_status status;
    pal_data *data = read_new(ctx, options, false, &status);
    return data ? read_hand_over(data, read_all(ctx, paths, data), out) : status;
}

pal_status pal_data_read_second(pal_ctx *ctx, const pal_paths *paths, const char *options,
                                pal_data **out) {
    pal_status status;
    pal_data *data = read_new(ctx, options, true, &status);
    return data ? read_hand_over(data, read_all(ctx, paths, data), out) : status;
}

pal_status pal_data_new_second(pal_ctx *ctx, const char *options, pal_data **out) {
    pal_status status;
    pal_data *data = read_new(ctx, options, true, &status);
    return data ? read_hand_over(data, status, out) : status;
}

pal_status pal_data_parse(pal_ctx *ctx, const char *name, const pal_bytes *bytes,
                          const char *options, pal_data **out) {
    pal_status status;
    pal_data *data = read_new(ctx, options, false, &status);
    if (!data) return status;
    read_name(data, name);
    status = read_part_bytes(ctx, data, name, bytes, 0);
    if (status == PAL_OK) status = read_finish(ctx, data, &(pal_paths){0});
    return read_hand_over(data, status, out);
}

void pal_data_free(pal_data *data) {
    if (!data) return;
    for (int32_t p = 0; p < PAL_PARTS_MAX; p++) pal_log_release(&data->parts[p]);
    pal_ids_release(&data->user_ids);
    pal_ids_release(&data->item_ids);
    pal_ids_release(&data->dropped_items);
    pal_catalog_release(&data->catalog);
    pal_catalog_release(&data->users);
    pal_search_list_release(&data->heard);
    pal_searches_release(&data->searches);
    pal_world_free(data->world);
    pal_data_free(data->second);
    pal_text_release(&data->shown);
    pal_arena_release(&data->arena);
    free(data);
}
