/* delimited.c - events from lines of fields, once it is known which column is what. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/blocks.h"

static void delimited_roles(const pal_dialect *dialect, const pal_field *fields,
                            pal_field roles[PAL_COLUMN_ROLES]) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t c = dialect->columns[role];
        roles[role] = c >= 0 ? fields[c] : (pal_field){0};
    }
}

pal_status pal_delimited_bad_columns(pal_reader *reader, const char *path, int64_t line, int32_t n,
                                     int32_t n_columns) {
    return pal_reader_bad_line(reader, path, line, "has %d columns where the first line has %d", n,
                               n_columns);
}

static pal_status delimited_read_line(pal_reader *reader, const pal_lines *lines,
                                      const pal_dialect *dialect, const pal_field *fields,
                                      int32_t n, int32_t n_columns) {
    if (n != n_columns)
        return pal_delimited_bad_columns(reader, lines->path, lines->line, n, n_columns);
    pal_field roles[PAL_COLUMN_ROLES];
    delimited_roles(dialect, fields, roles);
    return pal_reader_add(reader, lines->path, lines->line, roles);
}

/* Whether what the first lines must settle is settled: what is shown, and what times are. */
static bool delimited_is_settled(const pal_reader *reader, int32_t shown) {
    enum { LINES = 1000 }; /* after so many without a date, times are mere numbers */
    if (reader->n == 0 || (reader->is_first && shown < 3)) return false;
    if (reader->value_has_factor || reader->has_texts) return false; /* blocks know neither */
    return !reader->has_times || !reader->times_are_numbers || reader->time_unit ||
           reader->n >= LINES;
}

static pal_status delimited_read_lines(pal_reader *reader, const pal_bytes *bytes, pal_lines *lines,
                                       const pal_dialect *dialect) {
    /* What blocks leave is for us, and then they go on: the later, the oftener they left something.
     */
    const char *blocks_from = lines->at;
    int64_t behind = 1 << 20; /* bytes */
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n = 0, n_columns = -1, shown = 0;
    for (;;) {
        if (lines->at >= blocks_from && delimited_is_settled(reader, shown)) {
            TRY(pal_blocks_read(reader, bytes, lines, dialect, n_columns));
            blocks_from = lines->end - lines->at > behind ? lines->at + behind : lines->end;
            behind *= 2;
        }
        pal_lines_result result = pal_lines_next(lines, fields, &n);
        if (result == PAL_LINES_END) return PAL_OK;
        if (result != PAL_LINES_LINE) {
            reader->n_lines++;
            TRY(pal_reader_bad_line(reader, lines->path, lines->line, "%s",
                                    pal_lines_sentence(result)));
            pal_lines_skip(lines);
            continue;
        }
        if (n_columns < 0) {
            n_columns = n;
            for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
                if (dialect->columns[role] >= n) {
                    return pal_fail(reader->ctx, PAL_EFORMAT,
                                    "%s:%" PRId64 ": has %d columns, but the %s is column %d",
                                    lines->path, lines->line, n,
                                    pal_column_roles[role] ? pal_column_roles[role] : "value",
                                    dialect->columns[role] + 1);
                }
            }
            pal_reader_describe(reader, dialect, fields, n);
            int32_t value = dialect->columns[PAL_COLUMN_VALUE];
            if (value >= 0 && dialect->has_header && !reader->value_operator)
                pal_column_name(&fields[value], reader->value_name);
            if (dialect->has_header) continue;
        }
        reader->n_lines++;
        int64_t before = reader->n;
        TRY(delimited_read_line(reader, lines, dialect, fields, n, n_columns));
        if (reader->is_first && shown < 3 && reader->n > before) {
            pal_field roles[PAL_COLUMN_ROLES];
            delimited_roles(dialect, fields, roles);
            pal_reader_show(reader, roles, shown++);
        }
    }
}

pal_status pal_delimited_read(pal_reader *reader, const char *path, const pal_bytes *bytes,
                              const pal_dialect *dialect) {
    if (bytes->length == 0)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    reader->has_values = dialect->columns[PAL_COLUMN_VALUE] >= 0;
    reader->has_times = dialect->columns[PAL_COLUMN_TIME] >= 0;
    reader->has_types = dialect->columns[PAL_COLUMN_EVENT] >= 0;
    reader->has_texts = dialect->columns[PAL_COLUMN_TEXT] >= 0;
    if (reader->has_values && !reader->value_name[0]) strcpy(reader->value_name, "rating");
    pal_lines lines;
    pal_lines_start(&lines, path, bytes, dialect);
    if (!pal_lines_unquote(&lines)) return pal_fail_memory(reader->ctx, path, PAL_LINE_MAX);
    pal_status status = delimited_read_lines(reader, bytes, &lines, dialect);
    free(lines.unquoted);
    return status;
}
