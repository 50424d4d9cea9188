/* jsonl.c - JSON lines, one object an event: reviews of Amazon (2014, 2018, 2023) and Yelp,
 * feedback of servers, or any keys whose names say what they hold (columns.c). */
#include <inttypes.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/jsonl_scan.h"
#include "data/formats/lines.h"

enum { JSONL_DECODED_MAX = PAL_ID_MAX + 8 }; /* longer than any id that is accepted */

typedef struct {
    const char *path;
    pal_jsonl_lines lines;
    pal_dialect dialect;             /* columns are indices into keys */
    pal_field keys[PAL_COLUMNS_MAX]; /* keys met in the first lines, decoded */
    int32_t n_keys;
    char decoded[PAL_COLUMN_ROLES][JSONL_DECODED_MAX]; /* values of this line that had escapes */
} jsonl_file;

/* A key as bytes; one with escapes is decoded into `decoded`. */
static pal_field jsonl_key(const pal_jsonl_value *key, char decoded[JSONL_DECODED_MAX]) {
    if (!key->has_escapes) return (pal_field){key->begin, key->end};
    ptrdiff_t n = pal_jsonl_decode(key, decoded, JSONL_DECODED_MAX);
    return (pal_field){decoded, decoded + (n > 0 ? n : 0)};
}

static bool jsonl_same(const pal_field *a, const pal_field *b) {
    size_t n = (size_t)(a->end - a->begin);
    return (size_t)(b->end - b->begin) == n && !memcmp(a->begin, b->begin, n);
}

/* --- which key is what --- */

static pal_status jsonl_collect_key(pal_reader *reader, jsonl_file *file,
                                    const pal_jsonl_value *key) {
    char decoded[JSONL_DECODED_MAX];
    pal_field name = jsonl_key(key, decoded);
    for (int32_t k = 0; k < file->n_keys; k++) {
        if (jsonl_same(&file->keys[k], &name)) return PAL_OK;
    }
    if (file->n_keys == PAL_COLUMNS_MAX) return PAL_OK;
    if (name.begin == decoded) {
        size_t n = (size_t)(name.end - name.begin);
        name.begin = pal_arena_text(&reader->data->arena, decoded, n);
        if (!name.begin) return pal_fail_memory(reader->ctx, file->path, 1);
        name.end = name.begin + n;
    }
    file->keys[file->n_keys++] = name;
    return PAL_OK;
}

static pal_status jsonl_fail(pal_reader *reader, const jsonl_file *file,
                             const pal_jsonl_cursor *cursor, const char *line_begin) {
    if (cursor->is_python)
        return pal_reader_bad_line(reader, file->path, file->lines.line, "%s", pal_jsonl_python);
    bool is_cut = cursor->at == cursor->end;
    return pal_reader_bad_line(reader, file->path, file->lines.line, "%s, at byte %d of the line%s",
                               cursor->wrong, (int)(cursor->at - line_begin) + 1,
                               is_cut ? ": JSON lines have one object a line, as jq -c . writes it"
                                      : "");
}

/* The keys of the first lines, in the order of their first appearance. */
static pal_status jsonl_collect_keys(pal_reader *reader, jsonl_file *file) {
    enum { LINES = 20 };
    pal_jsonl_cursor cursor;
    for (int32_t line = 0; line < LINES && pal_jsonl_lines_next(&file->lines, &cursor); line++) {
        pal_jsonl_value key, value;
        const char *begin = cursor.at;
        pal_jsonl_result result;
        while ((result = pal_jsonl_next(&cursor, &key, &value)) == PAL_JSONL_MEMBER)
            TRY(jsonl_collect_key(reader, file, &key));
        if (result == PAL_JSONL_END) continue;
        if (cursor.is_python) {
            return pal_fail(reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s", file->path,
                            file->lines.line, pal_jsonl_python);
        }
        if (reader->options->bad_lines == 0) return jsonl_fail(reader, file, &cursor, begin);
    }
    if (file->n_keys < 2) {
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: the first lines are no objects with at least two keys, user and item: "
                        "JSON lines have one object an event",
                        file->path);
    }
    return PAL_OK;
}

/* --- events --- */

static bool jsonl_is_nothing(const pal_jsonl_value *value) {
    return value->type == PAL_JSONL_MISSING || value->begin == value->end ||
           (value->type == PAL_JSONL_WORD && *value->begin == 'n');
}

/* A value as the field of its role. *bad is set when the line was refused and counted. */
static pal_status jsonl_field(pal_reader *reader, jsonl_file *file, int role,
                              const pal_jsonl_value *value, pal_field *out, bool *bad) {
    const pal_field *key = &file->keys[file->dialect.columns[role]];
    int length = key->end - key->begin < 60 ? (int)(key->end - key->begin) : 60;
    *bad = true;
    /* An event may have an item or a text; a search has no value. */
    if (reader->has_texts && role != PAL_COLUMN_USER && role != PAL_COLUMN_TIME &&
        jsonl_is_nothing(value)) {
        *out = (pal_field){"", ""};
        *bad = false;
        return PAL_OK;
    }
    if (value->type == PAL_JSONL_MISSING) {
        return pal_reader_bad_line(
            reader, file->path, file->lines.line, "expected the key \"%.*s\", which holds the %s",
            length, key->begin, pal_column_roles[role] ? pal_column_roles[role] : "value");
    }
    if (value->type == PAL_JSONL_WORD || value->type == PAL_JSONL_NESTED) {
        int shown = value->end - value->begin < 40 ? (int)(value->end - value->begin) : 40;
        return pal_reader_bad_line(reader, file->path, file->lines.line,
                                   "expected text or a number in \"%.*s\", not %.*s", length,
                                   key->begin, shown, value->begin);
    }
    *out = (pal_field){value->begin, value->end};
    if (value->has_escapes) {
        ptrdiff_t n = pal_jsonl_decode(value, file->decoded[role], JSONL_DECODED_MAX);
        if (n < 0) {
            return pal_reader_bad_line(reader, file->path, file->lines.line,
                                       "expected \\n, \\\", \\u00e9 or another escape of JSON in "
                                       "\"%.*s\"",
                                       length, key->begin);
        }
        *out = (pal_field){file->decoded[role], file->decoded[role] + n};
    }
    *bad = false;
    return PAL_OK;
}

/* The values of a line by role; of a key that stands twice the last one counts. */
static pal_jsonl_result jsonl_scan(const jsonl_file *file, pal_jsonl_cursor *cursor,
                                   pal_jsonl_value values[PAL_COLUMN_ROLES]) {
    pal_jsonl_value key, value;
    char decoded[JSONL_DECODED_MAX];
    memset(values, 0, PAL_COLUMN_ROLES * sizeof *values);
    for (;;) {
        pal_jsonl_result result = pal_jsonl_next(cursor, &key, &value);
        if (result != PAL_JSONL_MEMBER) return result;
        pal_field name = jsonl_key(&key, decoded);
        for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
            int32_t k = file->dialect.columns[role];
            if (k >= 0 && jsonl_same(&file->keys[k], &name)) values[role] = value;
        }
    }
}

static pal_status jsonl_read_line(pal_reader *reader, jsonl_file *file, pal_jsonl_cursor *cursor,
                                  pal_field fields[PAL_COLUMN_ROLES]) {
    const char *begin = cursor->at;
    pal_jsonl_value values[PAL_COLUMN_ROLES];
    if (jsonl_scan(file, cursor, values) == PAL_JSONL_WRONG)
        return jsonl_fail(reader, file, cursor, begin);
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        bool bad;
        fields[role] = (pal_field){0};
        if (file->dialect.columns[role] < 0) continue;
        TRY(jsonl_field(reader, file, role, &values[role], &fields[role], &bad));
        if (bad) return PAL_OK;
    }
    return pal_reader_add(reader, file->path, file->lines.line, fields);
}

/* A key of words under a telling name is one of searches where an early line has words and no
 * item. */
static void jsonl_guess_text(jsonl_file *file, const pal_bytes *bytes) {
    enum { LINES = 1000 };
    int32_t *text = &file->dialect.columns[PAL_COLUMN_TEXT];
    if (*text >= 0) return;
    *text = pal_columns_name_text(file->keys, file->n_keys, &file->dialect);
    if (*text < 0) return;
    file->lines = pal_jsonl_lines_of(bytes->bytes, bytes->length);
    pal_jsonl_cursor cursor;
    for (int32_t line = 0; line < LINES && pal_jsonl_lines_next(&file->lines, &cursor); line++) {
        pal_jsonl_value values[PAL_COLUMN_ROLES];
        if (jsonl_scan(file, &cursor, values) == PAL_JSONL_END &&
            jsonl_is_nothing(&values[PAL_COLUMN_ITEM]) &&
            !jsonl_is_nothing(&values[PAL_COLUMN_TEXT]))
            return;
    }
    *text = -1;
}

static bool jsonl_recognizes(const char *path, const pal_bytes *bytes) {
    (void)path;
    return bytes && pal_jsonl_begins(bytes->bytes, bytes->length);
}

static pal_status jsonl_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (!bytes)
        return pal_fail(reader->ctx, PAL_EFORMAT,
                        "%s: is a folder: name the file of JSON lines in it", path);
    if (bytes->length == 0)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    jsonl_file file = {.path = path, .dialect = {.has_header = true}};
    pal_dialect *dialect = &file.dialect;
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) dialect->columns[role] = -1;
    file.lines = pal_jsonl_lines_of(bytes->bytes, bytes->length);
    TRY(jsonl_collect_keys(reader, &file));
    TRY(pal_columns_choose(reader, path, file.keys, file.n_keys, dialect));
    jsonl_guess_text(&file, bytes);
    pal_reader_describe(reader, dialect, file.keys, file.n_keys);
    reader->has_values = dialect->columns[PAL_COLUMN_VALUE] >= 0;
    reader->has_times = dialect->columns[PAL_COLUMN_TIME] >= 0;
    reader->has_types = dialect->columns[PAL_COLUMN_EVENT] >= 0;
    reader->has_texts = dialect->columns[PAL_COLUMN_TEXT] >= 0;
    if (reader->has_values && !reader->value_operator)
        pal_column_name(&file.keys[dialect->columns[PAL_COLUMN_VALUE]], reader->value_name);
    file.lines = pal_jsonl_lines_of(bytes->bytes, bytes->length);
    pal_jsonl_cursor cursor;
    for (int32_t shown = 0; pal_jsonl_lines_next(&file.lines, &cursor);) {
        pal_field fields[PAL_COLUMN_ROLES];
        int64_t before = reader->n;
        reader->n_lines++;
        TRY(jsonl_read_line(reader, &file, &cursor, fields));
        if (reader->is_first && shown < 3 && reader->n > before)
            pal_reader_show(reader, fields, shown++);
    }
    return PAL_OK;
}

const pal_format pal_format_jsonl = {
    .name = "jsonl",
    .summary = "JSON lines, one object an event: Amazon and Yelp reviews, or keys whose names say "
               "what they hold",
    .recognizes = jsonl_recognizes,
    .read = jsonl_read,
};
