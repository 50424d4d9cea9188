/* lines.c - from bytes to lines of fields. */
#include "data/formats/lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

void pal_lines_start(pal_lines *lines, const char *path, const pal_bytes *bytes,
                     const pal_dialect *dialect) {
    *lines = (pal_lines){.path = path,
                         .at = bytes->bytes,
                         .end = bytes->bytes + bytes->length,
                         .separator = dialect->separator,
                         .separator_length = strlen(dialect->separator),
                         .has_quotes = dialect->has_quotes};
    if (bytes->length >= 3 && !memcmp(bytes->bytes, "\xEF\xBB\xBF", 3)) lines->at += 3;
}

static const char *lines_find_separator(const pal_lines *lines, const char *at, const char *end) {
    for (;;) {
        const char *found = memchr(at, lines->separator[0], (size_t)(end - at));
        if (!found || lines->separator_length == 1) return found ? found : end;
        if (found + 1 < end && found[1] == lines->separator[1]) return found;
        at = found + 1;
    }
}

static bool lines_at_separator(const pal_lines *lines, const char *at) {
    return (size_t)(lines->end - at) >= lines->separator_length &&
           !memcmp(at, lines->separator, lines->separator_length);
}

/* Copies a quoted field without its doubled quotes; the text stays valid until the next line. The
 * byte after it is free, so that a catalog can end its cells with a NUL. */
static void lines_unquote(pal_lines *lines, const char *begin, const char *end, pal_field *out) {
    char *to = lines->unquoted + lines->unquoted_length;
    out->begin = to;
    for (const char *c = begin; c < end; c++) {
        *to++ = *c;
        if (*c == '"') c++;
    }
    out->end = to;
    lines->unquoted_length = (size_t)(to - lines->unquoted) + 1;
}

/* The end of a quoted field whose content starts at `at`: its closing quote, or NULL. */
static const char *lines_closing_quote(const char *at, const char *end, bool *has_doubled) {
    *has_doubled = false;
    for (;;) {
        const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        if (!quote || quote + 1 >= end || quote[1] != '"') return quote;
        *has_doubled = true;
        at = quote + 2;
    }
}

/* The field whose opening quote stands at *at; moves past its closing one. */
static pal_lines_result lines_quoted_field(pal_lines *lines, const char **at, const char *limit,
                                           pal_field *out) {
    bool has_doubled;
    const char *begin = *at + 1, *quote = lines_closing_quote(begin, limit, &has_doubled);
    if (!quote) return PAL_LINES_OPEN_QUOTE;
    const char *next = quote + 1;
    if (next < limit && *next == '\r' && (next + 1 == lines->end || next[1] == '\n')) next++;
    if (next == limit && limit < lines->end) return PAL_LINES_TOO_LONG;
    if (next < limit && *next != '\n' && !lines_at_separator(lines, next))
        return PAL_LINES_AFTER_QUOTE;
    *out = (pal_field){begin, quote};
    for (const char *c = begin; c < quote && (c = memchr(c, '\n', (size_t)(quote - c))); c++)
        lines->lines_inside++;
    if (has_doubled && lines->unquoted) lines_unquote(lines, begin, quote, out);
    *at = next;
    return PAL_LINES_LINE;
}

/* A line with quotes: fields one by one. lines->at stands at its start, and stays there when the
 * line cannot be read. */
static pal_lines_result lines_next_quoted(pal_lines *lines, pal_field *fields, int32_t *n) {
    const char *at = lines->at, *line_end = NULL;
    const char *limit = (size_t)(lines->end - at) > PAL_LINE_MAX ? at + PAL_LINE_MAX : lines->end;
    for (*n = 0;; (*n)++) {
        pal_field field;
        pal_lines_result result = PAL_LINES_AFTER_QUOTE; /* unless it is a quoted field */
        if (at < limit && *at == '"') {
            result = lines_quoted_field(lines, &at, limit, &field);
            if (result != PAL_LINES_LINE &&
                (result == PAL_LINES_TOO_LONG || !lines->tolerates_quotes))
                return result;
        }
        if (result != PAL_LINES_LINE) {
            if (!line_end || line_end < at) line_end = memchr(at, '\n', (size_t)(limit - at));
            if (!line_end && limit < lines->end) return PAL_LINES_TOO_LONG;
            if (!line_end) line_end = limit;
            field = (pal_field){at, lines_find_separator(lines, at, line_end)};
            at = field.end;
            if (at == line_end && field.end > field.begin && field.end[-1] == '\r') field.end--;
        }
        if (*n < PAL_COLUMNS_MAX) fields[*n] = field;
        if (at == lines->end || *at == '\n') break;
        at += lines->separator_length;
        if (at > limit) return PAL_LINES_TOO_LONG;
    }
    (*n)++;
    lines->at = at < lines->end ? at + 1 : at;
    return PAL_LINES_LINE;
}

pal_lines_result pal_lines_next(pal_lines *lines, pal_field *fields, int32_t *n) {
    for (;;) {
        if (lines->at >= lines->end) return PAL_LINES_END;
        lines->line += 1 + lines->lines_inside;
        lines->lines_inside = 0;
        lines->unquoted_length = 0;
        const char *at = lines->at;
        const char *line_end = memchr(at, '\n', (size_t)(lines->end - at));
        if (!line_end) line_end = lines->end;
        const char *text_end = line_end > at && line_end[-1] == '\r' ? line_end - 1 : line_end;
        if (text_end == at) {
            lines->at = line_end < lines->end ? line_end + 1 : line_end;
            continue;
        }
        if (lines->has_quotes && memchr(at, '"', (size_t)(line_end - at)))
            return lines_next_quoted(lines, fields, n);
        if (line_end - at > PAL_LINE_MAX) return PAL_LINES_TOO_LONG;
        int32_t count = 0;
        for (const char *begin = at;; begin = begin + lines->separator_length) {
            const char *end = lines_find_separator(lines, begin, text_end);
            if (count < PAL_COLUMNS_MAX) fields[count] = (pal_field){begin, end};
            count++;
            begin = end;
            if (end == text_end) break;
        }
        *n = count;
        lines->at = line_end < lines->end ? line_end + 1 : line_end;
        return PAL_LINES_LINE;
    }
}

void pal_lines_skip(pal_lines *lines) {
    const char *line_end = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
    lines->at = line_end ? line_end + 1 : lines->end;
    lines->lines_inside = 0;
}

const char *pal_lines_sentence(pal_lines_result result) {
    static const char *const sentences[] = {
        [PAL_LINES_OPEN_QUOTE] = "a quote that opens in this line is not closed: close it, or "
                                 "double quotes inside a field",
        [PAL_LINES_TOO_LONG] = "the line is longer than 1 MB: this is not a table of events, or "
                               "its line ends are lost",
        [PAL_LINES_AFTER_QUOTE] = "text follows a closing quote: double the quotes inside a field",
    };
    return sentences[result];
}

pal_status pal_lines_fail(pal_ctx *ctx, const pal_lines *lines, pal_lines_result result) {
    return pal_fail(ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s", lines->path, lines->line,
                    pal_lines_sentence(result));
}

bool pal_lines_unquote(pal_lines *lines) {
    lines->unquoted = malloc(PAL_LINE_MAX);
    return lines->unquoted != NULL;
}
