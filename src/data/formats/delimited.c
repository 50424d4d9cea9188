/* delimited.c - lines of fields: guessing separator, header and roles; reading events and catalogs.
 *
 * Quotes follow RFC 4180: a field that starts with a quote may hold separators, newlines and doubled quotes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/format.h"

enum { DELIMITED_COLUMNS_MAX = 256, DELIMITED_LINE_MAX = 1 << 20 };

const char *const pal_column_roles[] = {"user", "item", "value", "time", "event", NULL};

/* Names that say what a column is, best first. Compared without case, '-' equals '_', type suffix (":token") cut. */
static const char *const delimited_names[PAL_COLUMN_ROLES][24] = {
    [PAL_COLUMN_USER] = {"user", "user_id", "userid", "uid", "customer_id", "customer", "visitorid", "visitor_id",
                         "household_id", "member_id", "author", "author_id", "session_id", "session", "basket_id", NULL},
    [PAL_COLUMN_ITEM] = {"item", "item_id", "itemid", "movieid", "movie_id", "asin", "parent_asin", "product_id",
                         "product", "article_id", "sku", "business_id", "news_id", "song_id", "track_id", "book_id", NULL},
    [PAL_COLUMN_VALUE] = {"rating", "score", "stars", "weight", "overall", "playtime", "play_count", "value", "quantity", "count",
                          "price", NULL},
    [PAL_COLUMN_TIME] = {"timestamp", "ts", "time", "datetime", "date", "t_dat", "created_at", "unixreviewtime", NULL},
    [PAL_COLUMN_EVENT] = {"event", "event_type", "eventtype", "type", "action", "behavior", NULL},
};

/* --- one line --- */

typedef struct {
    const char *path;
    const char *at, *end;   /* what is left of the file */
    const char *separator;
    size_t separator_length;
    bool has_quotes;
    bool tolerates_quotes;  /* a field with wrong quotes is taken as it stands: a title may begin with a quote */
    int64_t line;           /* number of the line read last, from 1 */
    int64_t lines_inside;   /* newlines within quoted fields of that line */
    char *unquoted;         /* heap, [DELIMITED_LINE_MAX]: fields that had doubled quotes; NULL: they stay doubled */
    size_t unquoted_length;
} delimited_scanner;

static void delimited_start(delimited_scanner *scanner, const char *path, const pal_bytes *bytes, const pal_dialect *dialect) {
    *scanner = (delimited_scanner){.path = path, .at = bytes->bytes, .end = bytes->bytes + bytes->length,
                                   .separator = dialect->separator, .separator_length = strlen(dialect->separator),
                                   .has_quotes = dialect->has_quotes};
    if (bytes->length >= 3 && !memcmp(bytes->bytes, "\xEF\xBB\xBF", 3)) scanner->at += 3;
}

static const char *delimited_find_separator(const delimited_scanner *scanner, const char *at, const char *end) {
    for (;;) {
        const char *found = memchr(at, scanner->separator[0], (size_t)(end - at));
        if (!found || scanner->separator_length == 1) return found ? found : end;
        if (found + 1 < end && found[1] == scanner->separator[1]) return found;
        at = found + 1;
    }
}

static bool delimited_at_separator(const delimited_scanner *scanner, const char *at) {
    return (size_t)(scanner->end - at) >= scanner->separator_length && !memcmp(at, scanner->separator, scanner->separator_length);
}

/* Copies a quoted field without its doubled quotes; the text stays valid until the next line. The byte after it is free, so
 * that a catalog can end its cells with a NUL. */
static void delimited_unquote(delimited_scanner *scanner, const char *begin, const char *end, pal_field *out) {
    char *to = scanner->unquoted + scanner->unquoted_length;
    out->begin = to;
    for (const char *c = begin; c < end; c++) {
        *to++ = *c;
        if (*c == '"') c++;
    }
    out->end = to;
    scanner->unquoted_length = (size_t)(to - scanner->unquoted) + 1;
}

/* The end of a quoted field whose content starts at `at`: its closing quote, or NULL. */
static const char *delimited_closing_quote(const char *at, const char *end, bool *has_doubled) {
    *has_doubled = false;
    for (;;) {
        const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
        if (!quote || quote + 1 >= end || quote[1] != '"') return quote;
        *has_doubled = true;
        at = quote + 2;
    }
}

typedef enum { DELIMITED_LINE, DELIMITED_END, DELIMITED_OPEN_QUOTE, DELIMITED_TOO_LONG, DELIMITED_AFTER_QUOTE } delimited_result;

/* The field whose opening quote stands at *at; moves past its closing one. */
static delimited_result delimited_quoted_field(delimited_scanner *scanner, const char **at, const char *limit, pal_field *out) {
    bool has_doubled;
    const char *begin = *at + 1, *quote = delimited_closing_quote(begin, limit, &has_doubled);
    if (!quote) return DELIMITED_OPEN_QUOTE;
    const char *next = quote + 1;
    if (next < limit && *next == '\r' && (next + 1 == scanner->end || next[1] == '\n')) next++;
    if (next == limit && limit < scanner->end) return DELIMITED_TOO_LONG;
    if (next < limit && *next != '\n' && !delimited_at_separator(scanner, next)) return DELIMITED_AFTER_QUOTE;
    *out = (pal_field){begin, quote};
    for (const char *c = begin; c < quote && (c = memchr(c, '\n', (size_t)(quote - c))); c++) scanner->lines_inside++;
    if (has_doubled && scanner->unquoted) delimited_unquote(scanner, begin, quote, out);
    *at = next;
    return DELIMITED_LINE;
}

/* A line with quotes: fields one by one. scanner->at stands at its start, and stays there when the line cannot be read. */
static delimited_result delimited_next_quoted(delimited_scanner *scanner, pal_field *fields, int32_t *n) {
    const char *at = scanner->at, *line_end = NULL;
    const char *limit = (size_t)(scanner->end - at) > DELIMITED_LINE_MAX ? at + DELIMITED_LINE_MAX : scanner->end;
    for (*n = 0;; (*n)++) {
        pal_field field;
        delimited_result result = DELIMITED_AFTER_QUOTE;
        bool is_quoted = at < limit && *at == '"';
        if (is_quoted) {
            result = delimited_quoted_field(scanner, &at, limit, &field);
            if (result != DELIMITED_LINE && (result == DELIMITED_TOO_LONG || !scanner->tolerates_quotes)) return result;
        }
        if (result != DELIMITED_LINE) {
            if (!line_end || line_end < at) line_end = memchr(at, '\n', (size_t)(limit - at));
            if (!line_end && limit < scanner->end) return DELIMITED_TOO_LONG;
            if (!line_end) line_end = limit;
            field = (pal_field){at, delimited_find_separator(scanner, at, line_end)};
            at = field.end;
            if (at == line_end && field.end > field.begin && field.end[-1] == '\r') field.end--;
        }
        if (*n < DELIMITED_COLUMNS_MAX) fields[*n] = field;
        if (at == scanner->end || *at == '\n') break;
        at += scanner->separator_length;
        if (at > limit) return DELIMITED_TOO_LONG;
    }
    (*n)++;
    scanner->at = at < scanner->end ? at + 1 : at;
    return DELIMITED_LINE;
}

/* The fields of the next line that is not empty; at most DELIMITED_COLUMNS_MAX are stored, *n counts all. */
static delimited_result delimited_next(delimited_scanner *scanner, pal_field *fields, int32_t *n) {
    for (;;) {
        if (scanner->at >= scanner->end) return DELIMITED_END;
        scanner->line += 1 + scanner->lines_inside;
        scanner->lines_inside = 0;
        scanner->unquoted_length = 0;
        const char *at = scanner->at;
        const char *line_end = memchr(at, '\n', (size_t)(scanner->end - at));
        if (!line_end) line_end = scanner->end;
        const char *text_end = line_end > at && line_end[-1] == '\r' ? line_end - 1 : line_end;
        if (text_end == at) {
            scanner->at = line_end < scanner->end ? line_end + 1 : line_end;
            continue;
        }
        if (scanner->has_quotes && memchr(at, '"', (size_t)(line_end - at))) return delimited_next_quoted(scanner, fields, n);
        if (line_end - at > DELIMITED_LINE_MAX) return DELIMITED_TOO_LONG;
        int32_t count = 0;
        for (const char *begin = at;; begin = begin + scanner->separator_length) {
            const char *end = delimited_find_separator(scanner, begin, text_end);
            if (count < DELIMITED_COLUMNS_MAX) fields[count] = (pal_field){begin, end};
            count++;
            begin = end;
            if (end == text_end) break;
        }
        *n = count;
        scanner->at = line_end < scanner->end ? line_end + 1 : line_end;
        return DELIMITED_LINE;
    }
}

/* Goes on after a line that could not be read. */
static void delimited_skip_line(delimited_scanner *scanner) {
    const char *line_end = memchr(scanner->at, '\n', (size_t)(scanner->end - scanner->at));
    scanner->at = line_end ? line_end + 1 : scanner->end;
    scanner->lines_inside = 0;
}

static const char *delimited_sentence(delimited_result result) {
    static const char *const sentences[] = {
        [DELIMITED_OPEN_QUOTE] = "a quote that opens in this line is not closed: close it, or double quotes inside a field",
        [DELIMITED_TOO_LONG] = "the line is longer than 1 MB: this is not a table of events, or its line ends are lost",
        [DELIMITED_AFTER_QUOTE] = "text follows a closing quote: double the quotes inside a field",
    };
    return sentences[result];
}

static pal_status delimited_fail(pal_ctx *ctx, const delimited_scanner *scanner, delimited_result result) {
    return pal_fail(ctx, PAL_EFORMAT, "%s:%" PRId64 ": %s", scanner->path, scanner->line, delimited_sentence(result));
}

static bool delimited_scanner_buffer(delimited_scanner *scanner) {
    scanner->unquoted = malloc(DELIMITED_LINE_MAX);
    return scanner->unquoted != NULL;
}

/* --- guessing --- */

static bool delimited_is_number(const pal_field *field) {
    double value;
    return pal_parse_double(field->begin, field->end, &value);
}

static bool delimited_is_time(const pal_field *field) {
    int64_t time;
    bool is_number;
    return pal_time_parse(field->begin, field->end, &time, &is_number) && (!is_number || time >= 100000000);
}

/* Copies a header's field without a type suffix, up to what is not UTF-8. */
static void delimited_name(const pal_field *field, char out[PAL_NAME_MAX]) {
    size_t n = (size_t)(field->end - field->begin);
    const char *colon = memchr(field->begin, ':', n);
    if (colon) n = (size_t)(colon - field->begin);
    while (n > 0 && field->begin[n - 1] == ' ') n--;
    if (n >= PAL_NAME_MAX) n = PAL_NAME_MAX - 1;
    n = pal_utf8_valid_prefix(field->begin, n);
    memcpy(out, field->begin, n);
    out[n] = '\0';
}

/* How good a name is for a role: 0 is best, -1 not at all. */
static int32_t delimited_name_rank(const char *name, pal_column_role role) {
    for (int32_t i = 0; delimited_names[role][i]; i++) {
        if (pal_name_equal(delimited_names[role][i], name)) return i;
    }
    return -1;
}

/* The separator that cuts most of the first lines into as many fields as the very first, at least two. */
static void delimited_guess_separator(const pal_bytes *bytes, pal_dialect *dialect) {
    static const char *const candidates[] = {"\t", "::", ",", ";", "|"};
    enum { LINES = 20 };
    int32_t most_lines = 0, most_fields = 0;
    strcpy(dialect->separator, ",");
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        pal_dialect trial = {.has_quotes = true};
        strcpy(trial.separator, candidates[i]);
        delimited_scanner scanner;
        delimited_start(&scanner, "", bytes, &trial);
        pal_field fields[DELIMITED_COLUMNS_MAX];
        int32_t n, n_fields = 0, agreeing = 0;
        for (int32_t line = 0; line < LINES && delimited_next(&scanner, fields, &n) == DELIMITED_LINE; line++) {
            if (line == 0) n_fields = n;
            agreeing += n == n_fields;
        }
        if (n_fields > 1 && (agreeing > most_lines || (agreeing == most_lines && n_fields > most_fields))) {
            most_lines = agreeing;
            most_fields = n_fields;
            strcpy(dialect->separator, candidates[i]);
        }
    }
}

/* A header has two names that we know (one may be somebody's id), or one and no numbers, or no numbers above some. */
static bool delimited_guess_header(const pal_field *first, int32_t n, const pal_field *second, int32_t n_second) {
    int32_t n_known = 0, first_numbers = 0, second_numbers = 0;
    for (int32_t c = 0; c < n && c < DELIMITED_COLUMNS_MAX; c++) {
        char name[PAL_NAME_MAX];
        delimited_name(&first[c], name);
        bool is_known = false;
        for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
            is_known |= delimited_name_rank(name, (pal_column_role)role) >= 0;
        }
        n_known += is_known;
        first_numbers += delimited_is_number(&first[c]);
    }
    for (int32_t c = 0; c < n_second && c < DELIMITED_COLUMNS_MAX; c++) second_numbers += delimited_is_number(&second[c]);
    return n_known >= 2 || (first_numbers == 0 && (n_known > 0 || second_numbers > 0));
}

static void delimited_guess_by_name(const pal_field *header, int32_t n, pal_dialect *dialect) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t best = INT32_MAX;
        for (int32_t c = 0; c < n; c++) {
            char name[PAL_NAME_MAX];
            delimited_name(&header[c], name);
            int32_t rank = delimited_name_rank(name, (pal_column_role)role);
            if (rank >= 0 && rank < best) {
                best = rank;
                dialect->columns[role] = c;
            }
        }
    }
}

/* Without names: user, item, then a value and a time, told apart by magnitude. */
static void delimited_guess_by_place(const pal_field *line, int32_t n, pal_dialect *dialect) {
    if (n < 2 || n > 5) return;
    dialect->columns[PAL_COLUMN_USER] = 0;
    dialect->columns[PAL_COLUMN_ITEM] = 1;
    for (int32_t c = 2; c < n; c++) {
        if (delimited_is_time(&line[c])) {
            if (dialect->columns[PAL_COLUMN_TIME] < 0) dialect->columns[PAL_COLUMN_TIME] = c;
        } else if (delimited_is_number(&line[c])) {
            if (dialect->columns[PAL_COLUMN_VALUE] < 0) dialect->columns[PAL_COLUMN_VALUE] = c;
        } else if (dialect->columns[PAL_COLUMN_EVENT] < 0) {
            dialect->columns[PAL_COLUMN_EVENT] = c;
        }
    }
}

/* The column called `name`, or numbered from 1; PAL_EUSAGE with what there is. */
static pal_status delimited_find_column(pal_ctx *ctx, const char *path, const pal_field *header, int32_t n, bool has_header,
                                        const char *name, int32_t *out) {
    int64_t number;
    pal_text list = {0};
    for (int32_t c = 0; has_header && c < n; c++) {
        char column[PAL_NAME_MAX];
        delimited_name(&header[c], column);
        if (pal_name_equal(column, name)) {
            *out = c;
            pal_text_release(&list);
            return PAL_OK;
        }
        pal_text_addf(&list, c ? ", %s" : "%s", column);
    }
    if (pal_parse_int64(name, name + strlen(name), &number) && number >= 1 && number <= n) {
        *out = (int32_t)number - 1;
        pal_text_release(&list);
        return PAL_OK;
    }
    pal_fail(ctx, PAL_EUSAGE, "%s has no column '%s': it has %s%s", path, name, list.bytes ? list.bytes : "no names, only numbers from 1",
             has_header ? "" : "; name columns by number");
    pal_text_release(&list);
    return PAL_EUSAGE;
}

/* --columns "user=a,item=b,…" and --value NAME. */
static pal_status delimited_apply_options(pal_reader *reader, const char *path, const pal_field *first, int32_t n,
                                          pal_dialect *dialect) {
    pal_ctx *ctx = reader->ctx;
    const char *text = reader->options->columns ? reader->options->columns : "";
    bool is_named[PAL_COLUMN_ROLES] = {false};
    while (*text) {
        char part[2 * PAL_NAME_MAX];
        size_t length = strcspn(text, ",");
        if (length >= sizeof part) return pal_fail(ctx, PAL_EUSAGE, "--columns: '%s' is too long", text);
        memcpy(part, text, length);
        part[length] = '\0';
        char *equals = strchr(part, '=');
        int role = 0;
        if (equals) {
            *equals = '\0';
            while (pal_column_roles[role] && !pal_name_equal(pal_column_roles[role], part)) role++;
        }
        if (!equals || !pal_column_roles[role]) {
            return pal_fail(ctx, PAL_EUSAGE, "--columns must look like user=a,item=b,value=c,time=d,event=e, not '%s'", part);
        }
        if (is_named[role]) return pal_fail(ctx, PAL_EUSAGE, "--columns names the %s twice", pal_column_roles[role]);
        is_named[role] = true;
        TRY(delimited_find_column(ctx, path, first, n, dialect->has_header, equals + 1, &dialect->columns[role]));
        text += length + (text[length] == ',');
    }
    if (reader->options->value) {
        TRY(delimited_find_column(ctx, path, first, n, dialect->has_header, reader->options->value,
                                  &dialect->columns[PAL_COLUMN_VALUE]));
    }
    return PAL_OK;
}

/* Two columns of one name: which of them was meant is not ours to guess. */
static pal_status delimited_check_names(pal_ctx *ctx, const char *path, const pal_field *header, int32_t n,
                                        const pal_dialect *dialect) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        char name[PAL_NAME_MAX], other[PAL_NAME_MAX];
        int32_t column = dialect->columns[role];
        if (column < 0) continue;
        delimited_name(&header[column], name);
        for (int32_t c = 0; c < n; c++) {
            delimited_name(&header[c], other);
            if (c == column || !pal_name_equal(name, other)) continue;
            return pal_fail(ctx, PAL_EFORMAT, "%s: columns %d and %d are both called '%s': say --columns %s=%d or %s=%d", path,
                            column + 1, c + 1, name, pal_column_roles[role], column + 1, pal_column_roles[role], c + 1);
        }
    }
    return PAL_OK;
}

static pal_status delimited_check_roles(pal_ctx *ctx, const char *path, int32_t n, const pal_dialect *dialect) {
    if (n == 1) {
        return pal_fail(ctx, PAL_EFORMAT, "%s: only one column found: fields must be separated by tab, comma, semicolon, | or ::", path);
    }
    for (int role = PAL_COLUMN_USER; role <= PAL_COLUMN_ITEM; role++) {
        if (dialect->columns[role] < 0) {
            return pal_fail(ctx, PAL_EFORMAT, "%s: cannot tell which of %d columns is the %s: say --columns user=…,item=… with names or numbers",
                            path, n, pal_column_roles[role]);
        }
    }
    for (int a = 0; a < PAL_COLUMN_ROLES; a++) {
        for (int b = a + 1; b < PAL_COLUMN_ROLES; b++) {
            if (dialect->columns[a] >= 0 && dialect->columns[a] == dialect->columns[b]) {
                return pal_fail(ctx, PAL_EUSAGE, "%s: column %d is both %s and %s: name another with --columns", path,
                                dialect->columns[a] + 1, pal_column_roles[a], pal_column_roles[b]);
            }
        }
    }
    return PAL_OK;
}

pal_status pal_delimited_guess(pal_reader *reader, const char *path, const pal_bytes *bytes, pal_dialect *out) {
    pal_dialect dialect = {.has_quotes = true};
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) dialect.columns[role] = -1;
    if (bytes->length == 0) return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    delimited_guess_separator(bytes, &dialect);
    delimited_scanner scanner;
    delimited_start(&scanner, path, bytes, &dialect);
    pal_field first[DELIMITED_COLUMNS_MAX], second[DELIMITED_COLUMNS_MAX];
    int32_t n = 0, n_second = 0;
    delimited_result result = delimited_next(&scanner, first, &n);
    if (result == DELIMITED_END) return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    if (result != DELIMITED_LINE) return delimited_fail(reader->ctx, &scanner, result);
    (void)delimited_next(&scanner, second, &n_second);
    if (n > DELIMITED_COLUMNS_MAX) n = DELIMITED_COLUMNS_MAX;
    dialect.has_header = delimited_guess_header(first, n, second, n_second);
    if (dialect.has_header) {
        delimited_guess_by_name(first, n, &dialect);
    } else {
        delimited_guess_by_place(first, n, &dialect);
    }
    TRY(delimited_apply_options(reader, path, first, n, &dialect));
    TRY(delimited_check_roles(reader->ctx, path, n, &dialect));
    if (dialect.has_header && !reader->options->columns) TRY(delimited_check_names(reader->ctx, path, first, n, &dialect));
    *out = dialect;
    return PAL_OK;
}

/* --- events --- */

static void delimited_describe(pal_reader *reader, const pal_dialect *dialect, const pal_field *header, int32_t n) {
    pal_text roles = {0};
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t column = dialect->columns[role];
        if (column < 0) continue;
        char name[PAL_NAME_MAX];
        if (dialect->has_header && column < n) {
            delimited_name(&header[column], name);
            pal_text_addf(&roles, "%s%s=%s", roles.length ? " " : "", pal_column_roles[role], name);
        } else {
            pal_text_addf(&roles, "%s%s=%d", roles.length ? " " : "", pal_column_roles[role], column + 1);
        }
    }
    if (reader->is_first && !roles.failed) {
        size_t length = roles.length < sizeof reader->data->columns - 1 ? roles.length : sizeof reader->data->columns - 1;
        memcpy(reader->data->columns, roles.bytes, length);
        reader->data->columns[length] = '\0';
    }
    pal_text_release(&roles);
}

/* Adds a field as one cell of a terminal's table: what could drive the terminal becomes '?', what is too wide is cut. */
static void delimited_show_cell(pal_text *shown, const char *begin, const char *end) {
    enum { WIDTH = 20, GAP = 2 };
    int32_t columns = 0;
    for (const char *c = begin; c < end && columns < WIDTH;) {
        size_t length = 1, n = (size_t)(end - c);
        while (length < n && ((unsigned char)c[length] & 0xC0) == 0x80) length++;
        bool is_control = (unsigned char)*c < 0x20 || *c == 0x7F || (*c == '\xC2' && length == 2 && (unsigned char)c[1] < 0xA0);
        bool is_printable = !is_control && pal_utf8_valid_prefix(c, length) == length;
        pal_text_add_bytes(shown, is_printable ? c : "?", is_printable ? length : 1);
        c += length;
        columns++;
    }
    pal_text_addf(shown, "%*s", WIDTH + GAP - columns, "");
}

/* One of the first lines, below the roles of its columns. */
static void delimited_show(pal_reader *reader, const pal_dialect *dialect, const pal_field *fields, int32_t row) {
    pal_text *shown = &reader->data->shown;
    for (int role = 0; row == 0 && role < PAL_COLUMN_ROLES; role++) {
        if (dialect->columns[role] >= 0) pal_text_addf(shown, "%-22s", pal_column_roles[role]);
    }
    if (row == 0) pal_text_add(shown, "\n");
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        int32_t c = dialect->columns[role];
        if (c >= 0) delimited_show_cell(shown, fields[c].begin, fields[c].end);
    }
    pal_text_add(shown, "\n");
}

static pal_status delimited_read_line(pal_reader *reader, const delimited_scanner *scanner, const pal_dialect *dialect,
                                      const pal_field *fields, int32_t n, int32_t n_columns) {
    if (n != n_columns) {
        return pal_reader_bad_line(reader, scanner->path, scanner->line, "has %d columns where the first line has %d", n, n_columns);
    }
    pal_field roles[PAL_COLUMN_ROLES] = {{0}};
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        if (dialect->columns[role] >= 0) roles[role] = fields[dialect->columns[role]];
    }
    return pal_reader_add(reader, scanner->path, scanner->line, roles);
}

static pal_status delimited_read_lines(pal_reader *reader, delimited_scanner *scanner, const pal_dialect *dialect) {
    pal_field fields[DELIMITED_COLUMNS_MAX];
    int32_t n = 0, n_columns = -1, shown = 0;
    for (;;) {
        delimited_result result = delimited_next(scanner, fields, &n);
        if (result == DELIMITED_END) return PAL_OK;
        if (result != DELIMITED_LINE) {
            reader->n_lines++;
            TRY(pal_reader_bad_line(reader, scanner->path, scanner->line, "%s", delimited_sentence(result)));
            delimited_skip_line(scanner);
            continue;
        }
        if (n_columns < 0) {
            n_columns = n;
            for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
                if (dialect->columns[role] >= n) {
                    return pal_fail(reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": has %d columns, but the %s is column %d", scanner->path,
                                    scanner->line, n, pal_column_roles[role], dialect->columns[role] + 1);
                }
            }
            delimited_describe(reader, dialect, fields, n);
            int32_t value = dialect->columns[PAL_COLUMN_VALUE];
            if (value >= 0 && dialect->has_header) delimited_name(&fields[value], reader->value_name);
            if (dialect->has_header) continue;
        }
        reader->n_lines++;
        int64_t before = reader->n;
        TRY(delimited_read_line(reader, scanner, dialect, fields, n, n_columns));
        if (reader->is_first && shown < 3 && reader->n > before) delimited_show(reader, dialect, fields, shown++);
    }
}

pal_status pal_delimited_read(pal_reader *reader, const char *path, const pal_bytes *bytes, const pal_dialect *dialect) {
    if (bytes->length == 0) return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    reader->has_values = dialect->columns[PAL_COLUMN_VALUE] >= 0;
    reader->has_times = dialect->columns[PAL_COLUMN_TIME] >= 0;
    reader->has_types = dialect->columns[PAL_COLUMN_EVENT] >= 0;
    if (reader->has_values && !reader->value_name[0]) strcpy(reader->value_name, "rating");
    delimited_scanner scanner;
    delimited_start(&scanner, path, bytes, dialect);
    if (!delimited_scanner_buffer(&scanner)) return pal_fail_memory(reader->ctx, path, DELIMITED_LINE_MAX);
    pal_status status = delimited_read_lines(reader, &scanner, dialect);
    free(scanner.unquoted);
    return status;
}

/* --- catalogs --- */

/* A copy of the file as UTF-8 that the catalog owns. */
static pal_status catalog_copy(pal_ctx *ctx, const char *path, const pal_bytes *bytes, bool is_latin1, pal_arena *arena,
                               pal_bytes *out) {
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
    for (const char *c = bytes->bytes, *end = c + bytes->length; c < end && (c = memchr(c, '\n', (size_t)(end - c))); c++) lines++;
    return lines < INT32_MAX ? (int32_t)lines : INT32_MAX;
}

typedef struct {
    pal_reader *reader;
    pal_catalog *catalog;
    const char ***cells;     /* [n_columns] arrays of [capacity] */
    int32_t id, capacity;
} catalog_builder;

static int32_t catalog_column_named(const pal_catalog *catalog, const char *const *names) {
    for (int32_t i = 0; names[i]; i++) {
        for (int32_t c = 0; c < catalog->n_columns; c++) {
            if (pal_name_equal(catalog->columns[c].name, names[i])) return c;
        }
    }
    return -1;
}

static pal_status catalog_start(catalog_builder *builder, const pal_field *header, int32_t n, const char *const *names) {
    static const char *const titles[] = {"title", "name", "movie_title", "item_name", "product_type", "path", "description", NULL};
    pal_catalog *catalog = builder->catalog;
    int32_t n_columns;
    for (n_columns = 0; names ? names[n_columns] != NULL : n_columns < n;) n_columns++;
    catalog->n_columns = n_columns;
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, n_columns);
    builder->cells = PAL_ARENA_ARRAY(&catalog->arena, const char **, n_columns);
    if (!catalog->columns || !builder->cells) return pal_fail_memory(builder->reader->ctx, "the catalog", 1e3);
    for (int32_t c = 0; c < n_columns; c++) {
        if (names) {
            strncpy(catalog->columns[c].name, names[c], sizeof catalog->columns[c].name - 1);
        } else {
            delimited_name(&header[c], catalog->columns[c].name);
        }
        builder->cells[c] = PAL_ARENA_ARRAY(&catalog->arena, const char *, builder->capacity);
        if (!builder->cells[c]) return pal_fail_memory(builder->reader->ctx, "the catalog", 8.0 * builder->capacity);
        catalog->columns[c].cells = builder->cells[c];
    }
    builder->id = catalog_column_named(catalog, delimited_names[PAL_COLUMN_ITEM]);
    if (builder->id < 0) builder->id = 0;
    catalog->title = catalog_column_named(catalog, titles);
    return PAL_OK;
}

static pal_status catalog_add_line(catalog_builder *builder, const char *path, int64_t line, pal_field *fields, int32_t n) {
    pal_catalog *catalog = builder->catalog;
    if (builder->id >= n) {
        return pal_fail(builder->reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": has %d columns, but the id is column %d", path, line, n, builder->id + 1);
    }
    const pal_field *id = &fields[builder->id];
    size_t length = (size_t)(id->end - id->begin);
    if (length == 0 || length > PAL_ID_MAX || memchr(id->begin, '\0', length) || pal_utf8_valid_prefix(id->begin, length) != length) {
        return pal_fail(builder->reader->ctx, PAL_EFORMAT, "%s:%" PRId64 ": the item id is empty, too long or not UTF-8", path, line);
    }
    int32_t before = catalog->ids.n, row = pal_ids_add(&catalog->ids, id->begin, length);
    if (row < 0) return pal_fail_memory(builder->reader->ctx, "the catalog", 1e9);
    if (row < before || row >= builder->capacity) return PAL_OK; /* said twice: the first line counts */
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        char *end = c < n ? (char *)(uintptr_t)fields[c].end : NULL;
        builder->cells[c][row] = end ? fields[c].begin : "";
        if (!end) continue;
        *end = '\0'; /* the catalog's own copy: a separator, quote or line end stood there */
        if (pal_utf8_valid_prefix(fields[c].begin, (size_t)(end - fields[c].begin)) != (size_t)(end - fields[c].begin)) {
            builder->cells[c][row] = "";
        }
    }
    return PAL_OK;
}

static pal_status catalog_read_lines(catalog_builder *builder, delimited_scanner *scanner, const char *const *names) {
    pal_field fields[DELIMITED_COLUMNS_MAX];
    int32_t n;
    bool started = false;
    for (;;) {
        delimited_result result = delimited_next(scanner, fields, &n);
        if (result == DELIMITED_END) return PAL_OK;
        if (result != DELIMITED_LINE) return delimited_fail(builder->reader->ctx, scanner, result);
        if (n > DELIMITED_COLUMNS_MAX) n = DELIMITED_COLUMNS_MAX;
        if (!started) {
            TRY(catalog_start(builder, fields, n, names));
            started = true;
            if (!names) continue;
        }
        TRY(catalog_add_line(builder, scanner->path, scanner->line, fields, n));
        /* Doubled quotes were copied to the scanner's buffer, which the next line reuses: keep what the cells point to. */
        if (scanner->unquoted_length > 0) {
            char *kept = pal_arena_text(&builder->catalog->arena, scanner->unquoted, scanner->unquoted_length);
            if (!kept) return pal_fail_memory(builder->reader->ctx, "the catalog", (double)scanner->unquoted_length);
            int32_t row = builder->catalog->ids.n - 1;
            for (int32_t c = 0; c < builder->catalog->n_columns; c++) {
                ptrdiff_t at = builder->cells[c][row] - scanner->unquoted;
                if (at >= 0 && at < (ptrdiff_t)scanner->unquoted_length) builder->cells[c][row] = kept + at;
            }
        }
    }
}

pal_status pal_catalog_read(pal_reader *reader, const char *path, const pal_bytes *bytes, const pal_catalog_dialect *dialect) {
    pal_catalog catalog = {.title = -1};
    pal_bytes copy;
    TRY(catalog_copy(reader->ctx, path, bytes, dialect->is_latin1, &catalog.arena, &copy));
    pal_dialect lines = {.has_quotes = !dialect->names};
    if (dialect->separator) {
        strcpy(lines.separator, dialect->separator);
    } else {
        delimited_guess_separator(&copy, &lines);
    }
    delimited_scanner scanner;
    delimited_start(&scanner, path, &copy, &lines);
    scanner.tolerates_quotes = true;
    catalog_builder builder = {.reader = reader, .catalog = &catalog, .capacity = catalog_count_lines(&copy)};
    pal_status status = delimited_scanner_buffer(&scanner) ? catalog_read_lines(&builder, &scanner, dialect->names)
                                                           : pal_fail_memory(reader->ctx, path, DELIMITED_LINE_MAX);
    free(scanner.unquoted);
    if (status != PAL_OK) {
        pal_catalog_release(&catalog);
        return status;
    }
    pal_catalog_release(&reader->data->catalog);
    reader->data->catalog = catalog;
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

/* --- the format of last resort --- */

static bool table_recognizes(const char *path, const pal_bytes *bytes) {
    (void)path;
    return bytes != NULL;
}

/* Files that are no lines of text, by how they begin, and what to do with them. */
static const struct {
    const char *magic, *sentence;
    size_t length;
} table_refused[] = {
    {"PAR1", "is a Parquet file: convert it with duckdb -c \"COPY (FROM '%s') TO 'events.csv'\"", 4},
    {"ORC", "is an ORC file: convert it to CSV first (%s)", 3},
    {"\xFF\xFE", "is UTF-16: convert it with iconv -f UTF-16 -t UTF-8 %s > events.csv", 2},
    {"\xFE\xFF", "is UTF-16: convert it with iconv -f UTF-16 -t UTF-8 %s > events.csv", 2},
    {"PK\x03\x04", "is a zip archive or spreadsheet: unpack it, or save it as CSV (%s)", 4},
    {"%PDF", "is a PDF document, not a log (%s)", 4},
    {"BZh", "is compressed with bzip2: unpack it, or use gzip or zstd (%s)", 3},
    {"\xFD" "7zXZ", "is compressed with xz: unpack it, or use gzip or zstd (%s)", 5},
    {"SQLite format 3", "is an SQLite database: export the table with sqlite3 -csv -header %s \"SELECT …\" > events.csv", 15},
    {"{", "holds JSON: convert its lines to CSV, e.g. jq -r '[.user_id, .item_id, .timestamp] | @csv' %s", 1},
    {"[", "holds JSON: convert it to CSV, e.g. jq -r '.[] | [.user_id, .item_id, .timestamp] | @csv' %s", 1},
};

static pal_status table_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    if (!bytes) return pal_fail(reader->ctx, PAL_EFORMAT, "%s: is a folder: name the file in it that holds the events", path);
    if (bytes->length == 0) return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    for (size_t i = 0; i < sizeof table_refused / sizeof *table_refused; i++) {
        size_t length = table_refused[i].length;
        if (bytes->length < length || memcmp(bytes->bytes, table_refused[i].magic, length)) continue;
        pal_text sentence = {0};
        const char *slot = strstr(table_refused[i].sentence, "%s");
        pal_text_add_bytes(&sentence, table_refused[i].sentence, (size_t)(slot - table_refused[i].sentence));
        pal_text_add(&sentence, path);
        pal_text_add(&sentence, slot + 2);
        pal_fail(reader->ctx, PAL_EFORMAT, "%s %s", path, sentence.failed ? "is no log" : sentence.bytes);
        pal_text_release(&sentence);
        return PAL_EFORMAT;
    }
    pal_dialect dialect;
    TRY(pal_delimited_guess(reader, path, bytes, &dialect));
    return pal_delimited_read(reader, path, bytes, &dialect);
}

const pal_format pal_format_table = {
    .name = "table",
    .summary = "lines of fields separated by tab, comma, semicolon, | or ::, with or without a header",
    .recognizes = table_recognizes,
    .read = table_read,
};

static bool folder_recognizes(const char *path, const pal_bytes *bytes) {
    if (bytes) return false;
    pal_arena arena = {0};
    const char *log = pal_path_join(&arena, path, "interactions.tsv");
    bool found = log && pal_path_exists(log);
    pal_arena_release(&arena);
    return found;
}

static pal_status folder_read(pal_reader *reader, const char *path, const pal_bytes *bytes) {
    (void)bytes;
    const char *log = pal_path_join(&reader->data->arena, path, "interactions.tsv");
    if (!log) return pal_fail_memory(reader->ctx, path, 1);
    pal_bytes content;
    TRY(pal_file_read(reader->ctx, log, &content));
    pal_status status = table_read(reader, log, &content);
    pal_bytes_release(&content);
    TRY(status);
    return pal_catalog_read_beside(reader, path, "items.tsv", &(pal_catalog_dialect){.separator = "\t"});
}

const pal_format pal_format_folder = {
    .name = "folder",
    .summary = "a folder with interactions.tsv and, where there is one, items.tsv",
    .recognizes = folder_recognizes,
    .read = folder_read,
};
