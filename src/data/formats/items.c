/* items.c - catalogs of items and profiles of users from lines of fields; JSON lines are left to
 * items_jsonl.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/jsonl_scan.h"
#include "data/formats/lines.h"

/* A copy of the file as UTF-8 that the catalog owns. */
static pal_status catalog_copy(pal_ctx *ctx, const char *path, const pal_bytes *bytes,
                               bool is_latin1, pal_arena *arena, pal_bytes *out) {
    size_t n = bytes->length;
    char *copy = pal_arena_alloc(arena, (int64_t)(is_latin1 ? 2 * n : n) + 1, 1);
    if (!copy) return pal_fail_memory(ctx, path, 2.0 * (double)n);
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes->bytes[i];
        if (is_latin1 && c >= 0x80) {
            copy[length++] = (char)(0xC0 | c >> 6);
            copy[length++] = (char)(0x80 | (c & 0x3F));
        } else {
            copy[length++] = (char)c;
        }
    }
    *out = (pal_bytes){.bytes = copy, .length = length};
    return PAL_OK;
}

static int32_t catalog_count_lines(const pal_bytes *bytes) {
    int64_t lines = 1;
    for (const char *c = bytes->bytes, *end = c + bytes->length;
         c < end && (c = memchr(c, '\n', (size_t)(end - c))); c++)
        lines++;
    return lines < INT32_MAX ? (int32_t)lines : INT32_MAX;
}

typedef struct {
    pal_reader *reader;
    pal_catalog *catalog;
    const char ***cells; /* [n_columns] arrays of [capacity] */
    int32_t id, capacity;
    bool of_users;
} catalog_builder;

static int32_t catalog_column_named(const pal_catalog *catalog, const char *const *names) {
    for (int32_t i = 0; names[i]; i++) {
        for (int32_t c = 0; c < catalog->n_columns; c++) {
            if (pal_name_equal(catalog->columns[c].name, names[i])) return c;
        }
    }
    return -1;
}

int32_t pal_catalog_id_column(const pal_catalog *catalog, bool of_users) {
    int32_t column = 0, best = INT32_MAX;
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        int32_t rank = pal_column_name_rank(catalog->columns[c].name,
                                            of_users ? PAL_COLUMN_USER : PAL_COLUMN_ITEM);
        if (rank < 0 || rank >= best) continue;
        best = rank;
        column = c;
    }
    return column;
}

int32_t pal_catalog_title_column(const pal_catalog *catalog) {
    static const char *const titles[] = {"title",        "name", "movie_title", "item_name",
                                         "product_type", "path", "description", NULL};
    return catalog_column_named(catalog, titles);
}

/* What the typed header of RecBole says of a column; words of a title are text. */
static void catalog_read_type(const pal_field *field, pal_column *column) {
    static const struct {
        const char *suffix;
        pal_feature_type type;
        char separator;
    } types[] = {{":token", PAL_FEATURE_TOKEN, 0},
                 {":token_seq", PAL_FEATURE_SET, ' '},
                 {":float", PAL_FEATURE_NUMBER, 0},
                 {":float_seq", PAL_FEATURE_VECTOR, 0}};
    size_t n = (size_t)(field->end - field->begin);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t m = strlen(types[i].suffix);
        if (n <= m || memcmp(field->end - m, types[i].suffix, m)) continue;
        column->type = types[i].type;
        column->separator = types[i].separator;
    }
}

static pal_status catalog_start(catalog_builder *builder, const pal_field *header, int32_t n,
                                const char *const *names) {
    pal_catalog *catalog = builder->catalog;
    int32_t n_columns;
    for (n_columns = 0; names ? names[n_columns] != NULL : n_columns < n;) n_columns++;
    catalog->n_columns = n_columns;
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, n_columns);
    builder->cells = PAL_ARENA_ARRAY(&catalog->arena, const char **, n_columns);
    if (!catalog->columns || !builder->cells)
        return pal_fail_memory(builder->reader->ctx, "the catalog", 1e3);
    for (int32_t c = 0; c < n_columns; c++) {
        if (names) {
            strncpy(catalog->columns[c].name, names[c], sizeof catalog->columns[c].name - 1);
        } else {
            pal_column_name(&header[c], catalog->columns[c].name);
            catalog_read_type(&header[c], &catalog->columns[c]);
        }
        builder->cells[c] = PAL_ARENA_ARRAY(&catalog->arena, const char *, builder->capacity);
        if (!builder->cells[c])
            return pal_fail_memory(builder->reader->ctx, "the catalog", 8.0 * builder->capacity);
        catalog->columns[c].cells = builder->cells[c];
    }
    builder->id = pal_catalog_id_column(catalog, builder->of_users);
    catalog->columns[builder->id].type = PAL_FEATURE_ID;
    if (builder->of_users) return PAL_OK;
    catalog->title = pal_catalog_title_column(catalog);
    if (catalog->title >= 0 && catalog->columns[catalog->title].type == PAL_FEATURE_SET)
        catalog->columns[catalog->title].type = PAL_FEATURE_TEXT;
    return PAL_OK;
}

static pal_status catalog_add_line(catalog_builder *builder, const char *path, int64_t line,
                                   pal_field *fields, int32_t n) {
    pal_catalog *catalog = builder->catalog;
    if (builder->id >= n) {
        return pal_fail(builder->reader->ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": has %d columns, but the id is column %d", path, line, n,
                        builder->id + 1);
    }
    const pal_field *id = &fields[builder->id];
    size_t length = (size_t)(id->end - id->begin);
    if (length == 0 || length > PAL_ID_MAX || memchr(id->begin, '\0', length) ||
        pal_utf8_valid_prefix(id->begin, length) != length) {
        return pal_fail(builder->reader->ctx, PAL_EFORMAT,
                        "%s:%" PRId64 ": the %s id is empty, too long or not UTF-8", path, line,
                        builder->of_users ? "user" : "item");
    }
    int32_t before = catalog->ids.n, row = pal_ids_add(&catalog->ids, id->begin, length);
    if (row < 0) return pal_fail_memory(builder->reader->ctx, "the catalog", 1e9);
    if (row < before || row >= builder->capacity)
        return PAL_OK; /* said twice: the first line counts */
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        char *end = c < n ? (char *)(uintptr_t)fields[c].end : NULL;
        builder->cells[c][row] = end ? fields[c].begin : "";
        if (!end) continue;
        *end = '\0'; /* the catalog's own copy: a separator, quote or line end stood there */
        if (pal_utf8_valid_prefix(fields[c].begin, (size_t)(end - fields[c].begin)) !=
            (size_t)(end - fields[c].begin)) {
            builder->cells[c][row] = "";
            builder->reader->n_emptied++;
        }
    }
    return PAL_OK;
}

static pal_status catalog_read_lines(catalog_builder *builder, pal_lines *lines,
                                     const char *const *names) {
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n;
    bool started = false;
    for (;;) {
        pal_lines_result result = pal_lines_next(lines, fields, &n);
        if (result == PAL_LINES_END) return PAL_OK;
        if (result != PAL_LINES_LINE) return pal_lines_fail(builder->reader->ctx, lines, result);
        if (n > PAL_COLUMNS_MAX) n = PAL_COLUMNS_MAX;
        if (!started) {
            TRY(catalog_start(builder, fields, n, names));
            started = true;
            if (!names) continue;
        }
        TRY(catalog_add_line(builder, lines->path, lines->line, fields, n));
        /* Doubled quotes were copied to a buffer that the next line reuses: keep what the cells
         * point to. */
        if (lines->unquoted_length > 0) {
            char *kept =
                pal_arena_text(&builder->catalog->arena, lines->unquoted, lines->unquoted_length);
            if (!kept)
                return pal_fail_memory(builder->reader->ctx, "the catalog",
                                       (double)lines->unquoted_length);
            int32_t row = builder->catalog->ids.n - 1;
            for (int32_t c = 0; c < builder->catalog->n_columns; c++) {
                ptrdiff_t at = builder->cells[c][row] - lines->unquoted;
                if (at >= 0 && at < (ptrdiff_t)lines->unquoted_length)
                    builder->cells[c][row] = kept + at;
            }
        }
    }
}

void pal_catalog_tell_emptied(pal_reader *reader, const char *path) {
    if (reader->n_emptied)
        pal_data_find(reader->data, "%.150s: %" PRId64 " cells are not UTF-8 and were left empty",
                      path, reader->n_emptied);
    reader->n_emptied = 0;
}

pal_status pal_catalog_read(pal_reader *reader, const char *path, const pal_bytes *bytes,
                            const pal_catalog_dialect *dialect) {
    pal_catalog catalog = {.title = -1};
    pal_bytes copy;
    if (!dialect->names && !dialect->separator && pal_jsonl_begins(bytes->bytes, bytes->length))
        return pal_catalog_read_jsonl(reader, path, bytes, dialect->of_users);
    TRY(catalog_copy(reader->ctx, path, bytes, dialect->is_latin1, &catalog.arena, &copy));
    pal_dialect table = {.has_quotes = !dialect->names};
    if (dialect->separator) {
        strcpy(table.separator, dialect->separator);
    } else {
        pal_column_separator(&copy, &table);
    }
    pal_lines lines;
    pal_lines_start(&lines, path, &copy, &table);
    lines.tolerates_quotes = true;
    catalog_builder builder = {.reader = reader,
                               .catalog = &catalog,
                               .capacity = catalog_count_lines(&copy),
                               .of_users = dialect->of_users};
    pal_status status = pal_lines_unquote(&lines)
                            ? catalog_read_lines(&builder, &lines, dialect->names)
                            : pal_fail_memory(reader->ctx, path, PAL_LINE_MAX);
    free(lines.unquoted);
    if (status != PAL_OK) {
        pal_catalog_release(&catalog);
        return status;
    }
    pal_catalog_tell_emptied(reader, path);
    pal_catalog *to = dialect->of_users ? &reader->data->users : &reader->data->catalog;
    pal_catalog_release(to);
    *to = catalog;
    return PAL_OK;
}

pal_status pal_catalog_read_beside(pal_reader *reader, const char *folder, const char *name,
                                   const pal_catalog_dialect *dialect) {
    char *path = pal_path_join(&reader->data->arena, folder, name);
    if (!path) return pal_fail_memory(reader->ctx, folder, 1);
    if (!pal_path_exists(path)) return PAL_OK;
    pal_bytes bytes;
    TRY(pal_file_read(reader->ctx, path, &bytes));
    pal_status status = pal_catalog_read(reader, path, &bytes, dialect);
    pal_bytes_release(&bytes);
    return status;
}
