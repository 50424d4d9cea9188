/* param.c - what follows from a table of options. */
#include "base/param.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ctx.h"

static void *param_field(const pal_param *row, void *values) {
    return (char *)values + row->offset;
}
static const void *param_field_of(const pal_param *row, const void *values) {
    return (const char *)values + row->offset;
}
static bool param_has_range(const pal_param *row) { return row->min != 0 || row->max != 0; }

/* --- numbers as a user writes and reads them --- */

typedef struct {
    const char *suffix;
    double factor;
} param_unit;

static const param_unit param_time_units[] = {
    {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}, {"y", 31557600}};
static const param_unit param_size_units[] = {{"B", 1},      {"kB", 1e3},      {"KB", 1e3},
                                              {"MB", 1e6},   {"GB", 1e9},      {"TB", 1e12},
                                              {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};

/* A number with an optional unit. */
static bool param_parse_unit(const char *text, const param_unit *units, size_t n_units,
                             double *out) {
    size_t n = strlen(text), digits = n;
    while (digits > 0 && isalpha((unsigned char)text[digits - 1])) digits--;
    double factor = 1;
    if (digits < n) {
        size_t i = 0;
        while (i < n_units && strcmp(units[i].suffix, text + digits)) i++;
        if (i == n_units) return false;
        factor = units[i].factor;
    }
    if (!pal_parse_double(text, text + digits, out)) return false;
    *out *= factor;
    return isfinite(*out);
}

static bool param_parse_number(const pal_param *row, const char *text, double *out) {
    switch (row->type) {
    case PAL_PARAM_SECONDS:
        return param_parse_unit(text, param_time_units,
                                sizeof param_time_units / sizeof *param_time_units, out);
    case PAL_PARAM_BYTES:
        return param_parse_unit(text, param_size_units,
                                sizeof param_size_units / sizeof *param_size_units, out) &&
               fabs(*out) < 9e18;
    default:
        break;
    }
    /* A share may be written as a percentage. */
    size_t n = strlen(text);
    bool is_percent = row->type == PAL_PARAM_REAL && n > 1 && text[n - 1] == '%';
    if (!pal_parse_double(text, text + n - is_percent, out)) return false;
    if (is_percent) *out /= 100;
    return true;
}

/* The shortest text that reads back as the same number. */
static void param_add_shortest(double value, pal_text *out) {
    if (value == floor(value) && fabs(value) < 1e15) {
        pal_text_addf(out, "%.0f", value);
        return;
    }
    size_t begin = out->length;
    for (int digits = 6; digits <= 17; digits++) {
        double again;
        out->length = begin;
        pal_text_addf(out, "%.*g", digits, value);
        if (out->failed) return;
        if (pal_parse_double(out->bytes + begin, out->bytes + out->length, &again) &&
            again == value)
            return;
    }
}

static void param_add_number(const pal_param *row, double value, pal_text *out) {
    if (row->type == PAL_PARAM_SECONDS && value != 0) {
        static const param_unit shown[] = {{"d", 86400}, {"h", 3600}, {"m", 60}};
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
            double count = floor(value / shown[i].factor);
            if (count * shown[i].factor == value && count < 1e6) {
                pal_text_addf(out, "%.0f%s", count, shown[i].suffix);
                return;
            }
        }
        param_add_shortest(value, out);
        pal_text_add(out, "s");
        return;
    }
    if (row->type == PAL_PARAM_BYTES && value >= 1e6 && fmod(value, 1e6) == 0) {
        bool whole = fmod(value, 1e9) == 0;
        pal_text_addf(out, "%.0f%s", whole ? value / 1e9 : value / 1e6, whole ? "GB" : "MB");
        return;
    }
    param_add_shortest(value, out);
}

static void param_add_range(const pal_param *row, pal_text *out) {
    if (!param_has_range(row)) return;
    if (isinf(row->max)) {
        pal_text_add(out, "at least ");
        param_add_number(row, row->min, out);
    } else if (isinf(row->min)) {
        pal_text_add(out, "at most ");
        param_add_number(row, row->max, out);
    } else {
        pal_text_add(out, "from ");
        param_add_number(row, row->min, out);
        pal_text_add(out, " to ");
        param_add_number(row, row->max, out);
    }
}

/* --- setting --- */

static const char *const param_kinds_of_value[] = {
    [PAL_PARAM_INT] = "a whole number",
    [PAL_PARAM_REAL] = "a number",
    [PAL_PARAM_FLAG] = "on or off",
    [PAL_PARAM_CHOICE] = "one of its choices",
    [PAL_PARAM_TEXT] = "a text",
    [PAL_PARAM_TEXTS] = "a text",
    [PAL_PARAM_INTS] = "whole numbers separated by commas",
    [PAL_PARAM_SECONDS] = "a time such as 90s, 12h, 7d",
    [PAL_PARAM_BYTES] = "a size such as 500MB, 2GB",
};

/* "ease: l2", or "--shared" of what commands take. */
static void param_add_owned(const char *owner, const pal_param *row, pal_text *out) {
    if (strcmp(owner, PAL_OWNER_COMMANDS) != 0) {
        pal_text_addf(out, "%s: %s", owner, row->name);
        return;
    }
    pal_text_add(out, "--");
    pal_param_add_flag(row, out);
}

/* What can be asked for: an empty first choice cannot. */
static const char *const *param_choices(const pal_param *row) {
    return row->choices + (row->choices[0][0] == '\0');
}

/* How the value is written where nothing is given; NULL: it has none. */
static const char *param_default(const pal_param *row) {
    if (row->type == PAL_PARAM_FLAG && row->initial)
        return strchr("1ty", row->initial[0]) || !strcmp(row->initial, "on") ? "on" : "off";
    if (row->initial || row->type != PAL_PARAM_CHOICE) return row->initial;
    return row->choices[0][0] ? row->choices[0] : NULL;
}

static pal_status param_fail_value(pal_ctx *ctx, const char *owner, const pal_param *row,
                                   const char *text) {
    pal_text range = {0};
    if (param_has_range(row)) {
        pal_text_add(&range, " ");
        param_add_range(row, &range);
    }
    pal_text owned = {0};
    param_add_owned(owner, row, &owned);
    pal_fail(ctx, PAL_EUSAGE, "%s must be %s%s, not '%s'", owned.bytes ? owned.bytes : row->name,
             param_kinds_of_value[row->type], range.bytes ? range.bytes : "", text);
    pal_text_release(&owned);
    pal_text_release(&range);
    return PAL_EUSAGE;
}

static bool param_in_range(const pal_param *row, double value) {
    return !param_has_range(row) || (value >= row->min && value <= row->max);
}

/* Whole numbers do not pass through a double, which holds 53 of their 63 bits. */
static pal_status param_set_int(pal_ctx *ctx, const char *owner, const pal_param *row, void *field,
                                const char *text) {
    int64_t value;
    if (!pal_parse_int64(text, text + strlen(text), &value) ||
        !param_in_range(row, (double)value)) {
        return param_fail_value(ctx, owner, row, text);
    }
    *(int64_t *)field = value;
    return PAL_OK;
}

static pal_status param_set_number(pal_ctx *ctx, const char *owner, const pal_param *row,
                                   void *field, const char *text) {
    double value;
    if (!param_parse_number(row, text, &value) || !param_in_range(row, value)) {
        return param_fail_value(ctx, owner, row, text);
    }
    if (row->type == PAL_PARAM_BYTES) {
        *(int64_t *)field = (int64_t)value;
    } else {
        *(double *)field = value;
    }
    return PAL_OK;
}

static pal_status param_set_ints(pal_ctx *ctx, const char *owner, const pal_param *row, void *field,
                                 const char *text) {
    pal_ints list = {0};
    for (const char *c = text;; c++) {
        size_t n = strcspn(c, ",");
        int64_t value;
        if (list.n == PAL_INTS_MAX || !pal_parse_int64(c, c + n, &value) || value < INT32_MIN ||
            value > INT32_MAX || !param_in_range(row, (double)value)) {
            return param_fail_value(ctx, owner, row, text);
        }
        list.at[list.n++] = (int32_t)value;
        c += n;
        if (*c == '\0') break;
    }
    *(pal_ints *)field = list;
    return PAL_OK;
}

static pal_status param_set_flag(pal_ctx *ctx, const char *owner, const pal_param *row, void *field,
                                 const char *text) {
    static const char *const yes[] = {"", "1", "true", "yes", "on"};
    static const char *const no[] = {"0", "false", "no", "off"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (!strcmp(text, yes[i])) return *(bool *)field = true, PAL_OK;
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (!strcmp(text, no[i])) return *(bool *)field = false, PAL_OK;
    }
    return param_fail_value(ctx, owner, row, text);
}

static pal_status param_set_choice(pal_ctx *ctx, const char *owner, const pal_param *row,
                                   void *field, const char *text) {
    int32_t n = 0;
    for (; row->choices[n]; n++) {
        if (pal_name_equal(row->choices[n], text)) {
            *(int32_t *)field = n;
            return PAL_OK;
        }
    }
    pal_text list = {0}, owned = {0};
    const char *const *choices = param_choices(row);
    for (int32_t i = 0; choices[i]; i++) pal_text_addf(&list, i ? ", %s" : "%s", choices[i]);
    param_add_owned(owner, row, &owned);
    const char *nearest = pal_nearest_name(text, choices, n - (int32_t)(choices - row->choices));
    pal_fail(ctx, PAL_EUSAGE, "%s must be one of %s, not '%s'%s%s%s",
             owned.bytes ? owned.bytes : row->name, list.bytes ? list.bytes : "", text,
             nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    pal_text_release(&owned);
    pal_text_release(&list);
    return PAL_EUSAGE;
}

static pal_status param_set_text(pal_ctx *ctx, const pal_param *row, void *field, pal_arena *arena,
                                 const char *text) {
    char *copy = pal_arena_text(arena, text, strlen(text));
    if (!copy) return pal_fail_memory(ctx, row->name, (double)strlen(text));
    if (row->type == PAL_PARAM_TEXT) {
        *(const char **)field = copy;
        return PAL_OK;
    }
    pal_texts *texts = field;
    if (texts->n == PAL_TEXTS_MAX) {
        return pal_fail(ctx, PAL_EUSAGE, "%s can be given %d times at the most", row->name,
                        PAL_TEXTS_MAX);
    }
    texts->at[texts->n++] = copy;
    return PAL_OK;
}

static pal_status param_set_row(pal_ctx *ctx, const char *owner, const pal_param *row, void *values,
                                pal_arena *arena, const char *text) {
    void *field = param_field(row, values);
    switch (row->type) {
    case PAL_PARAM_INT:
        return param_set_int(ctx, owner, row, field, text);
    case PAL_PARAM_FLAG:
        return param_set_flag(ctx, owner, row, field, text);
    case PAL_PARAM_CHOICE:
        return param_set_choice(ctx, owner, row, field, text);
    case PAL_PARAM_TEXT:
    case PAL_PARAM_TEXTS:
        return param_set_text(ctx, row, field, arena, text);
    case PAL_PARAM_INTS:
        return param_set_ints(ctx, owner, row, field, text);
    default:
        return param_set_number(ctx, owner, row, field, text);
    }
}

void pal_params_init(const pal_param *table, void *values) {
    /* A table's own initial values are right by test, so that nobody listens to the context here.
     */
    pal_ctx quiet = {0};
    for (const pal_param *row = table; row->name; row++) {
        void *field = param_field(row, values);
        if (row->type == PAL_PARAM_TEXT) {
            *(const char **)field = row->initial;
        } else if (row->type == PAL_PARAM_TEXTS) {
            *(pal_texts *)field = (pal_texts){0};
        } else if (!row->initial && row->type == PAL_PARAM_FLAG) {
            *(bool *)field = false;
        } else if (!row->initial && row->type == PAL_PARAM_INTS) {
            *(pal_ints *)field = (pal_ints){0};
        } else {
            const char *initial = row->initial                    ? row->initial
                                  : row->type == PAL_PARAM_CHOICE ? row->choices[0]
                                                                  : "0";
            (void)param_set_row(&quiet, "", row, values, NULL, initial);
        }
    }
}

const pal_param *pal_param_find(const pal_param *table, const char *name) {
    for (const pal_param *row = table; row->name; row++) {
        if (pal_name_equal(row->name, name)) return row;
    }
    return NULL;
}

/* Says which name was probably meant, of all tables. */
static pal_status param_fail_name(pal_ctx *ctx, const char *owner, const pal_param_group *groups,
                                  const char *name) {
    enum { NAMES_MAX = 256 };
    const char *names[NAMES_MAX] = {0};
    int32_t n = 0;
    pal_text list = {0};
    for (; groups->table; groups++) {
        for (const pal_param *row = groups->table; row->name && n < NAMES_MAX; row++) {
            pal_text_addf(&list, n ? ", %s" : "%s", row->name);
            names[n++] = row->name;
        }
    }
    const char *nearest = pal_nearest_name(name, names, n);
    if (nearest) {
        pal_fail(ctx, PAL_EUSAGE, "%s has no option '%s'; did you mean %s?", owner, name, nearest);
    } else if (n) {
        pal_fail(ctx, PAL_EUSAGE, "%s has no option '%s'; there are %s", owner, name,
                 list.bytes ? list.bytes : "others");
    } else {
        pal_fail(ctx, PAL_EUSAGE, "%s has no option '%s': it takes none", owner, name);
    }
    pal_text_release(&list);
    return PAL_EUSAGE;
}

static pal_status param_set_in(pal_ctx *ctx, const char *owner, const pal_param_group *groups,
                               pal_arena *arena, const char *name, const char *text) {
    for (const pal_param_group *group = groups; group->table; group++) {
        const pal_param *row = pal_param_find(group->table, name);
        if (row) return param_set_row(ctx, owner, row, group->values, arena, text);
    }
    return param_fail_name(ctx, owner, groups, name);
}

pal_status pal_param_set(pal_ctx *ctx, const char *owner, const pal_param *table, void *values,
                         pal_arena *arena, const char *name, const char *text) {
    return param_set_in(ctx, owner, (const pal_param_group[]){{table, values}, {0}}, arena, name,
                        text);
}

/* --- option text --- */

/* Reads one word at *at, with 'single' or "double" quotes in it; NULL at the end, or with *broken
 * for an open quote. */
static char *param_next_word(const char **at, pal_arena *arena, bool *broken) {
    const char *c = *at;
    while (*c && isspace((unsigned char)*c)) c++;
    if (!*c) return NULL;
    char *word = pal_arena_alloc(arena, (int64_t)strlen(c) + 1, 1);
    size_t n = 0;
    char quote = 0;
    for (; word && *c && (quote || !isspace((unsigned char)*c)); c++) {
        if (quote ? *c == quote : *c == '\'' || *c == '"') {
            quote = quote ? 0 : *c;
        } else {
            word[n++] = *c;
        }
    }
    *broken = quote != 0 || !word;
    *at = c;
    return *broken ? NULL : word;
}

/* Remembers which options were given: one that is given twice would leave out what it said first.
 */
typedef struct {
    const pal_param *rows[256];
    int32_t n;
} param_seen;

static pal_status param_check_once(pal_ctx *ctx, const char *owner, const pal_param_group *groups,
                                   const char *name, param_seen *seen) {
    const pal_param *row = NULL;
    for (; groups->table && !row; groups++) row = pal_param_find(groups->table, name);
    if (!row || row->type == PAL_PARAM_TEXTS) return PAL_OK;
    for (int32_t i = 0; i < seen->n; i++) {
        if (seen->rows[i] != row) continue;
        return pal_fail(ctx, PAL_EUSAGE, "%s: %s is given twice: say it once", owner, row->name);
    }
    if (seen->n < 256) seen->rows[seen->n++] = row;
    return PAL_OK;
}

pal_status pal_params_parse_tables(pal_ctx *ctx, const char *owner, const pal_param_group *groups,
                                   pal_arena *arena, const char *text) {
    const char *at = text ? text : "";
    bool broken = false;
    param_seen seen = {.n = 0};
    char *word;
    while ((word = param_next_word(&at, arena, &broken))) {
        char *equals = strchr(word, '=');
        if (equals) *equals = '\0';
        TRY(param_check_once(ctx, owner, groups, word, &seen));
        TRY(param_set_in(ctx, owner, groups, arena, word, equals ? equals + 1 : ""));
    }
    if (broken) return pal_fail(ctx, PAL_EUSAGE, "%s: a quote is not closed in '%s'", owner, text);
    return PAL_OK;
}

bool pal_params_gives(const char *text, const char *name, pal_arena *arena) {
    const char *at = text ? text : "";
    bool broken = false;
    char *word;
    while ((word = param_next_word(&at, arena, &broken))) {
        word[strcspn(word, "=")] = '\0';
        if (pal_name_equal(word, name)) return true;
    }
    return false;
}

pal_status pal_params_parse(pal_ctx *ctx, const char *owner, const pal_param *table, void *values,
                            pal_arena *arena, const char *text) {
    pal_params_init(table, values);
    return pal_params_parse_tables(ctx, owner, (const pal_param_group[]){{table, values}, {0}},
                                   arena, text);
}

void pal_param_format_value(const pal_param *row, const void *values, pal_text *out) {
    const void *field = param_field_of(row, values);
    switch (row->type) {
    case PAL_PARAM_INT:
        pal_text_addf(out, "%" PRId64, *(const int64_t *)field);
        break;
    case PAL_PARAM_BYTES:
        param_add_number(row, (double)*(const int64_t *)field, out);
        break;
    case PAL_PARAM_REAL:
    case PAL_PARAM_SECONDS:
        param_add_number(row, *(const double *)field, out);
        break;
    case PAL_PARAM_FLAG:
        pal_text_add(out, *(const bool *)field ? "on" : "off");
        break;
    case PAL_PARAM_CHOICE:
        pal_text_add(out, row->choices[*(const int32_t *)field]);
        break;
    case PAL_PARAM_TEXT: {
        const char *text = *(const char *const *)field;
        pal_text_add(out, text ? text : "");
        break;
    }
    case PAL_PARAM_TEXTS: {
        const pal_texts *texts = field;
        for (int32_t i = 0; i < texts->n; i++) pal_text_addf(out, i ? ",%s" : "%s", texts->at[i]);
        break;
    }
    case PAL_PARAM_INTS: {
        const pal_ints *ints = field;
        for (int32_t i = 0; i < ints->n; i++) pal_text_addf(out, i ? ",%d" : "%d", ints->at[i]);
        break;
    }
    }
}

/* Written so that pal_params_parse reads it back: a stretch with one sort of quotes in it stands
 * between the other. */
static void param_add_quoted(const char *text, pal_text *out) {
    if (*text && !strpbrk(text, " \t\n\v\f\r'\"")) {
        pal_text_add(out, text);
        return;
    }
    do {
        const char *first = strpbrk(text, "'\"");
        const char *quote = first && *first == '\'' ? "\"" : "'";
        size_t n = strcspn(text, quote);
        pal_text_add(out, quote);
        pal_text_add_bytes(out, text, n);
        pal_text_add(out, quote);
        text += n;
    } while (*text);
}

static void param_add_assignment(const pal_param *row, const char *text, pal_text *out) {
    pal_text_addf(out, out->length ? " %s=" : "%s=", row->name);
    param_add_quoted(text, out);
}

/* Compared as text that this file wrote, so that 4w, 28d and 28.0d are the same. */
static bool param_is_initial(const pal_param *row, const char *text) {
    /* An empty text that was given is not an absent one. */
    if (row->type == PAL_PARAM_TEXT && !row->initial) return false;
    union {
        int64_t whole;
        double real;
        bool flag;
        int32_t choice;
        const char *text;
        pal_texts texts;
        pal_ints ints;
    } value;
    pal_param alone[2] = {*row, {0}};
    alone[0].offset = 0;
    pal_params_init(alone, &value);
    pal_text initial = {0};
    pal_param_format_value(alone, &value, &initial);
    bool same = !strcmp(text, initial.bytes ? initial.bytes : "");
    pal_text_release(&initial);
    return same;
}

/* What was never given has no text that would set it. */
static bool param_is_absent(const pal_param *row, const void *values) {
    const void *field = param_field_of(row, values);
    return (row->type == PAL_PARAM_TEXT && !*(const char *const *)field) ||
           (row->type == PAL_PARAM_INTS && ((const pal_ints *)field)->n == 0);
}

void pal_params_format(const pal_param *table, const void *values, bool every, pal_text *out) {
    pal_text line = {0};
    for (const pal_param *row = table; row->name; row++) {
        if (row->type == PAL_PARAM_TEXTS) {
            const pal_texts *texts = param_field_of(row, values);
            for (int32_t i = 0; i < texts->n; i++) param_add_assignment(row, texts->at[i], &line);
            continue;
        }
        if (param_is_absent(row, values)) continue;
        pal_text value = {0};
        pal_param_format_value(row, values, &value);
        const char *text = value.bytes ? value.bytes : "";
        if (every || !param_is_initial(row, text)) param_add_assignment(row, text, &line);
        line.failed |= value.failed;
        pal_text_release(&value);
    }
    if (line.bytes) pal_text_add(out, line.bytes);
    out->failed |= line.failed;
    pal_text_release(&line);
}

void pal_params_add_flag(const char *name, const char *value, pal_text *out) {
    pal_text_add(out, " --");
    for (const char *c = name; *c; c++) pal_text_add_bytes(out, *c == '_' ? "-" : c, 1);
    pal_text_add(out, " ");
    pal_text_add_quoted(out, value);
}

void pal_params_format_flags(const pal_param *table, const void *values, pal_text *out) {
    for (const pal_param *row = table; row->name; row++) {
        if (row->type == PAL_PARAM_TEXTS) {
            const pal_texts *texts = param_field_of(row, values);
            for (int32_t i = 0; i < texts->n; i++)
                pal_params_add_flag(row->name, texts->at[i], out);
            continue;
        }
        if (param_is_absent(row, values)) continue;
        pal_text value = {0};
        pal_param_format_value(row, values, &value);
        const char *text = value.bytes ? value.bytes : "";
        if (!param_is_initial(row, text) && row->type == PAL_PARAM_FLAG) {
            pal_text_addf(out, " --%s", row->name);
        } else if (!param_is_initial(row, text)) {
            pal_params_add_flag(row->name, text, out);
        }
        out->failed |= value.failed;
        pal_text_release(&value);
    }
}

void pal_params_format_initial(const pal_param *table, const char *name, const void *values,
                               pal_text *out) {
    const pal_param *row = pal_param_find(table, name);
    if (!row || param_is_absent(row, values)) return;
    pal_text value = {0};
    pal_param_format_value(row, values, &value);
    const char *text = value.bytes ? value.bytes : "";
    if (param_is_initial(row, text)) pal_params_add_flag(row->name, text, out);
    out->failed |= value.failed;
    pal_text_release(&value);
}

/* --- help --- */

const char *pal_param_value_name(const pal_param *row) {
    static const char *const names[] = {
        [PAL_PARAM_INT] = "N",       [PAL_PARAM_REAL] = "X",       [PAL_PARAM_FLAG] = "",
        [PAL_PARAM_CHOICE] = "NAME", [PAL_PARAM_TEXT] = "TEXT",    [PAL_PARAM_TEXTS] = "TEXT",
        [PAL_PARAM_INTS] = "N,N",    [PAL_PARAM_SECONDS] = "TIME", [PAL_PARAM_BYTES] = "SIZE",
    };
    return row->value_name ? row->value_name : names[row->type];
}

/* "help (default x; from a to b)" */
static void param_add_meaning(const pal_param *row, pal_text *out) {
    pal_text_add(out, row->help);
    pal_text notes = {0};
    if (row->type == PAL_PARAM_CHOICE) {
        const char *const *choices = param_choices(row);
        for (int32_t i = 0; choices[i]; i++) pal_text_addf(&notes, i ? ", %s" : "%s", choices[i]);
    }
    const char *initial = param_default(row);
    if (initial) pal_text_addf(&notes, "%sdefault %s", notes.length ? "; " : "", initial);
    if (param_has_range(row)) {
        if (notes.length) pal_text_add(&notes, "; ");
        param_add_range(row, &notes);
    }
    if (row->type == PAL_PARAM_TEXTS)
        pal_text_addf(&notes, "%scan be repeated", notes.length ? "; " : "");
    if (notes.length) pal_text_addf(out, " (%s)", notes.bytes);
    out->failed |= notes.failed;
    pal_text_release(&notes);
}

/* Breaks at spaces so that lines end before `width`; lines after the first start at column
 * `indent`. */
static void param_add_wrapped(const char *text, int32_t indent, int32_t width, pal_text *out) {
    int32_t column = indent;
    for (const char *word = text; *word;) {
        size_t n = strcspn(word, " ");
        int32_t columns = 0;
        for (size_t i = 0; i < n; i++) columns += ((unsigned char)word[i] & 0xC0) != 0x80;
        if (column > indent && column + 1 + columns > width) {
            pal_text_addf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            pal_text_add(out, " ");
            column++;
        }
        pal_text_add_bytes(out, word, n);
        column += columns;
        word += n;
        while (*word == ' ') word++;
    }
    pal_text_add(out, "\n");
}

void pal_param_add_flag(const pal_param *row, pal_text *out) {
    for (const char *c = row->name; *c; c++) pal_text_add_bytes(out, *c == '_' ? "-" : c, 1);
}

static void param_add_flag_name(const pal_param *row, pal_text *out) {
    if (row->letter) pal_text_addf(out, "-%c, ", row->letter);
    pal_text_add(out, "--");
    pal_param_add_flag(row, out);
}

void pal_params_help(const pal_param *table, bool flags, pal_text *out) {
    enum { HELP_INDENT = 28, HELP_WIDTH = 100 };
    for (const pal_param *row = table; row->name; row++) {
        pal_text head = {0}, meaning = {0};
        pal_text_add(&head, "  ");
        const char *value = pal_param_value_name(row);
        if (flags) {
            param_add_flag_name(row, &head);
            if (*value) pal_text_addf(&head, " %s", value);
        } else {
            pal_text_addf(&head, "%s=%s", row->name, *value ? value : "on|off");
        }
        param_add_meaning(row, &meaning);
        if (!head.failed && !meaning.failed) {
            pal_text_add(out, head.bytes);
            if (head.length + 2 > HELP_INDENT) {
                pal_text_addf(out, "\n%*s", HELP_INDENT, "");
            } else {
                pal_text_addf(out, "%*s", HELP_INDENT - (int)head.length, "");
            }
            param_add_wrapped(meaning.bytes, HELP_INDENT, HELP_WIDTH, out);
        }
        out->failed |= head.failed || meaning.failed;
        pal_text_release(&head);
        pal_text_release(&meaning);
    }
}

static const char *const param_type_names[] = {
    [PAL_PARAM_INT] = "whole number", [PAL_PARAM_REAL] = "number",  [PAL_PARAM_FLAG] = "on or off",
    [PAL_PARAM_CHOICE] = "choice",    [PAL_PARAM_TEXT] = "text",    [PAL_PARAM_TEXTS] = "texts",
    [PAL_PARAM_INTS] = "numbers",     [PAL_PARAM_SECONDS] = "time", [PAL_PARAM_BYTES] = "size",
};

/* A bar would end the cell. */
static void param_add_cell(const char *text, pal_text *out) {
    for (const char *c = text; *c; c++)
        pal_text_add_bytes(out, *c == '|' ? "\\|" : c, *c == '|' ? 2 : 1);
}

void pal_params_markdown(const pal_param *table, bool flags, pal_text *out) {
    pal_text_add(out, flags ? "| option" : "| name");
    pal_text_add(out, " | type | default | range | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (const pal_param *row = table; row->name; row++) {
        pal_text_add(out, "| `");
        if (flags) {
            param_add_flag_name(row, out);
        } else {
            pal_text_add(out, row->name);
        }
        const char *initial = param_default(row);
        pal_text_addf(out, "` | %s | %s | ", param_type_names[row->type], initial ? initial : "–");
        if (row->type == PAL_PARAM_CHOICE) {
            const char *const *choices = param_choices(row);
            for (int32_t i = 0; choices[i]; i++)
                pal_text_addf(out, i ? ", `%s`" : "`%s`", choices[i]);
        } else if (param_has_range(row)) {
            param_add_range(row, out);
        } else {
            pal_text_add(out, "–");
        }
        pal_text_add(out, " | ");
        param_add_cell(row->help, out);
        pal_text_add(out, " |\n");
    }
}

void pal_params_man(const pal_param *table, bool flags, pal_text *out) {
    for (const pal_param *row = table; row->name; row++) {
        const char *value = pal_param_value_name(row);
        pal_text name = {0}, meaning = {0};
        param_add_meaning(row, &meaning);
        pal_text_add(out, ".TP\n");
        if (flags && row->letter) pal_text_addf(out, "\\fB\\-%c\\fR, ", row->letter);
        pal_text_add(out, flags ? "\\fB\\-\\-" : "\\fB");
        if (flags) {
            pal_param_add_flag(row, &name);
        } else {
            pal_text_add(&name, row->name);
        }
        if (!name.failed) pal_text_add_man(out, name.bytes);
        if (!flags) {
            pal_text_addf(out, "\\fR=\\fI%s\\fR\n", *value ? value : "on|off");
        } else if (*value) {
            pal_text_addf(out, "\\fR \\fI%s\\fR\n", value);
        } else {
            pal_text_add(out, "\\fR\n");
        }
        if (!meaning.failed) pal_text_add_man(out, meaning.bytes);
        pal_text_add(out, "\n");
        out->failed |= name.failed || meaning.failed;
        pal_text_release(&name);
        pal_text_release(&meaning);
    }
}

static void param_add_bound(const char *name, double value, pal_text *out) {
    if (!isfinite(value)) return;
    pal_text_addf(out, ", \"%s\": ", name);
    param_add_shortest(value, out);
}

void pal_params_json(const pal_param *table, pal_text *out) {
    pal_text_add(out, "[");
    for (const pal_param *row = table; row->name; row++) {
        pal_text_add(out, row == table ? "{\"name\": " : ", {\"name\": ");
        pal_text_add_json(out, row->name);
        pal_text_addf(out, ", \"type\": \"%s\", \"default\": ", param_type_names[row->type]);
        const char *initial = param_default(row);
        if (initial) {
            pal_text_add_json(out, initial);
        } else {
            pal_text_add(out, "null");
        }
        if (param_has_range(row)) {
            param_add_bound("min", row->min, out);
            param_add_bound("max", row->max, out);
            pal_text_addf(out, ", \"scale\": \"%s\"", row->scale == PAL_LOG ? "log" : "linear");
        }
        if (row->type == PAL_PARAM_CHOICE) {
            pal_text_add(out, ", \"choices\": [");
            const char *const *choices = param_choices(row);
            for (int32_t i = 0; choices[i]; i++) {
                if (i) pal_text_add(out, ", ");
                pal_text_add_json(out, choices[i]);
            }
            pal_text_add(out, "]");
        }
        pal_text_add(out, ", \"help\": ");
        pal_text_add_json(out, row->help);
        pal_text_add(out, "}");
    }
    pal_text_add(out, "]");
}

/* --- specs --- */

pal_status pal_spec_split(pal_ctx *ctx, const char *spec, pal_arena *arena, const char **name,
                          const char **options) {
    const char *begin = spec;
    while (isspace((unsigned char)*begin)) begin++;
    size_t n = 0;
    while (islower((unsigned char)begin[n]) || isdigit((unsigned char)begin[n]) || begin[n] == '_')
        n++;
    if (isupper((unsigned char)begin[n]))
        return pal_fail(ctx, PAL_EUSAGE,
                        "'%s' is no spec: names are written in small letters, '%c' for '%c'", spec,
                        tolower((unsigned char)begin[n]), begin[n]);
    if (n == 0 || (begin[n] && !isspace((unsigned char)begin[n]))) {
        return pal_fail(ctx, PAL_EUSAGE,
                        "'%s' is no spec: write a name and options, such as \"ease l2=500\"", spec);
    }
    char *copy = pal_arena_text(arena, begin, n);
    if (!copy) return pal_fail_memory(ctx, "a spec", (double)n);
    *name = copy;
    *options = begin + n;
    return PAL_OK;
}
