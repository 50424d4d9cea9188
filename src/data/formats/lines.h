/* lines.h - a text file as lines of fields.
 *
 * Quotes follow RFC 4180: a field that starts with a quote may hold separators, newlines and
 * doubled quotes. */
#ifndef PAL_DATA_FORMATS_LINES_H
#define PAL_DATA_FORMATS_LINES_H

#include "data/formats/format.h"

enum { PAL_COLUMNS_MAX = 256, PAL_LINE_MAX = 1 << 20 };

typedef struct pal_lines {
    const char *path;
    const char *at, *end; /* what is left of the file */
    const char *separator;
    size_t separator_length;
    bool has_quotes;
    bool tolerates_quotes; /* a field with wrong quotes is taken as it stands: a title may begin
                              with a quote */
    int64_t line;          /* number of the line read last, from 1 */
    int64_t lines_inside;  /* newlines within quoted fields of that line */
    char *unquoted; /* heap, [PAL_LINE_MAX]: fields that had doubled quotes; NULL: they stay doubled
                     */
    size_t unquoted_length;
} pal_lines;

typedef enum {
    PAL_LINES_LINE,
    PAL_LINES_END,
    PAL_LINES_OPEN_QUOTE,
    PAL_LINES_TOO_LONG,
    PAL_LINES_AFTER_QUOTE,
} pal_lines_result;

/* Stands before the first line, behind a byte order mark. The dialect and the bytes are borrowed.
 */
void pal_lines_start(pal_lines *lines, const char *path, const pal_bytes *bytes,
                     const pal_dialect *dialect);
/* Asks for doubled quotes to be made single; the caller frees lines->unquoted. False without
 * memory. */
bool pal_lines_unquote(pal_lines *lines);
/* The fields of the next line that is not empty; at most PAL_COLUMNS_MAX are stored, *n counts all.
 */
pal_lines_result pal_lines_next(pal_lines *lines, pal_field *fields, int32_t *n);
/* Goes on after a line that could not be read. */
void pal_lines_skip(pal_lines *lines);
/* What is wrong with a line, and the failure that says so with file:line. */
const char *pal_lines_sentence(pal_lines_result result);
pal_status pal_lines_fail(pal_ctx *ctx, const pal_lines *lines, pal_lines_result result);

#endif
