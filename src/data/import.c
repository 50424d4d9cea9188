/* import.c - a prepared log as one file: `palate import` writes it, the format "palate" reads it
 * back. */
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "data/container.h"
#include "data/formats/format.h"
#include "data/second.h"

static const char *const import_parts[PAL_PARTS_MAX] = {"log0/", "log1/", "log2/"};
static const char import_second[] = "source/"; /* before all names of the second domain */

/* A name below the prefix. */
typedef struct {
    char text[64];
} import_name;

static import_name import_name_of(const char *prefix, const char *name) {
    import_name full;
    snprintf(full.text, sizeof full.text, "%s%s", prefix, name);
    return full;
}

static pal_status import_describe(pal_ctx *ctx, const pal_data *data, const char *prefix,
                                  pal_container *container) {
    json_t *findings = json_array();
    for (int32_t i = 0; i < data->n_findings; i++)
        json_array_append_new(findings, pal_json_text(data->findings[i].what));
    json_t *about =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:i, s:f, s:f, s:o}", "name",
                  pal_json_text(data->name), "source", pal_json_text(data->source), "format",
                  pal_json_text(data->format), "columns", pal_json_text(data->columns), "shown",
                  pal_json_text(data->shown.bytes ? data->shown.bytes : ""), "n_parts",
                  (int)data->n_parts, "train_window", data->options.train_window, "half_life",
                  data->options.half_life, "findings", findings);
    if (about && data->second)
        json_object_set_new(about, "shared", json_string(pal_sharing_choices[data->shared]));
    char *text = about ? json_dumps(about, JSON_COMPACT) : NULL;
    pal_status status =
        text ? pal_container_set(ctx, container, import_name_of(prefix, "data").text, text)
             : pal_fail_memory(ctx, "the file's header", 1e3);
    free(text);
    json_decref(about);
    return status;
}

static pal_status import_fill(pal_ctx *ctx, const pal_data *data, const char *prefix,
                              pal_container *container) {
    TRY(import_describe(ctx, data, prefix, container));
    TRY(pal_ids_store(ctx, &data->user_ids, data->user_ids.n, import_name_of(prefix, "users/").text,
                      container));
    TRY(pal_ids_store(ctx, &data->item_ids, data->item_ids.n, import_name_of(prefix, "items/").text,
                      container));
    for (int32_t p = 0; p < data->n_parts; p++)
        TRY(pal_log_store(ctx, &data->parts[p], import_name_of(prefix, import_parts[p]).text,
                          container));
    TRY(pal_catalog_store(ctx, &data->catalog, false, import_name_of(prefix, "catalog/").text,
                          container));
    TRY(pal_catalog_store(ctx, &data->users, false, import_name_of(prefix, "profiles/").text,
                          container));
    TRY(pal_searches_store(ctx, &data->searches, import_name_of(prefix, "searches/").text,
                           container));
    return data->second ? import_fill(ctx, data->second, import_second, container) : PAL_OK;
}

pal_status pal_data_save(pal_ctx *ctx, const pal_data *data, const char *path) {
    pal_container container = {0};
    pal_status status = import_fill(ctx, data, "", &container);
    if (status == PAL_OK) status = pal_container_write(ctx, &container, "log", path);
    pal_container_release(&container);
    return status;
}

/* What training does with time is asked anew only when this reading says nothing of it; filters
 * have done their work. */
static void import_restore_options(const json_t *about, pal_data_options *options) {
    double window = pal_json_number_at(about, "train_window", 0),
           half_life = pal_json_number_at(about, "half_life", 0);
    if (options->train_window == 0 && window > 0) options->train_window = window;
    if (options->half_life == 0 && half_life > 0) options->half_life = half_life;
}

/* What the second domain shares, where there is one; false for what no palate writes. */
static bool import_restore_shared(const json_t *about, pal_data *data) {
    const char *shared = pal_json_text_at(about, "shared", NULL);
    for (int32_t i = 0; shared && pal_sharing_choices[i]; i++) {
        if (strcmp(pal_sharing_choices[i], shared)) continue;
        data->shared = (pal_sharing)i;
        return true;
    }
    return false;
}

static pal_status import_restore_about(pal_ctx *ctx, const pal_container *container,
                                       const char *prefix, pal_data *data, bool *has_second) {
    const char *text = pal_container_get(container, import_name_of(prefix, "data").text);
    json_t *about = NULL;
    if (!text)
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: lacks the field data: it was not written by palate, make it anew",
                        container->what);
    TRY(pal_json_parse(ctx, container->what, text, strlen(text), &about));
    import_restore_options(about, &data->options);
    pal_text_add(&data->shown, pal_json_text_at(about, "shown", ""));
    snprintf(data->name, sizeof data->name, "%s", pal_json_text_at(about, "name", "log"));
    snprintf(data->columns, sizeof data->columns, "%s", pal_json_text_at(about, "columns", ""));
    const json_t *findings = json_object_get(about, "findings");
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const char *what = json_string_value(json_array_get(findings, i));
        pal_data_find(data, "%s", what ? what : "");
    }
    *has_second = import_restore_shared(about, data);
    double n_parts = pal_json_number_at(about, "n_parts", 0);
    json_decref(about);
    if (!(n_parts >= 1 && n_parts <= PAL_PARTS_MAX)) {
        return pal_fail(
            ctx, PAL_EFORMAT,
            "%s: its number of parts is not valid: it was not written by palate, make it anew",
            container->what);
    }
    data->n_parts = (int32_t)n_parts;
    return PAL_OK;
}

static pal_status import_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                                 pal_data *data) {
    bool has_second = false;
    TRY(pal_ids_restore(ctx, container, import_name_of(prefix, "users/").text, &data->user_ids));
    TRY(pal_ids_restore(ctx, container, import_name_of(prefix, "items/").text, &data->item_ids));
    TRY(import_restore_about(ctx, container, prefix, data, &has_second));
    int32_t n_parts = data->n_parts;
    data->n_parts = 0;
    for (int32_t p = 0; p < n_parts; p++) {
        TRY(pal_log_restore(ctx, container, import_name_of(prefix, import_parts[p]).text,
                            &data->user_ids, &data->item_ids, &data->parts[p]));
        data->n_parts = p + 1;
        if (data->parts[p].n_events == 0)
            return pal_fail(ctx, PAL_EDATA, "%s: part %d of the log holds no events",
                            container->what, p + 1);
    }
    TRY(pal_catalog_restore(ctx, container, import_name_of(prefix, "catalog/").text,
                            &data->catalog));
    TRY(pal_catalog_restore(ctx, container, import_name_of(prefix, "profiles/").text,
                            &data->users));
    TRY(pal_searches_restore(ctx, container, import_name_of(prefix, "searches/").text,
                             data->user_ids.n, n_parts, &data->searches));
    /* One that is itself read as a second domain brings none of its own. */
    if (!has_second || *prefix || data->is_second) return PAL_OK;
    TRY(pal_data_new_second(ctx, "", &data->second));
    TRY(import_restore(ctx, container, import_second, data->second));
    TRY(pal_catalog_settle(ctx, &data->second->catalog, "", NULL));
    return pal_catalog_settle(ctx, &data->second->users, "", NULL);
}

static bool import_recognizes(const char *path, const pal_bytes *bytes) {
    size_t n = strlen(path);
    if (!bytes) return false;
    if (n > 7 && !strcmp(path + n - 7, ".palate"))
        return true; /* a damaged one is told from a table by its name */
    return bytes->length > 24 && !memcmp(bytes->bytes + 8, "{\"__metadata__\"", 15);
}

static pal_status import_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (reader->part > 0 || reader->data->n_parts > 0) {
        return pal_fail(reader->ctx, PAL_EUSAGE,
                        "%s: a .palate log holds all of its parts: name it alone", path);
    }
    if (!bytes)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: is a folder, not a .palate file", path);
    if (reader->options->columns || reader->options->value) {
        return pal_fail(
            reader->ctx, PAL_EUSAGE,
            "%s: its columns and values were chosen when it was imported: say --columns "
            "and --value to palate import",
            path);
    }
    pal_container container;
    TRY(pal_container_parse(reader->ctx, path, bytes->bytes, bytes->length, "log", &container));
    pal_status status = import_restore(reader->ctx, &container, "", reader->data);
    if (status == PAL_OK)
        pal_note(reader->ctx, PAL_NOTICE_INFO, "%s: palate; %s", path, reader->data->columns);
    pal_container_release(&container);
    return status;
}

const pal_format pal_format_palate = {
    .name = "palate",
    .summary = "a log that `palate import` wrote",
    .recognizes = import_recognizes,
    .read = import_read,
};
