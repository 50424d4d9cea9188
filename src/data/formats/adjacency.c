/* adjacency.c - lines "user item item …" of whole numbers, as LightGCN and NGCF publish their data:
 * train.txt and test.txt in a folder, or one such file. */
#include <inttypes.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"

enum { ADJACENCY_LINE_MAX = 1 << 26 }; /* bytes: some ten million items */

typedef struct {
    const char *at, *end; /* what is left of the file */
    int64_t line;         /* number of the line read last, from 1 */
} adjacency_lines;

/* The next line that is not blank, without its end. */
static bool adjacency_next_line(adjacency_lines *lines, pal_field *out) {
    while (lines->at < lines->end) {
        const char *begin = lines->at, *end = memchr(begin, '\n', (size_t)(lines->end - begin));
        if (!end) end = lines->end;
        lines->at = end < lines->end ? end + 1 : end;
        lines->line++;
        while (end > begin && (end[-1] == ' ' || end[-1] == '\r')) end--;
        *out = (pal_field){begin, end};
        if (begin < end) return true;
    }
    return false;
}

static bool adjacency_is_number(const pal_field *field) {
    for (const char *c = field->begin; c < field->end; c++) {
        if (*c < '0' || *c > '9') return false;
    }
    return field->begin < field->end;
}

/* How many numbers the line has; -1 when something else stands in it, which *wrong then is. */
static int64_t adjacency_count(const pal_field *line, pal_field *wrong) {
    const char *at = line->begin;
    int64_t n = 0;
    while (pal_field_next(&at, line->end, wrong)) {
        if (!adjacency_is_number(wrong)) return -1;
        n++;
    }
    return n;
}

/* Whole numbers only, not equally many in each line, no user twice: a table has as many columns in
 * all of its lines. */
static bool adjacency_looks_so(const pal_bytes *bytes) {
    enum { LINES = 50 };
    adjacency_lines lines = {.at = bytes->bytes, .end = bytes->bytes + bytes->length};
    pal_field line, wrong, users[LINES];
    int64_t fewest = INT64_MAX, most = 0;
    for (int32_t i = 0; i < LINES && adjacency_next_line(&lines, &line); i++) {
        int64_t n = adjacency_count(&line, &wrong);
        const char *at = line.begin;
        if (n < 1 || !pal_field_next(&at, line.end, &users[i])) return false;
        size_t length = (size_t)(users[i].end - users[i].begin);
        for (int32_t j = 0; j < i; j++) {
            if ((size_t)(users[j].end - users[j].begin) == length &&
                !memcmp(users[j].begin, users[i].begin, length))
                return false;
        }
        if (n < fewest) fewest = n;
        if (n > most) most = n;
    }
    return most > fewest;
}

static bool adjacency_recognizes_folder(const char *folder) {
    if (!pal_folder_has(folder, "train.txt") || !pal_folder_has(folder, "test.txt")) return false;
    pal_ctx quiet = {0};
    pal_arena arena = {0};
    pal_bytes bytes = {0};
    const char *train = pal_path_join(&arena, folder, "train.txt");
    bool found =
        train && pal_file_read(&quiet, train, &bytes) == PAL_OK && adjacency_looks_so(&bytes);
    pal_bytes_release(&bytes);
    pal_arena_release(&arena);
    return found;
}

static bool adjacency_recognizes(const char *path, const pal_bytes *bytes) {
    return bytes ? adjacency_looks_so(bytes) : adjacency_recognizes_folder(path);
}

/* One line's events. The whole line is checked first, so that a bad one adds nothing. */
static pal_status adjacency_read_line(pal_reader *reader, const char *path, int64_t number,
                                      const pal_field *line, int64_t *n_items, int32_t *shown) {
    pal_field fields[PAL_COLUMN_ROLES] = {{0}}, wrong;
    if (line->end - line->begin > ADJACENCY_LINE_MAX) {
        return pal_reader_bad_line(reader, path, number,
                                   "the line is longer than 64 MB: its line ends are lost");
    }
    *n_items = adjacency_count(line, &wrong) - 1;
    if (*n_items < 0) {
        int length = wrong.end - wrong.begin < 40 ? (int)(wrong.end - wrong.begin) : 40;
        return pal_reader_bad_line(reader, path, number,
                                   "expected a user and its items as whole numbers with one space "
                                   "between them, not '%.*s'",
                                   length, wrong.begin);
    }
    const char *at = line->begin;
    (void)pal_field_next(&at, line->end, &fields[PAL_COLUMN_USER]);
    while (pal_field_next(&at, line->end, &fields[PAL_COLUMN_ITEM])) {
        int64_t before = reader->n;
        TRY(pal_reader_add(reader, path, number, fields));
        if (reader->is_first && *shown < 3 && reader->n > before)
            pal_reader_show(reader, fields, (*shown)++);
    }
    return PAL_OK;
}

static pal_status adjacency_read_file(pal_reader *reader, const char *path,
                                      const pal_bytes *bytes) {
    static const pal_dialect dialect = {.columns = {0, 1, -1, -1, -1, -1, -1}};
    adjacency_lines lines = {.at = bytes->bytes, .end = bytes->bytes + bytes->length};
    pal_field line;
    int64_t n_idle = 0;
    if (bytes->length == 0)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    pal_reader_describe(reader, &dialect, NULL, 0);
    for (int32_t shown = 0; adjacency_next_line(&lines, &line);) {
        int64_t n_items = -1; /* a line that cannot be read is no idle user */
        reader->n_lines++;
        TRY(adjacency_read_line(reader, path, lines.line, &line, &n_items, &shown));
        n_idle += n_items == 0;
    }
    if (n_idle > 0) {
        pal_data_find(reader->data, "%" PRId64 " user%s without items in %s", n_idle,
                      n_idle == 1 ? "" : "s", path);
    }
    return PAL_OK;
}

static pal_status adjacency_read_folder(pal_reader *reader, const char *folder) {
    static const char *const names[PAL_PARTS_MAX] = {"train.txt", "valid.txt", "test.txt"};
    const char *paths[PAL_PARTS_MAX];
    int32_t n = 0;
    for (int32_t i = 0; i < PAL_PARTS_MAX; i++) {
        const char *path = pal_path_join(&reader->data->arena, folder, names[i]);
        if (!path) return pal_fail_memory(reader->ctx, folder, 1);
        if (i != 1 || pal_path_exists(path)) paths[n++] = path; /* valid.txt is optional */
    }
    return pal_reader_parts(reader, folder, paths, n, adjacency_read_file);
}

static pal_status adjacency_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (reader->options->columns || reader->options->value) {
        return pal_fail(reader->ctx, PAL_EUSAGE,
                        "%s: adjacency lines have a user and its items, no columns: leave out "
                        "--columns and --value",
                        path);
    }
    return bytes ? adjacency_read_file(reader, path, bytes) : adjacency_read_folder(reader, path);
}

const pal_format pal_format_adjacency = {
    .name = "adjacency",
    .summary = "LightGCN's lines of whole numbers \"user item item …\": a file, or a folder with "
               "train.txt and test.txt",
    .recognizes = adjacency_recognizes,
    .read = adjacency_read,
};
