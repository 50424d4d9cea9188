/* store.c - ids, logs and catalogs as tensors of a container, and back with every index checked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "base/json.h"
#include "data/container.h"

static void store_name(char out[96], const char *prefix, const char *name) {
    snprintf(out, 96, "%s%s", prefix, name);
}

static pal_status store_add(pal_ctx *ctx, pal_container *container, const char *prefix,
                            const char *name, pal_dtype dtype, int64_t n, const void *data) {
    char full[96];
    store_name(full, prefix, name);
    return pal_container_add(ctx, container, full, dtype, 1, &n, data);
}

static pal_status store_find(pal_ctx *ctx, const pal_container *container, const char *prefix,
                             const char *name, pal_dtype dtype, const pal_stored **out) {
    char full[96];
    store_name(full, prefix, name);
    return pal_container_find(ctx, container, full, dtype, 1, out);
}

static pal_status store_refuse(pal_ctx *ctx, const pal_container *container, const char *prefix,
                               const char *why) {
    return pal_fail(ctx, PAL_EFORMAT,
                    "%s: under %s, %s: it was not written by palate, make it anew", container->what,
                    prefix, why);
}

/* --- texts: bytes, each ended by a NUL, and where each starts --- */

/* offsets [n + 1] ascend from 0 to the number of bytes, and every text ends with its only NUL. */
static bool store_texts_are_valid(const char *bytes, int64_t n_bytes, const int64_t *offsets,
                                  int64_t n) {
    if (n < 0 || offsets[0] != 0 || offsets[n] != n_bytes) return false;
    for (int64_t i = 0; i < n; i++) {
        if (offsets[i + 1] <= offsets[i] || offsets[i + 1] > n_bytes) return false;
        const char *text = bytes + offsets[i];
        size_t length = (size_t)(offsets[i + 1] - offsets[i] - 1);
        if (text[length] != '\0' || memchr(text, '\0', length) ||
            pal_utf8_valid_prefix(text, length) != length)
            return false;
    }
    return true;
}

pal_status pal_ids_store(pal_ctx *ctx, const pal_ids *ids, int32_t n, const char *prefix,
                         pal_container *container) {
    static const int64_t none[1];
    const int64_t *offsets = n ? ids->offsets : none; /* an empty table has no arrays */
    TRY(store_add(ctx, container, prefix, "offsets", PAL_I64, (int64_t)n + 1, offsets));
    return store_add(ctx, container, prefix, "bytes", PAL_U8, offsets[n], ids->bytes);
}

pal_status pal_ids_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                           pal_ids *out) {
    const pal_stored *offsets, *bytes;
    TRY(store_find(ctx, container, prefix, "offsets", PAL_I64, &offsets));
    TRY(store_find(ctx, container, prefix, "bytes", PAL_U8, &bytes));
    const int64_t *at = offsets->data;
    int64_t n = offsets->dims[0] - 1;
    if (n < 0 || n > INT32_MAX || !store_texts_are_valid(bytes->data, bytes->dims[0], at, n)) {
        return store_refuse(ctx, container, prefix, "ids are not valid");
    }
    pal_ids ids = {0};
    for (int64_t i = 0; i < n; i++) {
        int64_t length = at[i + 1] - at[i] - 1;
        if (length == 0 || length > PAL_ID_MAX) {
            pal_ids_release(&ids);
            return store_refuse(ctx, container, prefix, "ids are empty or too long");
        }
        int32_t row = pal_ids_add(&ids, (const char *)bytes->data + at[i], (size_t)length);
        if (row != i) {
            pal_ids_release(&ids);
            return row < 0 ? pal_fail_memory(ctx, "the table of ids", 32.0 * (double)n)
                           : store_refuse(ctx, container, prefix, "ids repeat");
        }
    }
    *out = ids;
    return PAL_OK;
}

/* --- logs --- */

static json_t *store_describe_log(const pal_log *log) {
    json_t *types = json_array();
    for (int32_t t = 0; t < log->about.n_types; t++)
        json_array_append_new(types, pal_json_text(log->about.type_names[t]));
    return json_pack("{s:I, s:I, s:o, s:I, s:o, s:b}", "n_users", (json_int_t)log->n_users,
                     "n_items", (json_int_t)log->n_items, "types", types, "target_types",
                     (json_int_t)log->about.target_types, "value_name",
                     pal_json_text(log->about.value_name), "values_are_ratings",
                     log->about.values_are_ratings);
}

pal_status pal_log_store(pal_ctx *ctx, const pal_log *log, const char *prefix,
                         pal_container *container) {
    json_t *about = store_describe_log(log);
    char *text = about ? json_dumps(about, JSON_COMPACT) : NULL;
    char key[96];
    store_name(key, prefix, "about");
    pal_status status = text ? pal_container_set(ctx, container, key, text)
                             : pal_fail_memory(ctx, "the log's header", 1e3);
    json_decref(about);
    free(text);
    TRY(status);
    TRY(store_add(ctx, container, prefix, "starts", PAL_I64, (int64_t)log->n_users + 1,
                  log->starts));
    TRY(store_add(ctx, container, prefix, "items", PAL_I32, log->n_events, log->items));
    if (log->values)
        TRY(store_add(ctx, container, prefix, "values", PAL_F32, log->n_events, log->values));
    if (log->times)
        TRY(store_add(ctx, container, prefix, "times", PAL_I64, log->n_events, log->times));
    if (log->types)
        TRY(store_add(ctx, container, prefix, "types", PAL_U8, log->n_events, log->types));
    if (log->weights)
        TRY(store_add(ctx, container, prefix, "weights", PAL_F32, log->n_events, log->weights));
    return PAL_OK;
}

/* The whole number under `key` when it is in [low, high]. */
static bool store_read_count(const json_t *json, const char *key, int64_t low, int64_t high,
                             int64_t *out) {
    const json_t *number = json_object_get(json, key);
    *out = json_is_integer(number) ? json_integer_value(number) : low - 1;
    return *out >= low && *out <= high;
}

static pal_status store_restore_about(pal_ctx *ctx, const pal_container *container,
                                      const char *prefix, pal_log_about *about) {
    char key[96];
    store_name(key, prefix, "about");
    const char *text = pal_container_get(container, key);
    json_t *json = NULL;
    if (!text) return store_refuse(ctx, container, prefix, "header is missing");
    if (pal_json_parse(ctx, key, text, strlen(text), &json) != PAL_OK)
        return store_refuse(ctx, container, prefix, "header is not valid");
    int64_t n_users, n_items, targets;
    const json_t *types = json_object_get(json, "types");
    bool valid = store_read_count(json, "n_users", 0, INT32_MAX, &n_users) &&
                 store_read_count(json, "n_items", 0, INT32_MAX, &n_items) &&
                 store_read_count(json, "target_types", 1, UINT32_MAX, &targets) &&
                 json_is_array(types) && json_array_size(types) <= PAL_TYPES_MAX;
    if (valid) {
        about->n_users = (int32_t)n_users;
        about->n_items = (int32_t)n_items;
        about->n_types = (int32_t)json_array_size(types);
        about->target_types = (uint32_t)targets;
        about->values_are_ratings = json_is_true(json_object_get(json, "values_are_ratings"));
        snprintf(about->value_name, sizeof about->value_name, "%s",
                 pal_json_text_at(json, "value_name", ""));
        for (int32_t t = 0; t < about->n_types; t++) {
            const char *name = json_string_value(json_array_get(types, (size_t)t));
            snprintf(about->type_names[t], PAL_NAME_MAX, "%s", name ? name : "");
        }
    }
    json_decref(json);
    return valid ? PAL_OK : store_refuse(ctx, container, prefix, "header is not valid");
}

/* An optional array of the log: NULL when the file has none. */
static pal_status store_find_optional(pal_ctx *ctx, const pal_container *container,
                                      const char *prefix, const char *name, pal_dtype dtype,
                                      int64_t n, const void **out) {
    char full[96];
    store_name(full, prefix, name);
    *out = NULL;
    if (!pal_container_look(container, full)) return PAL_OK;
    const pal_stored *tensor;
    TRY(pal_container_find(ctx, container, full, dtype, 1, &tensor));
    if (tensor->dims[0] != n)
        return store_refuse(ctx, container, prefix, "arrays differ in length");
    *out = tensor->data;
    return PAL_OK;
}

/* NULL, or what is wrong. */
static const char *store_check_log(const pal_log *log) {
    if ((log->types != NULL) != (log->about.n_types > 0))
        return "event types have no names, or names no events";
    if (log->starts[0] != 0 || log->starts[log->n_users] != log->n_events)
        return "row starts are not valid";
    for (int32_t u = 0; u < log->n_users; u++) {
        if (log->starts[u + 1] < log->starts[u] || log->starts[u + 1] > log->n_events)
            return "row starts are not valid";
        for (int64_t e = log->starts[u] + 1; log->times && e < log->starts[u + 1]; e++) {
            if (log->times[e] < log->times[e - 1]) return "times are not in order";
        }
    }
    for (int64_t e = 0; e < log->n_events; e++) {
        if (log->items[e] < 0 || log->items[e] >= log->n_items) return "items are out of range";
        if (log->types && log->types[e] >= log->about.n_types)
            return "event types are out of range";
        if (log->values && !isfinite(log->values[e])) return "values are not finite";
        if (log->weights && !(log->weights[e] > 0 && isfinite(log->weights[e])))
            return "weights are not above 0";
        if (log->times && (log->times[e] < 0 || log->times[e] > PAL_TIME_MAX))
            return "times are out of range";
    }
    return NULL;
}

/* The log as it lies in the file, checked; arrays point into the container. */
static pal_status store_view_log(pal_ctx *ctx, const pal_container *container, const char *prefix,
                                 pal_log *view) {
    TRY(store_restore_about(ctx, container, prefix, &view->about));
    const pal_stored *starts, *items;
    TRY(store_find(ctx, container, prefix, "starts", PAL_I64, &starts));
    TRY(store_find(ctx, container, prefix, "items", PAL_I32, &items));
    view->n_users = view->about.n_users;
    view->n_items = view->about.n_items;
    view->n_events = items->dims[0];
    if (starts->dims[0] != (int64_t)view->n_users + 1)
        return store_refuse(ctx, container, prefix, "row starts are not valid");
    view->starts = starts->data;
    view->items = items->data;
    int64_t n = view->n_events;
    TRY(store_find_optional(ctx, container, prefix, "values", PAL_F32, n,
                            (const void **)&view->values));
    TRY(store_find_optional(ctx, container, prefix, "times", PAL_I64, n,
                            (const void **)&view->times));
    TRY(store_find_optional(ctx, container, prefix, "types", PAL_U8, n,
                            (const void **)&view->types));
    TRY(store_find_optional(ctx, container, prefix, "weights", PAL_F32, n,
                            (const void **)&view->weights));
    const char *wrong = store_check_log(view);
    return wrong ? store_refuse(ctx, container, prefix, wrong) : PAL_OK;
}

pal_status pal_log_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                           const pal_ids *user_ids, const pal_ids *item_ids, pal_log *out) {
    pal_log view = {0};
    TRY(store_view_log(ctx, container, prefix, &view));
    if (view.n_users > user_ids->n || view.n_items > item_ids->n)
        return store_refuse(ctx, container, prefix, "log has more rows than ids");
    view.about.user_ids = user_ids;
    view.about.item_ids = item_ids;
    pal_arena scratch = {0};
    uint8_t *keep = PAL_ARENA_ARRAY(&scratch, uint8_t, view.n_events);
    pal_status status = keep ? PAL_OK : pal_fail_memory(ctx, "the log", (double)view.n_events);
    if (keep) memset(keep, 1, (size_t)view.n_events);
    /* Events are in order already, so that selecting all of them is a copy. */
    if (status == PAL_OK) status = pal_log_select(ctx, &view, keep, NULL, NULL, &view.about, out);
    pal_arena_release(&scratch);
    return status;
}

/* --- catalogs: the ids, and the cells of all columns one after the other --- */

/* The columns that are stored: all, or the title alone. */
typedef struct {
    int32_t first, n;
} store_columns;

static pal_status store_cells(pal_ctx *ctx, const pal_catalog *catalog, store_columns columns,
                              const char *prefix, pal_container *container) {
    int64_t n_rows = catalog->ids.n, n = columns.n * n_rows;
    int64_t *offsets = PAL_ARENA_ARRAY(&container->arena, int64_t, n + 1);
    if (!offsets) return pal_fail_memory(ctx, "the catalog", 8.0 * (double)n);
    for (int64_t i = 0; i < n; i++) {
        const char *cell = catalog->columns[columns.first + i / n_rows].cells[i % n_rows];
        offsets[i + 1] = offsets[i] + (int64_t)strlen(cell) + 1;
    }
    char *bytes = PAL_ARENA_ARRAY(&container->arena, char, offsets[n]);
    if (!bytes) return pal_fail_memory(ctx, "the catalog", (double)offsets[n]);
    for (int64_t i = 0; i < n; i++) {
        const char *cell = catalog->columns[columns.first + i / n_rows].cells[i % n_rows];
        memcpy(bytes + offsets[i], cell, (size_t)(offsets[i + 1] - offsets[i]));
    }
    TRY(store_add(ctx, container, prefix, "cells/offsets", PAL_I64, n + 1, offsets));
    return store_add(ctx, container, prefix, "cells/bytes", PAL_U8, offsets[n], bytes);
}

/* Names and types; what the types promise is made anew from the cells. Readers from before there
 * were types see names, title and cells only. */
static json_t *store_describe_columns(const pal_catalog *catalog, store_columns columns) {
    json_t *names = json_array(), *types = json_array(), *separators = json_array();
    for (int32_t c = 0; c < columns.n; c++) {
        const pal_column *column = &catalog->columns[columns.first + c];
        json_array_append_new(names, pal_json_text(column->name));
        json_array_append_new(
            types,
            json_string(pal_feature_names[column->times ? PAL_FEATURE_TIMED : column->type]));
        json_array_append_new(separators, json_integer(column->separator));
    }
    return json_pack("{s:o, s:i, s:o, s:o}", "names", names, "title",
                     (int)(catalog->title - columns.first), "types", types, "separators",
                     separators);
}

pal_status pal_catalog_store(pal_ctx *ctx, const pal_catalog *catalog, bool titles_only,
                             const char *prefix, pal_container *container) {
    if (catalog->ids.n == 0 || (titles_only && catalog->title < 0)) return PAL_OK;
    store_columns columns = {.n = catalog->n_columns};
    if (titles_only) columns = (store_columns){.first = catalog->title, .n = 1};
    json_t *about = store_describe_columns(catalog, columns);
    char *text = about ? json_dumps(about, JSON_COMPACT) : NULL;
    char key[96];
    store_name(key, prefix, "columns");
    pal_status status = text ? pal_container_set(ctx, container, key, text)
                             : pal_fail_memory(ctx, "the catalog", 1e3);
    free(text);
    json_decref(about);
    TRY(status);
    TRY(pal_ids_store(ctx, &catalog->ids, catalog->ids.n, prefix, container));
    TRY(store_cells(ctx, catalog, columns, prefix, container));
    for (int32_t c = 0; !titles_only && c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        if (!column->vectors) continue;
        char full[96], name[32];
        snprintf(name, sizeof name, "vectors%d", c);
        store_name(full, prefix, name);
        TRY(pal_container_add(ctx, container, full, PAL_F32, 2,
                              (const int64_t[]){catalog->ids.n, column->n_dims}, column->vectors));
    }
    return PAL_OK;
}

static pal_status store_restore_cells(pal_ctx *ctx, const pal_container *container,
                                      const char *prefix, pal_catalog *catalog) {
    const pal_stored *offsets, *bytes;
    TRY(store_find(ctx, container, prefix, "cells/offsets", PAL_I64, &offsets));
    TRY(store_find(ctx, container, prefix, "cells/bytes", PAL_U8, &bytes));
    int64_t n_rows = catalog->ids.n, n = catalog->n_columns * n_rows;
    const int64_t *at = offsets->data;
    if (offsets->dims[0] != n + 1 || !store_texts_are_valid(bytes->data, bytes->dims[0], at, n)) {
        return store_refuse(ctx, container, prefix, "cells are not valid");
    }
    char *copy = PAL_ARENA_ARRAY(&catalog->arena, char, bytes->dims[0]);
    const char **cells = PAL_ARENA_ARRAY(&catalog->arena, const char *, n);
    if (!copy || !cells) return pal_fail_memory(ctx, "the catalog", (double)bytes->dims[0]);
    if (n) memcpy(copy, bytes->data, (size_t)bytes->dims[0]);
    for (int64_t i = 0; i < n; i++) cells[i] = copy + at[i];
    for (int32_t c = 0; c < catalog->n_columns; c++) catalog->columns[c].cells = cells + c * n_rows;
    return PAL_OK;
}

/* Files from before there were types have none: they are guessed when the catalog is settled. */
static pal_status store_restore_types(pal_ctx *ctx, const pal_container *container,
                                      const char *prefix, const json_t *about,
                                      pal_catalog *catalog) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        pal_column *column = &catalog->columns[c];
        const char *name =
            json_string_value(json_array_get(json_object_get(about, "types"), (size_t)c));
        json_int_t separator =
            json_integer_value(json_array_get(json_object_get(about, "separators"), (size_t)c));
        for (int32_t t = 0; name && pal_feature_names[t]; t++) {
            if (!strcmp(pal_feature_names[t], name)) column->type = (pal_feature_type)t;
        }
        if (separator > 0 && separator < 0x80) column->separator = (char)separator;
        char full[96], tensor[32];
        snprintf(tensor, sizeof tensor, "vectors%d", c);
        store_name(full, prefix, tensor);
        if (column->type != PAL_FEATURE_VECTOR || !pal_container_look(container, full)) continue;
        const pal_stored *stored;
        TRY(pal_container_find(ctx, container, full, PAL_F32, 2, &stored));
        int64_t n = stored->dims[0] * stored->dims[1];
        if (stored->dims[0] != catalog->ids.n || stored->dims[1] < 1 || stored->dims[1] > INT32_MAX)
            return store_refuse(ctx, container, prefix, "vectors are not one a row");
        const float *from = stored->data;
        for (int64_t i = 0; i < n; i++) {
            if (!isfinite(from[i]))
                return store_refuse(ctx, container, prefix, "vectors are not finite");
        }
        float *vectors = PAL_ARENA_ARRAY(&catalog->arena, float, n);
        if (!vectors) return pal_fail_memory(ctx, "the catalog's vectors", 4.0 * (double)n);
        memcpy(vectors, from, (size_t)n * sizeof *vectors);
        column->n_dims = (int32_t)stored->dims[1];
        column->vectors = vectors;
    }
    return PAL_OK;
}

static pal_status store_restore_catalog(pal_ctx *ctx, const pal_container *container,
                                        const char *prefix, const json_t *about,
                                        pal_catalog *catalog) {
    const json_t *names = json_object_get(about, "names");
    int64_t title;
    if (!json_is_array(names) || json_array_size(names) > INT32_MAX ||
        !store_read_count(about, "title", -1, (int64_t)json_array_size(names) - 1, &title)) {
        return store_refuse(ctx, container, prefix, "columns are not valid");
    }
    TRY(pal_ids_restore(ctx, container, prefix, &catalog->ids));
    catalog->title = (int32_t)title;
    catalog->n_columns = (int32_t)json_array_size(names);
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, catalog->n_columns);
    if (!catalog->columns) return pal_fail_memory(ctx, "the catalog", 1e3);
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const char *name = json_string_value(json_array_get(names, (size_t)c));
        snprintf(catalog->columns[c].name, sizeof catalog->columns[c].name, "%s", name ? name : "");
    }
    TRY(store_restore_cells(ctx, container, prefix, catalog));
    return store_restore_types(ctx, container, prefix, about, catalog);
}

pal_status pal_catalog_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                               pal_catalog *out) {
    pal_catalog catalog = {.title = -1};
    char key[96];
    store_name(key, prefix, "columns");
    const char *text = pal_container_get(container, key);
    if (text) {
        json_t *about;
        if (pal_json_parse(ctx, key, text, strlen(text), &about) != PAL_OK)
            return store_refuse(ctx, container, prefix, "columns are not valid");
        pal_status status = store_restore_catalog(ctx, container, prefix, about, &catalog);
        json_decref(about);
        if (status != PAL_OK) {
            pal_catalog_release(&catalog);
            return status;
        }
    }
    *out = catalog;
    return PAL_OK;
}

/* --- searches: where each user's start, times, parts and texts --- */

pal_status pal_searches_store(pal_ctx *ctx, const pal_searches *searches, const char *prefix,
                              pal_container *container) {
    int64_t n = searches->n;
    if (n == 0) return PAL_OK;
    TRY(store_add(ctx, container, prefix, "starts", PAL_I64, (int64_t)searches->n_users + 1,
                  searches->starts));
    TRY(store_add(ctx, container, prefix, "times", PAL_I64, n, searches->times));
    TRY(store_add(ctx, container, prefix, "parts", PAL_U8, n, searches->parts));
    TRY(store_add(ctx, container, prefix, "offsets", PAL_I64, n + 1, searches->offsets));
    return store_add(ctx, container, prefix, "bytes", PAL_U8, searches->offsets[n],
                     searches->bytes);
}

/* NULL, or what is wrong. */
static const char *store_check_searches(const pal_searches *searches, int64_t n_bytes,
                                        int32_t n_parts) {
    const int64_t *starts = searches->starts;
    if (!store_texts_are_valid(searches->bytes, n_bytes, searches->offsets, searches->n))
        return "texts of searches are not valid";
    if (starts[0] != 0 || starts[searches->n_users] != searches->n)
        return "row starts are not valid";
    for (int32_t u = 0; u < searches->n_users; u++) {
        if (starts[u + 1] < starts[u] || starts[u + 1] > searches->n)
            return "row starts are not valid";
    }
    for (int64_t i = 0; i < searches->n; i++) {
        if (searches->times[i] < 0 || searches->times[i] > PAL_TIME_MAX)
            return "times are out of range";
        if (searches->parts[i] >= n_parts) return "parts are out of range";
    }
    return NULL;
}

pal_status pal_searches_restore(pal_ctx *ctx, const pal_container *container, const char *prefix,
                                int32_t n_users, int32_t n_parts, pal_searches *out) {
    char full[96];
    store_name(full, prefix, "starts");
    if (!pal_container_look(container, full)) return PAL_OK;
    const pal_stored *starts, *times, *parts, *offsets, *bytes;
    TRY(store_find(ctx, container, prefix, "starts", PAL_I64, &starts));
    TRY(store_find(ctx, container, prefix, "times", PAL_I64, &times));
    TRY(store_find(ctx, container, prefix, "parts", PAL_U8, &parts));
    TRY(store_find(ctx, container, prefix, "offsets", PAL_I64, &offsets));
    TRY(store_find(ctx, container, prefix, "bytes", PAL_U8, &bytes));
    const pal_searches view = {.n_users = n_users,
                               .n = times->dims[0],
                               .starts = starts->data,
                               .times = times->data,
                               .parts = parts->data,
                               .offsets = offsets->data,
                               .bytes = bytes->data};
    if (starts->dims[0] != (int64_t)n_users + 1 || parts->dims[0] != view.n ||
        offsets->dims[0] != view.n + 1)
        return store_refuse(ctx, container, prefix, "arrays differ in length");
    const char *wrong = store_check_searches(&view, bytes->dims[0], n_parts);
    if (wrong) return store_refuse(ctx, container, prefix, wrong);
    pal_arena scratch = {0};
    int32_t *rows = PAL_ARENA_ARRAY(&scratch, int32_t, n_users);
    for (int32_t u = 0; rows && u < n_users; u++) rows[u] = u;
    const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS};
    pal_status status = rows ? pal_searches_select(ctx, &view, rows, n_users, &all, out)
                             : pal_fail_memory(ctx, "searches", 4.0 * n_users);
    pal_arena_release(&scratch);
    return status;
}
