/* columns.c - what a table does not say: its separator, whether it has a header, and which column
 * is what. */
#include <stdio.h>
#include <string.h>

#include "base/ctx.h"
#include "data/formats/lines.h"

const char *const pal_column_roles[] = {"user", "item", "value", "time", "event", "text", NULL};

/* Names that say what a column is, best first. Compared without case, '-' equals '_', type suffix
 * (":token") cut. */
static const char *const column_names[PAL_COLUMN_ROLES][24] = {
    [PAL_COLUMN_USER] = {"user", "user_id", "userid", "uid", "customer_id", "customer", "visitorid",
                         "visitor_id", "household_id", "member_id", "author", "author_id",
                         "reviewerid", "session_id", "session", "basket_id", NULL},
    [PAL_COLUMN_ITEM] = {"item", "item_id", "itemid", "movieid", "movie_id", "parent_asin", "asin",
                         "product_id", "product", "article_id", "sku", "business_id", "news_id",
                         "song_id", "track_id", "book_id", NULL},
    [PAL_COLUMN_VALUE] = {"rating", "score", "stars", "weight", "overall", "playtime", "play_count",
                          "value", "quantity", "count", "price", NULL},
    [PAL_COLUMN_TIME] = {"timestamp", "ts", "time", "datetime", "date", "t_dat", "created_at",
                         "unixreviewtime", NULL},
    [PAL_COLUMN_EVENT] = {"event", "event_type", "eventtype", "type", "action", "behavior",
                          "feedbacktype", "feedback_type", NULL},
    [PAL_COLUMN_TEXT] = {"query", "search", "text", "keyword", "search_query", "search_term", NULL},
    [PAL_COLUMN_FACTOR] = {NULL},
};

static bool column_is_number(const pal_field *field) {
    double value;
    return pal_parse_double(field->begin, field->end, &value);
}

static bool column_is_time(const pal_field *field) {
    int64_t time;
    bool is_number;
    return pal_time_parse(field->begin, field->end, &time, &is_number) &&
           (!is_number || time >= 100000000);
}

bool pal_field_next(const char **at, const char *end, pal_field *out) {
    const char *begin = *at;
    while (begin < end && *begin == ' ') begin++;
    const char *stop = begin < end ? memchr(begin, ' ', (size_t)(end - begin)) : NULL;
    *out = (pal_field){begin, stop ? stop : end};
    *at = out->end;
    return out->begin < out->end;
}

void pal_column_name(const pal_field *field, char out[PAL_NAME_MAX]) {
    size_t n = (size_t)(field->end - field->begin);
    const char *colon = memchr(field->begin, ':', n);
    if (colon) n = (size_t)(colon - field->begin);
    while (n > 0 && field->begin[n - 1] == ' ') n--;
    if (n >= PAL_NAME_MAX) n = PAL_NAME_MAX - 1;
    n = pal_utf8_valid_prefix(field->begin, n);
    memcpy(out, field->begin, n);
    out[n] = '\0';
}

int32_t pal_column_name_rank(const char *name, pal_column_role role) {
    for (int32_t i = 0; column_names[role][i]; i++) {
        if (pal_name_equal(column_names[role][i], name)) return i;
    }
    return -1;
}

void pal_column_separator(const pal_bytes *bytes, pal_dialect *dialect) {
    static const char *const candidates[] = {"\t", "::", ",", ";", "|"};
    enum { LINES = 20 };
    int32_t most_lines = 0, most_fields = 0;
    strcpy(dialect->separator, ",");
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        pal_dialect trial = {.has_quotes = true};
        strcpy(trial.separator, candidates[i]);
        pal_lines lines;
        pal_lines_start(&lines, "", bytes, &trial);
        pal_field fields[PAL_COLUMNS_MAX];
        int32_t n, n_fields = 0, agreeing = 0;
        for (int32_t line = 0; line < LINES && pal_lines_next(&lines, fields, &n) == PAL_LINES_LINE;
             line++) {
            if (line == 0) n_fields = n;
            agreeing += n == n_fields;
        }
        if (n_fields > 1 &&
            (agreeing > most_lines || (agreeing == most_lines && n_fields > most_fields))) {
            most_lines = agreeing;
            most_fields = n_fields;
            strcpy(dialect->separator, candidates[i]);
        }
    }
}

/* A header has two names that we know (one may be somebody's id), or one and no numbers, or no
 * numbers above some. */
static bool column_guess_header(const pal_field *first, int32_t n, const pal_field *second,
                                int32_t n_second) {
    int32_t n_known = 0, first_numbers = 0, second_numbers = 0;
    for (int32_t c = 0; c < n && c < PAL_COLUMNS_MAX; c++) {
        char name[PAL_NAME_MAX];
        pal_column_name(&first[c], name);
        bool is_known = false;
        for (int role = 0; role <= PAL_COLUMN_EVENT; role++) {
            is_known |= pal_column_name_rank(name, (pal_column_role)role) >= 0;
        }
        n_known += is_known;
        first_numbers += column_is_number(&first[c]);
    }
    for (int32_t c = 0; c < n_second && c < PAL_COLUMNS_MAX; c++)
        second_numbers += column_is_number(&second[c]);
    return n_known >= 2 || (first_numbers == 0 && (n_known > 0 || second_numbers > 0));
}

/* The role of texts is not guessed by its name alone: reviews have texts beside their items. */
static void column_guess_by_name(const pal_field *header, int32_t n, pal_dialect *dialect) {
    for (int role = 0; role <= PAL_COLUMN_EVENT; role++) {
        int32_t best = INT32_MAX;
        for (int32_t c = 0; c < n; c++) {
            char name[PAL_NAME_MAX];
            pal_column_name(&header[c], name);
            int32_t rank = pal_column_name_rank(name, (pal_column_role)role);
            if (rank >= 0 && rank < best) {
                best = rank;
                dialect->columns[role] = c;
            }
        }
    }
}

/* Without names: user, item, then a value and a time, told apart by magnitude. */
static void column_guess_by_place(const pal_field *line, int32_t n, pal_dialect *dialect) {
    if (n < 2 || n > 5) return;
    dialect->columns[PAL_COLUMN_USER] = 0;
    dialect->columns[PAL_COLUMN_ITEM] = 1;
    for (int32_t c = 2; c < n; c++) {
        if (column_is_time(&line[c])) {
            if (dialect->columns[PAL_COLUMN_TIME] < 0) dialect->columns[PAL_COLUMN_TIME] = c;
        } else if (column_is_number(&line[c])) {
            if (dialect->columns[PAL_COLUMN_VALUE] < 0) dialect->columns[PAL_COLUMN_VALUE] = c;
        } else if (dialect->columns[PAL_COLUMN_EVENT] < 0) {
            dialect->columns[PAL_COLUMN_EVENT] = c;
        }
    }
}

/* The column called `name`, or numbered from 1; PAL_EUSAGE with what there is. */
static pal_status column_find_column(pal_ctx *ctx, const char *path, const pal_field *header,
                                     int32_t n, bool has_header, const char *name, int32_t *out) {
    int64_t number;
    pal_text list = {0};
    for (int32_t c = 0; has_header && c < n; c++) {
        char column[PAL_NAME_MAX];
        pal_column_name(&header[c], column);
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
    pal_fail(ctx, PAL_EUSAGE, "%s has no column '%s': it has %s%s", path, name,
             list.bytes ? list.bytes : "no names, only numbers from 1",
             has_header ? "" : "; name columns by number");
    pal_text_release(&list);
    return PAL_EUSAGE;
}

/* Whether a header's field is called `name`. */
static bool column_has(const pal_field *header, int32_t n, bool has_header, const char *name) {
    char column[PAL_NAME_MAX];
    for (int32_t c = 0; has_header && c < n; c++) {
        pal_column_name(&header[c], column);
        if (pal_name_equal(column, name)) return true;
    }
    return false;
}

/* --value: a column, or the product or ratio of two, the second of which may be "items.NAME". */
static pal_status column_apply_value(pal_reader *reader, const char *path, const pal_field *first,
                                     int32_t n, pal_dialect *dialect) {
    static const char catalog[] = "items.";
    pal_ctx *ctx = reader->ctx;
    const char *text = reader->options->value;
    char left[PAL_NAME_MAX], right[PAL_NAME_MAX];
    size_t at = strcspn(text, "*/");
    if (text[at] == '\0' || column_has(first, n, dialect->has_header, text)) {
        return column_find_column(ctx, path, first, n, dialect->has_header, text,
                                  &dialect->columns[PAL_COLUMN_VALUE]);
    }
    if (at == 0 || at >= sizeof left || text[at + 1] == '\0' ||
        strlen(text + at + 1) >= sizeof right || strpbrk(text + at + 1, "*/")) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "--value must be a column, or two such as quantity*price, watched/duration "
                        "or watched/items.duration, not '%s'",
                        text);
    }
    memcpy(left, text, at);
    left[at] = '\0';
    strcpy(right, text + at + 1);
    TRY(column_find_column(ctx, path, first, n, dialect->has_header, left,
                           &dialect->columns[PAL_COLUMN_VALUE]));
    snprintf(reader->value_name, sizeof reader->value_name, "%s", text);
    reader->value_operator = text[at];
    reader->value_has_factor = strncmp(right, catalog, sizeof catalog - 1) != 0 ||
                               column_has(first, n, dialect->has_header, right);
    if (reader->value_has_factor) {
        return column_find_column(ctx, path, first, n, dialect->has_header, right,
                                  &dialect->columns[PAL_COLUMN_FACTOR]);
    }
    reader->data->value_operator = text[at];
    snprintf(reader->data->value_feature, sizeof reader->data->value_feature, "%s",
             right + sizeof catalog - 1);
    return PAL_OK;
}

/* --columns "user=a,item=b,…" and --value. */
static pal_status column_apply_options(pal_reader *reader, const char *path, const pal_field *first,
                                       int32_t n, pal_dialect *dialect) {
    pal_ctx *ctx = reader->ctx;
    const char *text = reader->options->columns ? reader->options->columns : "";
    bool is_named[PAL_COLUMN_ROLES] = {false};
    while (*text) {
        char part[2 * PAL_NAME_MAX];
        size_t length = strcspn(text, ",");
        if (length >= sizeof part)
            return pal_fail(ctx, PAL_EUSAGE, "--columns: '%s' is too long", text);
        memcpy(part, text, length);
        part[length] = '\0';
        char *equals = strchr(part, '=');
        int role = 0;
        if (equals) {
            *equals = '\0';
            while (pal_column_roles[role] && !pal_name_equal(pal_column_roles[role], part)) role++;
        }
        if (!equals || !pal_column_roles[role]) {
            return pal_fail(
                ctx, PAL_EUSAGE,
                "--columns must look like user=a,item=b,value=c,time=d,event=e,text=f, not '%s'",
                part);
        }
        if (is_named[role])
            return pal_fail(ctx, PAL_EUSAGE, "--columns names the %s twice",
                            pal_column_roles[role]);
        is_named[role] = true;
        TRY(column_find_column(ctx, path, first, n, dialect->has_header, equals + 1,
                               &dialect->columns[role]));
        text += length + (text[length] == ',');
    }
    return reader->options->value ? column_apply_value(reader, path, first, n, dialect) : PAL_OK;
}

/* Two columns of one name: which of them was meant is not ours to guess. */
static pal_status column_check_names(pal_ctx *ctx, const char *path, const pal_field *header,
                                     int32_t n, const pal_dialect *dialect) {
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) {
        char name[PAL_NAME_MAX], other[PAL_NAME_MAX];
        int32_t column = dialect->columns[role];
        if (column < 0) continue;
        pal_column_name(&header[column], name);
        for (int32_t c = 0; c < n; c++) {
            pal_column_name(&header[c], other);
            if (c == column || !pal_name_equal(name, other)) continue;
            return pal_fail(
                ctx, PAL_EFORMAT,
                "%s: columns %d and %d are both called '%s': say --columns %s=%d or %s=%d", path,
                column + 1, c + 1, name, pal_column_roles[role], column + 1, pal_column_roles[role],
                c + 1);
        }
    }
    return PAL_OK;
}

static pal_status column_check_roles(pal_ctx *ctx, const char *path, int32_t n,
                                     const pal_dialect *dialect) {
    if (n == 1) {
        return pal_fail(
            ctx, PAL_EFORMAT,
            "%s: only one column found: fields must be separated by tab, comma, semicolon, | or ::",
            path);
    }
    for (int role = PAL_COLUMN_USER; role <= PAL_COLUMN_ITEM; role++) {
        if (dialect->columns[role] < 0) {
            return pal_fail(ctx, PAL_EFORMAT,
                            "%s: cannot tell which of %d columns is the %s: say --columns "
                            "user=…,item=… with names or numbers",
                            path, n, pal_column_roles[role]);
        }
    }
    for (int a = 0; a <= PAL_COLUMN_TEXT; a++) {
        for (int b = a + 1; b <= PAL_COLUMN_TEXT; b++) {
            if (dialect->columns[a] >= 0 && dialect->columns[a] == dialect->columns[b]) {
                return pal_fail(
                    ctx, PAL_EUSAGE, "%s: column %d is both %s and %s: name another with --columns",
                    path, dialect->columns[a] + 1, pal_column_roles[a], pal_column_roles[b]);
            }
        }
    }
    return PAL_OK;
}

int32_t pal_columns_name_text(const pal_field *header, int32_t n, const pal_dialect *dialect) {
    int32_t text = -1, best = INT32_MAX;
    for (int32_t c = 0; c < n; c++) {
        char name[PAL_NAME_MAX];
        pal_column_name(&header[c], name);
        int32_t rank = pal_column_name_rank(name, PAL_COLUMN_TEXT);
        bool is_taken = false;
        for (int role = 0; role <= PAL_COLUMN_EVENT; role++)
            is_taken |= dialect->columns[role] == c;
        if (rank < 0 || rank >= best || is_taken) continue;
        best = rank;
        text = c;
    }
    return dialect->columns[PAL_COLUMN_ITEM] < 0 ? -1 : text;
}

/* A column of words under a telling name is one of searches where an early line has words and no
 * item. */
static void column_guess_text(const pal_lines *lines, const pal_field *header, int32_t n,
                              pal_dialect *dialect) {
    enum { LINES = 1000 };
    int32_t item = dialect->columns[PAL_COLUMN_ITEM];
    int32_t text = pal_columns_name_text(header, n, dialect);
    if (text < 0) return;
    pal_lines ahead = *lines;
    ahead.unquoted = NULL;
    pal_field fields[PAL_COLUMNS_MAX];
    int32_t n_fields;
    for (int32_t i = 0; i < LINES && pal_lines_next(&ahead, fields, &n_fields) == PAL_LINES_LINE;
         i++) {
        if (n_fields != n || fields[item].begin < fields[item].end ||
            fields[text].begin == fields[text].end)
            continue;
        dialect->columns[PAL_COLUMN_TEXT] = text;
        return;
    }
}

/* Names the columns of numbers that have no role: any of them could be the value. */
static void column_list_numbers(pal_reader *reader, const pal_field *header,
                                const pal_field *second, int32_t n, const pal_dialect *dialect) {
    pal_text list = {0};
    for (int32_t c = 0; c < n; c++) {
        char name[PAL_NAME_MAX];
        bool has_role = false;
        for (int role = 0; role < PAL_COLUMN_ROLES; role++) has_role |= dialect->columns[role] == c;
        pal_column_name(&header[c], name);
        size_t length = strlen(name);
        bool is_id = length >= 2 && pal_name_equal(name + length - 2, "id");
        bool is_known = false;
        for (int role = 0; role < PAL_COLUMN_ROLES; role++)
            is_known |=
                role != PAL_COLUMN_VALUE && pal_column_name_rank(name, (pal_column_role)role) >= 0;
        if (has_role || is_id || is_known || !column_is_number(&second[c])) continue;
        pal_text_addf(&list, list.length ? ", %s" : "%s", name);
    }
    if (list.length && list.length < sizeof reader->other_numbers)
        strcpy(reader->other_numbers, list.bytes);
    pal_text_release(&list);
}

pal_status pal_delimited_guess(pal_reader *reader, const char *path, const pal_bytes *bytes,
                               pal_dialect *out) {
    pal_dialect dialect = {.has_quotes = true};
    for (int role = 0; role < PAL_COLUMN_ROLES; role++) dialect.columns[role] = -1;
    if (bytes->length == 0)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    pal_column_separator(bytes, &dialect);
    pal_lines lines;
    pal_lines_start(&lines, path, bytes, &dialect);
    pal_field first[PAL_COLUMNS_MAX], second[PAL_COLUMNS_MAX];
    int32_t n = 0, n_second = 0;
    pal_lines_result result = pal_lines_next(&lines, first, &n);
    if (result == PAL_LINES_END)
        return pal_fail(reader->ctx, PAL_EFORMAT, "%s: the file is empty", path);
    if (result != PAL_LINES_LINE) return pal_lines_fail(reader->ctx, &lines, result);
    const pal_lines behind = lines;
    (void)pal_lines_next(&lines, second, &n_second);
    if (n > PAL_COLUMNS_MAX) n = PAL_COLUMNS_MAX;
    dialect.has_header = column_guess_header(first, n, second, n_second);
    if (dialect.has_header) {
        column_guess_by_name(first, n, &dialect);
        column_guess_text(&behind, first, n, &dialect);
    } else {
        column_guess_by_place(first, n, &dialect);
    }
    TRY(column_apply_options(reader, path, first, n, &dialect));
    TRY(column_check_roles(reader->ctx, path, n, &dialect));
    if (dialect.has_header && !reader->options->columns)
        TRY(column_check_names(reader->ctx, path, first, n, &dialect));
    if (dialect.has_header && n_second == n)
        column_list_numbers(reader, first, second, n, &dialect);
    *out = dialect;
    return PAL_OK;
}

pal_status pal_columns_choose(pal_reader *reader, const char *path, const pal_field *header,
                              int32_t n, pal_dialect *dialect) {
    column_guess_by_name(header, n, dialect);
    TRY(column_apply_options(reader, path, header, n, dialect));
    TRY(column_check_roles(reader->ctx, path, n, dialect));
    return reader->options->columns ? PAL_OK
                                    : column_check_names(reader->ctx, path, header, n, dialect);
}
