/* items_jsonl.c - catalogs from JSON lines, one object an item: Amazon's metadata (asin or
 * parent_asin, title, price, categories, brand or store), or any keys.
 *
 * Cells are written to one buffer of the file's length: what a value stands for is never longer
 * than the value with its quotes and the comma or bracket behind it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/jsonl_scan.h"
#include "data/formats/lines.h"

typedef struct {
    pal_reader *reader;
    const char *path;
    pal_jsonl_lines lines;
    pal_catalog *catalog;
    const char ***cells; /* [n_columns] arrays of [capacity] */
    int32_t id, capacity;
    bool of_users;
    char *free; /* where the next cell goes */
} things_file;

static pal_status things_fail(const things_file *file, const pal_jsonl_cursor *cursor,
                              const char *begin) {
    if (cursor->is_python) {
        return pal_fail(file->reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s", file->path,
                        file->lines.line, pal_jsonl_python);
    }
    return pal_fail(file->reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s, at byte %d of the line",
                    file->path, file->lines.line, cursor->wrong, (int)(cursor->at - begin) + 1);
}

/* --- columns: every key that is met, until there are too many --- */

static void things_key(const pal_jsonl_value *key, char out[PAL_NAME_MAX]) {
    ptrdiff_t n = pal_jsonl_decode(key, out, PAL_NAME_MAX - 1);
    size_t length = n > 0 ? (size_t)n : 0;
    const char *stop = memchr(out, '\0', length);
    if (stop) length = (size_t)(stop - out);
    out[pal_utf8_valid_prefix(out, length)] = '\0';
}

static int32_t things_find_column(const pal_catalog *catalog, const char *name) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        if (!strcmp(catalog->columns[c].name, name)) return c;
    }
    return -1;
}

static pal_status things_collect(things_file *file) {
    pal_catalog *catalog = file->catalog;
    pal_jsonl_cursor cursor;
    int64_t n_lines = 0;
    while (pal_jsonl_lines_next(&file->lines, &cursor)) {
        pal_jsonl_value key, value;
        const char *begin = cursor.at;
        pal_jsonl_result result;
        while ((result = pal_jsonl_next(&cursor, &key, &value)) == PAL_JSONL_MEMBER) {
            char name[PAL_NAME_MAX];
            things_key(&key, name);
            if (catalog->n_columns == PAL_COLUMNS_MAX || things_find_column(catalog, name) >= 0)
                continue;
            strcpy(catalog->columns[catalog->n_columns++].name, name);
        }
        if (result != PAL_JSONL_END) return things_fail(file, &cursor, begin);
        n_lines++;
    }
    file->capacity = n_lines < INT32_MAX ? (int32_t)n_lines : INT32_MAX;
    return PAL_OK;
}

/* --- cells --- */

/* The texts and numbers of a list, also of lists in it, with `joint` between them; nothing of a
 * list that holds objects. `value` is what the scanner found whole. */
static size_t things_join(const pal_jsonl_value *value, char joint, char *out, bool *is_wrong) {
    size_t n = 0;
    for (const char *at = value->begin; at < value->end;) {
        pal_jsonl_value part = {.begin = at + 1, .type = PAL_JSONL_TEXT, .has_escapes = true};
        if (*at == '{') return 0;
        if (*at == '"') {
            const char *stop = part.begin;
            while (*stop != '"') stop += *stop == '\\' ? 2 : 1;
            part.end = stop;
            at = stop + 1;
        } else if (strchr("[], \t\r\n", *at)) {
            at++;
            continue;
        } else {
            part.begin = at;
            while (at < value->end && !strchr("[], \t\r\n", *at)) at++;
            part.end = at;
        }
        if (part.begin == part.end ||
            (part.end - part.begin == 4 && !memcmp(part.begin, "null", 4)))
            continue;
        if (n) out[n++] = joint;
        ptrdiff_t length = pal_jsonl_decode(&part, out + n, (size_t)(part.end - part.begin));
        if (length < 0) {
            *is_wrong = true;
            return 0;
        }
        for (ptrdiff_t i = 0; i < length; i++) {
            if (out[n + (size_t)i] == '|' && joint == '|') out[n + (size_t)i] = '/';
        }
        n += (size_t)length;
    }
    return n;
}

/* Lists under these names are sentences, not labels. */
static bool things_are_sentences(const char *name) {
    return pal_name_equal(name, "description") || pal_name_equal(name, "feature") ||
           pal_name_equal(name, "features");
}

/* Writes what the value stands for, ended by a NUL. */
static const char *things_write(things_file *file, const char *name, const pal_jsonl_value *value,
                                bool *is_wrong) {
    char *cell = file->free;
    size_t n = (size_t)(value->end - value->begin);
    bool is_null = value->type == PAL_JSONL_WORD && n == 4 && !memcmp(value->begin, "null", 4);
    if (value->type == PAL_JSONL_NESTED) {
        n = *value->begin == '['
                ? things_join(value, things_are_sentences(name) ? ' ' : '|', cell, is_wrong)
                : 0;
    } else if (is_null) {
        n = 0;
    } else if (value->has_escapes) {
        ptrdiff_t length = pal_jsonl_decode(value, cell, n);
        *is_wrong |= length < 0;
        n = length < 0 ? 0 : (size_t)length;
    } else {
        memcpy(cell, value->begin, n);
    }
    if (memchr(cell, '\0', n) || pal_utf8_valid_prefix(cell, n) != n) {
        file->reader->n_emptied++;
        n = 0;
    }
    cell[n] = '\0';
    file->free += n + 1;
    return cell;
}

static pal_status things_add(things_file *file, const char *const *found) {
    pal_ctx *ctx = file->reader->ctx;
    pal_catalog *catalog = file->catalog;
    const char *id = found[file->id];
    size_t length = id ? strlen(id) : 0;
    if (length == 0 || length > PAL_ID_MAX) {
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": the %s id \"%s\" is missing, empty, too long or not UTF-8",
                        file->path, file->lines.line, file->of_users ? "user" : "item",
                        catalog->columns[file->id].name);
    }
    int32_t before = catalog->ids.n, row = pal_ids_add(&catalog->ids, id, length);
    if (row < 0) return pal_fail_memory(ctx, "the catalog", 1e9);
    if (row < before || row >= file->capacity) return PAL_OK; /* the first line counts */
    for (int32_t c = 0; c < catalog->n_columns; c++) file->cells[c][row] = found[c] ? found[c] : "";
    return PAL_OK;
}

static pal_status things_read_line(things_file *file, pal_jsonl_cursor *cursor) {
    const char *found[PAL_COLUMNS_MAX] = {NULL}, *begin = cursor->at;
    pal_jsonl_value key, value;
    while (pal_jsonl_next(cursor, &key, &value) == PAL_JSONL_MEMBER) {
        char name[PAL_NAME_MAX];
        bool is_wrong = false;
        things_key(&key, name);
        int32_t c = things_find_column(file->catalog, name);
        if (c < 0) continue;
        found[c] = things_write(file, name, &value, &is_wrong);
        if (!is_wrong) continue;
        return pal_fail(file->reader->ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": expected \\n, \\\", \\u00e9 or another escape of JSON in "
                        "\"%s\", at byte %d of the line",
                        file->path, file->lines.line, name, (int)(value.begin - begin) + 1);
    }
    return things_add(file, found);
}

/* Columns in which nothing that can be used was found: images, details. */
static void things_drop_empty(pal_catalog *catalog) {
    int32_t kept = 0;
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        bool is_empty = true;
        for (int32_t i = 0; is_empty && i < catalog->ids.n; i++)
            is_empty = *catalog->columns[c].cells[i] == '\0';
        if (!is_empty) catalog->columns[kept++] = catalog->columns[c];
    }
    catalog->n_columns = kept;
}

static pal_status things_read(things_file *file, const pal_bytes *bytes) {
    pal_catalog *catalog = file->catalog;
    pal_ctx *ctx = file->reader->ctx;
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, PAL_COLUMNS_MAX);
    file->cells = PAL_ARENA_ARRAY(&catalog->arena, const char **, PAL_COLUMNS_MAX);
    file->free = PAL_ARENA_ARRAY(&catalog->arena, char, (int64_t)bytes->length + 1);
    if (!catalog->columns || !file->cells || !file->free)
        return pal_fail_memory(ctx, file->path, (double)bytes->length);
    file->lines = pal_jsonl_lines_of(bytes->bytes, bytes->length);
    TRY(things_collect(file));
    if (catalog->n_columns == 0)
        return pal_fail(ctx, PAL_EFORMAT, "%s: its objects have no keys", file->path);
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        file->cells[c] = PAL_ARENA_ARRAY(&catalog->arena, const char *, file->capacity);
        if (!file->cells[c]) return pal_fail_memory(ctx, file->path, 8.0 * file->capacity);
        catalog->columns[c].cells = file->cells[c];
    }
    file->id = pal_catalog_id_column(catalog, file->of_users);
    catalog->columns[file->id].type = PAL_FEATURE_ID;
    file->lines = pal_jsonl_lines_of(bytes->bytes, bytes->length);
    for (pal_jsonl_cursor cursor; pal_jsonl_lines_next(&file->lines, &cursor);)
        TRY(things_read_line(file, &cursor));
    things_drop_empty(catalog);
    catalog->title = file->of_users ? -1 : pal_catalog_title_column(catalog);
    return PAL_OK;
}

pal_status pal_catalog_read_jsonl(pal_reader *reader, const char *path, const pal_bytes *bytes,
                                  bool of_users) {
    pal_catalog catalog = {.title = -1};
    things_file file = {.reader = reader, .path = path, .catalog = &catalog, .of_users = of_users};
    pal_status status = things_read(&file, bytes);
    if (status != PAL_OK) {
        pal_catalog_release(&catalog);
        return status;
    }
    pal_catalog_tell_emptied(reader, path);
    pal_catalog *to = of_users ? &reader->data->users : &reader->data->catalog;
    pal_catalog_release(to);
    *to = catalog;
    return PAL_OK;
}
