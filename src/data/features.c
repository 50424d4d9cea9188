/* features.c - what the cells of a catalog mean: each column's type, guessed or told, and the
 * tokens, sets, numbers and vectors that follow from it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"
#include "data/catalog.h"
#include "data/log.h"

const char *const pal_feature_names[] = {"unknown", "id",     "token", "set", "number",
                                         "text",    "vector", "timed", NULL};

/* Shares of the filled cells from which a column is taken for numbers, sets and texts. */
static const double feature_numbers = 0.95, feature_joined = 0.05, feature_distinct = 0.5;
static const double feature_text_words = 3, feature_token_words = 4;

/* --- cells --- */

static pal_cell_span feature_trim(pal_cell_span span) {
    while (span.begin < span.end && *span.begin == ' ') span.begin++;
    while (span.end > span.begin && span.end[-1] == ' ') span.end--;
    return span;
}

/* The cell without spaces around it; empty where it only says that something is missing. */
pal_cell_span pal_cell_of(const char *cell) {
    static const char *const missing[] = {"?",    "NA",  "N/A", "NULL", "null",
                                          "None", "nan", "NaN", "\\N"};
    pal_cell_span span = feature_trim((pal_cell_span){cell, cell + strlen(cell)});
    size_t n = (size_t)(span.end - span.begin);
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        if (strlen(missing[i]) == n && !memcmp(span.begin, missing[i], n)) span.end = span.begin;
    }
    return span;
}

/* The next of the tokens that stand between separators; false past the last. */
bool pal_cell_next(pal_cell_span *rest, char separator, pal_cell_span *out) {
    while (rest->begin < rest->end) {
        size_t left = (size_t)(rest->end - rest->begin);
        const char *stop = memchr(rest->begin, separator, left);
        *out = feature_trim((pal_cell_span){rest->begin, stop ? stop : rest->end});
        rest->begin = stop ? stop + 1 : rest->end;
        if (out->begin < out->end) return true;
    }
    return false;
}

/* A number, also behind a currency's sign. */
bool pal_cell_number(pal_cell_span cell, double *out) {
    static const char *const signs[] = {"$", "€", "£", "¥"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        size_t n = strlen(signs[i]);
        if ((size_t)(cell.end - cell.begin) > n && !memcmp(cell.begin, signs[i], n)) {
            cell.begin += n;
            break;
        }
    }
    return pal_parse_double(cell.begin, cell.end, out) && fabs(*out) < 3e38;
}

static int64_t feature_count_words(pal_cell_span cell) {
    pal_cell_span word;
    int64_t n = 0;
    while (pal_cell_next(&cell, ' ', &word)) n++;
    return n;
}

/* --- guessing --- */

typedef struct {
    int64_t n_filled, n_numbers, n_words, n_bars, n_commas;
    int32_t n_distinct;
    bool are_ids;
} feature_measures;

static pal_status feature_measure(pal_ctx *ctx, const pal_catalog *catalog,
                                  const pal_column *column, feature_measures *out) {
    pal_ids distinct = {0};
    *out = (feature_measures){.are_ids = true};
    for (int32_t i = 0; i < catalog->ids.n; i++) {
        pal_cell_span cell = pal_cell_of(column->cells[i]);
        double number;
        out->are_ids &= !strcmp(column->cells[i], pal_ids_at(&catalog->ids, i));
        if (cell.begin == cell.end) continue;
        size_t n = (size_t)(cell.end - cell.begin);
        out->n_filled++;
        out->n_numbers += pal_cell_number(cell, &number);
        out->n_words += feature_count_words(cell);
        out->n_bars += memchr(cell.begin, '|', n) != NULL;
        out->n_commas += memmem(cell.begin, n, ", ", 2) != NULL;
        if (pal_ids_add(&distinct, cell.begin, n) < 0) {
            pal_ids_release(&distinct);
            return pal_fail_memory(ctx, "the catalog's words", 64.0 * catalog->ids.n);
        }
    }
    out->n_distinct = distinct.n;
    pal_ids_release(&distinct);
    return PAL_OK;
}

/* Whether cells cut at the separator make a vocabulary smaller than the rows, of tokens that are
 * short. */
static pal_status feature_is_set(pal_ctx *ctx, const pal_catalog *catalog, const pal_column *column,
                                 char separator, int64_t n_filled, bool *out) {
    pal_ids vocabulary = {0};
    int64_t n_words = 0, n_tokens = 0;
    bool failed = false;
    for (int32_t i = 0; i < catalog->ids.n && vocabulary.n < n_filled && !failed; i++) {
        pal_cell_span cell = pal_cell_of(column->cells[i]), token;
        while (pal_cell_next(&cell, separator, &token)) {
            n_tokens++;
            n_words += feature_count_words(token);
            failed |= pal_ids_add(&vocabulary, token.begin, (size_t)(token.end - token.begin)) < 0;
        }
    }
    *out = vocabulary.n < n_filled && (double)n_words <= feature_token_words * (double)n_tokens;
    pal_ids_release(&vocabulary);
    return failed ? pal_fail_memory(ctx, "the catalog's words", 64.0 * catalog->ids.n) : PAL_OK;
}

/* Numbers under such names are labels. */
static bool feature_names_label(const char *name) {
    static const char *const ends[] = {"id", "zip", "code", "zipcode", "asin", "sku", "upc"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t m = strlen(ends[i]);
        if (n < m || !pal_name_equal(name + n - m, ends[i])) continue;
        bool is_camel = n > m && name[n - m] >= 'A' && name[n - m] <= 'Z' &&
                        name[n - m - 1] >= 'a' && name[n - m - 1] <= 'z';
        if (n == m || is_camel || strchr("_- ", name[n - m - 1])) return true;
    }
    return false;
}

static pal_status feature_guess(pal_ctx *ctx, const pal_catalog *catalog, pal_column *column) {
    feature_measures found;
    TRY(feature_measure(ctx, catalog, column, &found));
    double filled = (double)found.n_filled;
    bool is_title = catalog->title >= 0 && column == &catalog->columns[catalog->title];
    const struct {
        char separator;
        int64_t n;
    } joined[] = {{'|', found.n_bars}, {',', found.n_commas}};
    column->type = found.are_ids ? PAL_FEATURE_ID : PAL_FEATURE_TOKEN;
    if (found.are_ids || found.n_filled == 0) return PAL_OK;
    for (size_t i = 0; i < sizeof joined / sizeof *joined; i++) {
        bool is_set = false;
        if (joined[i].n > 0 && (double)joined[i].n >= feature_joined * filled && !is_title)
            TRY(feature_is_set(ctx, catalog, column, joined[i].separator, found.n_filled, &is_set));
        if (!is_set) continue;
        column->type = PAL_FEATURE_SET;
        column->separator = joined[i].separator;
        return PAL_OK;
    }
    bool is_distinct = found.n_distinct > feature_distinct * filled;
    if ((double)found.n_numbers >= feature_numbers * filled) {
        if (!feature_names_label(column->name)) column->type = PAL_FEATURE_NUMBER;
    } else if (is_distinct && (is_title || (double)found.n_words > feature_text_words * filled)) {
        column->type = PAL_FEATURE_TEXT;
    }
    return PAL_OK;
}

/* The separator of a column that was told to be of sets: the one that stands in most cells. */
static void feature_guess_separator(const pal_catalog *catalog, pal_column *column) {
    static const char separators[] = "|,; ";
    int64_t most = 0;
    column->separator = '|';
    for (const char *s = separators; *s; s++) {
        int64_t n = 0;
        for (int32_t i = 0; i < catalog->ids.n; i++) n += strchr(column->cells[i], *s) != NULL;
        /* "a, b" holds commas and spaces: the first counts. */
        if (n <= most) continue;
        most = n;
        column->separator = *s;
    }
}

/* --- filling --- */

static pal_status feature_fill_tokens(pal_ctx *ctx, pal_catalog *catalog, pal_column *column) {
    int32_t n = catalog->ids.n, *tokens = PAL_ARENA_ARRAY(&catalog->arena, int32_t, n);
    if (!tokens) return pal_fail_memory(ctx, "the catalog's tokens", 4.0 * n);
    for (int32_t i = 0; i < n; i++) {
        pal_cell_span cell = pal_cell_of(column->cells[i]);
        tokens[i] = -1;
        column->n_missing += cell.begin == cell.end;
        if (cell.begin == cell.end) continue;
        tokens[i] = pal_ids_add(&column->vocabulary, cell.begin, (size_t)(cell.end - cell.begin));
        if (tokens[i] < 0) return pal_fail_memory(ctx, "the catalog's tokens", 64.0 * n);
    }
    column->tokens = tokens;
    return PAL_OK;
}

typedef struct { /* a token of a set */
    int32_t col;
    int64_t time; /* 0 without times */
} feature_entry;

static int feature_compare_entries(const void *a, const void *b) {
    const feature_entry *x = a, *y = b;
    if (x->col != y->col) return (x->col > y->col) - (x->col < y->col);
    return (x->time > y->time) - (x->time < y->time);
}

/* Sorts a row and drops what stands twice, the later one; returns how many are left. */
static int64_t feature_order(feature_entry *row, int64_t n) {
    qsort(row, (size_t)n, sizeof *row, feature_compare_entries);
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i == 0 || row[i].col != row[i - 1].col) row[kept++] = row[i];
    }
    return kept;
}

/* Cuts "@seconds" off a token; 0 where it has no '@': known from the start. -1: what stands there
 * is no word and whole seconds. */
static int64_t feature_take_time(pal_cell_span *token) {
    const char *at = token->end;
    if (!memchr(token->begin, '@', (size_t)(token->end - token->begin))) return 0;
    while (at > token->begin && at[-1] >= '0' && at[-1] <= '9') at--;
    double time;
    if (at - token->begin < 2 || at == token->end || at[-1] != '@' ||
        !pal_parse_double(at, token->end, &time) || time > (double)PAL_TIME_MAX)
        return -1;
    token->end = at - 1;
    *token = feature_trim(*token);
    return (int64_t)time;
}

static pal_status feature_fill_sets(pal_ctx *ctx, pal_catalog *catalog, pal_column *column) {
    int32_t n = catalog->ids.n;
    int64_t n_tokens = 0;
    pal_cell_span token;
    if (!column->separator) feature_guess_separator(catalog, column);
    for (int32_t i = 0; i < n; i++) {
        pal_cell_span cell = pal_cell_of(column->cells[i]);
        while (pal_cell_next(&cell, column->separator, &token)) n_tokens++;
    }
    bool is_timed = column->type == PAL_FEATURE_TIMED;
    int32_t wrong = -1; /* a row whose times cannot be read */
    pal_arena scratch = {0};
    feature_entry *entries = PAL_ARENA_ARRAY(&scratch, feature_entry, n_tokens);
    int64_t *starts = PAL_ARENA_ARRAY(&catalog->arena, int64_t, (int64_t)n + 1),
            *times = is_timed ? PAL_ARENA_ARRAY(&catalog->arena, int64_t, n_tokens) : NULL;
    int32_t *cols = PAL_ARENA_ARRAY(&catalog->arena, int32_t, n_tokens);
    bool failed = !entries || !starts || !cols || (is_timed && !times);
    for (int32_t i = 0; !failed && i < n; i++) {
        pal_cell_span cell = pal_cell_of(column->cells[i]);
        int64_t n_row = 0;
        while (pal_cell_next(&cell, column->separator, &token)) {
            int64_t time = is_timed ? feature_take_time(&token) : 0;
            int32_t col =
                pal_ids_add(&column->vocabulary, token.begin, (size_t)(token.end - token.begin));
            failed |= col < 0;
            if (time < 0 && wrong < 0) wrong = i;
            entries[n_row++] = (feature_entry){col, time};
        }
        n_row = feature_order(entries, n_row);
        for (int64_t e = 0; e < n_row; e++) {
            cols[starts[i] + e] = entries[e].col;
            if (is_timed) times[starts[i] + e] = entries[e].time;
        }
        starts[i + 1] = starts[i] + n_row;
        column->n_missing += n_row == 0;
    }
    pal_arena_release(&scratch);
    if (failed) return pal_fail_memory(ctx, "the catalog's sets", 64.0 * n);
    if (wrong >= 0)
        return pal_fail(ctx, PAL_EFORMAT,
                        "column %s cannot be timed: '%s' of %s must be words that end with @ and "
                        "whole seconds since 1970, such as dark@1456000000, or have no @",
                        column->name, column->cells[wrong], pal_ids_at(&catalog->ids, wrong));
    column->type = PAL_FEATURE_SET;
    column->times = times;
    column->sets =
        (pal_csr){.n_rows = n, .n_cols = column->vocabulary.n, .starts = starts, .cols = cols};
    return PAL_OK;
}

static pal_status feature_fill_numbers(pal_ctx *ctx, pal_catalog *catalog, pal_column *column) {
    int32_t n = catalog->ids.n;
    float *numbers = PAL_ARENA_ARRAY(&catalog->arena, float, n);
    if (!numbers) return pal_fail_memory(ctx, "the catalog's numbers", 4.0 * n);
    for (int32_t i = 0; i < n; i++) {
        double number;
        bool is_number = pal_cell_number(pal_cell_of(column->cells[i]), &number);
        numbers[i] = is_number ? (float)number : NAN;
        column->n_missing += !is_number;
    }
    column->numbers = numbers;
    return PAL_OK;
}

/* How many numbers a cell holds between spaces or commas, written to out [most] where there is
 * one; -1: something else is there. */
static int32_t feature_read_vector(pal_cell_span cell, float *out, int32_t most) {
    char separator = memchr(cell.begin, ',', (size_t)(cell.end - cell.begin)) ? ',' : ' ';
    pal_cell_span part;
    int32_t n = 0;
    while (pal_cell_next(&cell, separator, &part)) {
        double number;
        if (!pal_cell_number(part, &number) || n == INT32_MAX) return -1;
        if (out && n < most) out[n] = (float)number;
        n++;
    }
    return n;
}

/* A row of zeros is one without a vector. */
static void feature_count_zeros(const pal_catalog *catalog, pal_column *column) {
    for (int32_t i = 0; i < catalog->ids.n; i++) {
        const float *vector = column->vectors + (int64_t)i * column->n_dims;
        int32_t d = 0;
        while (d < column->n_dims && vector[d] == 0) d++;
        column->n_missing += d == column->n_dims;
    }
}

/* Vectors that stand in cells. Where they do not agree *wrong is the first row that differs, and
 * nothing is filled. */
static pal_status feature_fill_vectors(pal_ctx *ctx, pal_catalog *catalog, pal_column *column,
                                       int32_t *wrong) {
    int32_t n = catalog->ids.n, n_dims = 0;
    *wrong = -1;
    if (column->vectors) {
        feature_count_zeros(catalog, column);
        return PAL_OK;
    }
    for (int32_t i = 0; i < n; i++) {
        int32_t found = feature_read_vector(pal_cell_of(column->cells[i]), NULL, 0);
        if (n_dims == 0) n_dims = found;
        if (found >= 0 && (found == 0 || found == n_dims)) continue;
        *wrong = i;
        return PAL_OK;
    }
    if (n_dims == 0) {
        *wrong = 0;
        return PAL_OK;
    }
    int64_t size = (int64_t)n * n_dims;
    float *vectors = PAL_ARENA_ARRAY(&catalog->arena, float, size);
    if (!vectors) return pal_fail_memory(ctx, "the catalog's vectors", 4.0 * (double)size);
    for (int32_t i = 0; i < n; i++) {
        (void)feature_read_vector(pal_cell_of(column->cells[i]), vectors + (int64_t)i * n_dims,
                                  n_dims);
    }
    column->n_dims = n_dims;
    column->vectors = vectors;
    feature_count_zeros(catalog, column);
    return PAL_OK;
}

static pal_status feature_fill(pal_ctx *ctx, pal_catalog *catalog, pal_column *column,
                               int32_t *wrong) {
    *wrong = -1;
    column->n_missing = 0;
    if (column->type == PAL_FEATURE_TOKEN) return feature_fill_tokens(ctx, catalog, column);
    if (column->type == PAL_FEATURE_SET || column->type == PAL_FEATURE_TIMED)
        return feature_fill_sets(ctx, catalog, column);
    if (column->type == PAL_FEATURE_NUMBER) return feature_fill_numbers(ctx, catalog, column);
    if (column->type == PAL_FEATURE_VECTOR)
        return feature_fill_vectors(ctx, catalog, column, wrong);
    for (int32_t i = 0; i < catalog->ids.n; i++) column->n_missing += *column->cells[i] == '\0';
    return PAL_OK;
}

/* --- told types --- */

static pal_status feature_fail_name(pal_ctx *ctx, const pal_catalog *catalog, const char *option,
                                    const char *name) {
    pal_text list = {0};
    for (int32_t c = 0; c < catalog->n_columns; c++)
        pal_text_addf(&list, c ? ", %s" : "%s", catalog->columns[c].name);
    pal_fail(ctx, PAL_EUSAGE, "%s: there is no column '%s': there %s %s", option, name,
             catalog->n_columns == 1 ? "is" : "are", list.bytes ? list.bytes : "none");
    pal_text_release(&list);
    return PAL_EUSAGE;
}

/* "name=type". */
static pal_status feature_tell(pal_ctx *ctx, pal_catalog *catalog, const char *option, char *part,
                               uint8_t *is_told) {
    char *equals = strrchr(part, '=');
    int32_t type = PAL_FEATURE_TOKEN;
    if (equals) *equals = '\0';
    while (equals && pal_feature_names[type] &&
           !pal_name_equal(pal_feature_names[type], equals + 1))
        type++;
    if (!equals || !pal_feature_names[type]) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s must look like genre=set,year=number with the types token, set, "
                        "timed, number, text and vector, not '%s%s%s'",
                        option, part, equals ? "=" : "", equals ? equals + 1 : "");
    }
    if (type == PAL_FEATURE_TIMED && strstr(option, "user"))
        return pal_fail(ctx, PAL_EUSAGE,
                        "%s: profiles have no timed columns, since they are not cut at the split: "
                        "say %s=set",
                        option, part);
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        pal_column *column = &catalog->columns[c];
        if (!pal_name_equal(column->name, part)) continue;
        if (column->vectors && type != PAL_FEATURE_VECTOR) {
            return pal_fail(ctx, PAL_EUSAGE, "%s: %s is a file of vectors and cannot be a %s",
                            option, column->name, pal_feature_names[type]);
        }
        if (column->type != (pal_feature_type)type) column->separator = 0;
        column->type = (pal_feature_type)type;
        is_told[c] = 1;
        return PAL_OK;
    }
    return feature_fail_name(ctx, catalog, option, part);
}

static pal_status feature_tell_all(pal_ctx *ctx, pal_catalog *catalog, const char *option,
                                   const char *told, uint8_t *is_told) {
    while (told && *told) {
        char part[128];
        size_t n = strcspn(told, ",");
        if (n >= sizeof part)
            return pal_fail(ctx, PAL_EUSAGE, "%s: '%s' is too long", option, told);
        memcpy(part, told, n);
        part[n] = '\0';
        TRY(feature_tell(ctx, catalog, option, part, is_told));
        told += n + (told[n] == ',');
    }
    return PAL_OK;
}

static pal_status feature_settle(pal_ctx *ctx, pal_catalog *catalog, const char *option,
                                 const uint8_t *is_told) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        pal_column *column = &catalog->columns[c];
        int32_t wrong;
        if (column->type == PAL_FEATURE_UNKNOWN) TRY(feature_guess(ctx, catalog, column));
        TRY(feature_fill(ctx, catalog, column, &wrong));
        if (wrong < 0) continue;
        if (is_told[c]) {
            return pal_fail(ctx, PAL_EUSAGE,
                            "%s: %s cannot be a vector: %s has other numbers than the rows before "
                            "it, or none",
                            option, column->name, pal_ids_at(&catalog->ids, wrong));
        }
        column->type = PAL_FEATURE_TEXT;
        TRY(feature_fill(ctx, catalog, column, &wrong));
    }
    return PAL_OK;
}

pal_status pal_catalog_settle(pal_ctx *ctx, pal_catalog *catalog, const char *option,
                              const char *told) {
    if (catalog->ids.n == 0 && !told) return PAL_OK;
    pal_arena scratch = {0};
    uint8_t *is_told = PAL_ARENA_ARRAY(&scratch, uint8_t, catalog->n_columns);
    pal_status status =
        is_told ? PAL_OK : pal_fail_memory(ctx, "the catalog's columns", catalog->n_columns);
    if (status == PAL_OK) status = feature_tell_all(ctx, catalog, option, told, is_told);
    if (status == PAL_OK) status = feature_settle(ctx, catalog, option, is_told);
    pal_arena_release(&scratch);
    return status;
}

/* --- for a person --- */

int32_t pal_catalog_count_features(const pal_catalog *catalog) {
    int32_t n = 0;
    for (int32_t c = 0; c < catalog->n_columns; c++)
        n += catalog->columns[c].type != PAL_FEATURE_ID;
    return n;
}

static void feature_describe(const pal_column *column, pal_text *out) {
    pal_text_addf(out, "%s: ", column->name);
    switch (column->type) {
    case PAL_FEATURE_TOKEN:
        pal_text_add_count(out, column->vocabulary.n);
        pal_text_add(out, column->vocabulary.n == 1 ? " token" : " tokens");
        break;
    case PAL_FEATURE_SET:
        pal_text_add(out, "sets of ");
        pal_text_add_count(out, column->vocabulary.n);
        pal_text_add(out, column->vocabulary.n == 1 ? " token" : " tokens");
        break;
    case PAL_FEATURE_NUMBER:
        pal_text_add(out, "numbers");
        break;
    case PAL_FEATURE_VECTOR:
        pal_text_addf(out, "vectors of %d", column->n_dims);
        break;
    default:
        pal_text_add(out, "text");
        break;
    }
}

void pal_catalog_describe(const pal_catalog *catalog, size_t longest, pal_text *out) {
    static const char rest[] = ", …)";
    int32_t n = pal_catalog_count_features(catalog);
    size_t begin = out->length;
    pal_text_addf(out, "%d column%s", n, n == 1 ? "" : "s");
    if (n == 0) return;
    const char *gap = " (";
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        if (column->type == PAL_FEATURE_ID) continue;
        pal_text one = {0};
        feature_describe(column, &one);
        if (one.failed || out->length - begin + one.length + 2 + sizeof rest > longest) {
            out->failed |= one.failed;
            pal_text_release(&one);
            pal_text_add(out, *gap == ' ' ? " (…)" : rest);
            return;
        }
        pal_text_add(out, gap);
        pal_text_add(out, one.bytes);
        pal_text_release(&one);
        gap = ", ";
    }
    pal_text_add(out, ")");
}
