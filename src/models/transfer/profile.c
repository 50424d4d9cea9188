/* profile.c - from cells of people to features. */
#include "models/transfer/profile.h"

#include <math.h>
#include <string.h>

#include "represent/attributes.h"

/* --- fit --- */

static bool profile_allocate(int64_t n, int64_t n_bytes, pal_arena *arena, pal_profile *out) {
    out->range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    out->starts = PAL_ARENA_ARRAY(arena, int64_t, n + 1);
    out->names = pal_arena_alloc(arena, n_bytes, 1);
    out->tails = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->columns = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->separators = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->means = PAL_ARENA_ARRAY(arena, float, n);
    out->deviations = PAL_ARENA_ARRAY(arena, float, n);
    if (!out->range || !out->starts || !out->names || !out->tails || !out->columns ||
        !out->separators || !out->means || !out->deviations)
        return false;
    out->range[1] = n;
    return true;
}

/* What a cell is read by. */
static void profile_describe(const pal_attributes *attributes, pal_profile *out) {
    for (int32_t i = 0; i < attributes->n; i++) {
        const pal_attribute *a = &attributes->at[i];
        for (int32_t f = a->first; f < a->first + a->n_features; f++) {
            out->columns[f] = (int32_t)strlen(a->column->name);
            bool is_number = a->column->type == PAL_FEATURE_NUMBER;
            out->tails[f] = !is_number ? out->columns[f] + 2 : f > a->first ? -1 : 0;
            out->separators[f] =
                a->column->type == PAL_FEATURE_SET ? (unsigned char)a->column->separator : 0;
            out->means[f] = (float)a->mean;
            out->deviations[f] = (float)a->deviation;
        }
    }
}

static pal_status profile_name(pal_ctx *ctx, const char *what, const pal_attributes *attributes,
                               pal_arena *arena, pal_profile *out) {
    int32_t n = attributes->n_features;
    pal_text name = {0};
    int64_t bytes = 0;
    for (int32_t turn = 0; turn < 2; turn++) {
        if (turn == 1 && !profile_allocate(n, bytes, arena, out)) break;
        for (int32_t f = 0; f < n; f++) {
            name.length = 0;
            pal_attribute_describe(attributes, f, &name);
            if (name.failed) break;
            if (turn == 0) bytes += (int64_t)name.length + 1;
            if (turn == 0) continue;
            memcpy(out->names + out->starts[f], name.bytes, name.length + 1);
            out->starts[f + 1] = out->starts[f] + (int64_t)name.length + 1;
        }
    }
    bool failed = name.failed || !out->deviations;
    pal_text_release(&name);
    return failed ? pal_fail_memory(ctx, what, (double)bytes) : PAL_OK;
}

pal_status pal_profile_fit(pal_ctx *ctx, const char *what, const pal_catalog *users,
                           const pal_log *log, pal_arena *arena, pal_arena *scratch,
                           pal_profile *out, pal_csr *rows) {
    pal_attributes attributes = {0};
    const pal_attribute_options options = {.least = 2};
    *rows = (pal_csr){.n_rows = log->n_users};
    rows->starts = PAL_ARENA_ARRAY(scratch, int64_t, (int64_t)log->n_users + 1);
    if (!rows->starts) return pal_fail_memory(ctx, what, 8.0 * log->n_users);
    if (users) {
        int32_t *of = pal_catalog_rows(users, log->about.user_ids, log->n_users, scratch);
        if (!of) return pal_fail_memory(ctx, what, 4.0 * log->n_users);
        TRY(pal_attributes_fit(ctx, &options, users, of, log->n_users, log->n_users, scratch,
                               &attributes, rows));
    }
    TRY(profile_name(ctx, what, &attributes, arena, out));
    profile_describe(&attributes, out);
    return PAL_OK;
}

/* --- a query --- */

/* Whether `token` is one of those in `value`, blanks around them left out. */
static bool profile_has_token(const char *value, char separator, const char *token) {
    size_t length = strlen(token);
    if (!separator) return !strcmp(value, token);
    for (const char *at = value;;) {
        at += strspn(at, " ");
        const char *end = strchr(at, separator);
        size_t n = end ? (size_t)(end - at) : strlen(at);
        while (n > 0 && at[n - 1] == ' ') n--;
        if (n == length && !strncmp(at, token, n)) return true;
        if (!end) return false;
        at = end + 1;
    }
}

/* The query's cell of the feature's column, or NULL. */
static const char *profile_cell(const pal_profile *p, const pal_query *query, int32_t f) {
    for (int32_t c = 0; c < query->n_profile; c++) {
        const char *name = query->profile[c].name;
        size_t n = (size_t)p->columns[f];
        if (!strncmp(name, pal_profile_name(p, f), n) && !name[n]) return query->profile[c].value;
    }
    return NULL;
}

/* The feature's value; *is_said: a cell says it. */
static float profile_value(const pal_profile *p, const pal_query *query, int32_t f, bool *is_said) {
    const char *cell = profile_cell(p, query, f), *name = pal_profile_name(p, f);
    double number = 0;
    *is_said = false;
    if (p->tails[f] > 0) {
        *is_said = cell && profile_has_token(cell, (char)p->separators[f], name + p->tails[f]);
        return *is_said ? 1 : 0;
    }
    bool is_number = cell && pal_parse_double(cell, cell + strlen(cell), &number);
    if (p->tails[f] < 0) return is_number ? 0 : 1;
    *is_said = is_number;
    if (!is_number || !(p->deviations[f] > 0)) return 0;
    double x = (number - (double)p->means[f]) / (double)p->deviations[f];
    return (float)(x > 8 ? 8 : x < -8 ? -8 : x);
}

int32_t pal_profile_encode(const pal_profile *p, const pal_query *query, int32_t *features,
                           float *values) {
    int32_t n = 0;
    bool says = false;
    for (int32_t f = 0; query->n_profile > 0 && f < (int32_t)p->range[1]; f++) {
        bool is_said;
        float value = profile_value(p, query, f, &is_said);
        says |= is_said;
        if (!(value < 0 || value > 0)) continue;
        features[n] = f;
        values[n++] = value;
    }
    return says ? n : 0;
}

bool pal_profile_answers(const pal_profile *p, const pal_query *query) {
    bool is_said = false;
    for (int32_t f = 0; query->n_profile > 0 && f < (int32_t)p->range[1] && !is_said; f++)
        profile_value(p, query, f, &is_said);
    return is_said;
}

/* --- files --- */

int32_t pal_profile_tensors(pal_profile *p, pal_tensor *tensors) {
    const pal_tensor all[] = {
        {"profile_range", PAL_I64, 1, {2}, (void **)&p->range, PAL_ROLE_STARTS, 0, NULL},
        {"profile_tails", PAL_I32, 1, {-1}, (void **)&p->tails, PAL_ROLE_DATA, 0, NULL},
        {"profile_columns", PAL_I32, 1, {-1}, (void **)&p->columns, PAL_ROLE_DATA, 0, NULL},
        {"profile_separators", PAL_I32, 1, {-1}, (void **)&p->separators, PAL_ROLE_DATA, 0, NULL},
        pal_floats("profile_means", &p->means, -1),
        pal_floats("profile_deviations", &p->deviations, -1),
        {"profile_starts", PAL_I64, 1, {-2}, (void **)&p->starts, PAL_ROLE_STARTS, 0, NULL},
        {"profile_names", PAL_U8, 1, {-1}, (void **)&p->names, PAL_ROLE_DATA, 0, NULL},
    };
    memcpy(tensors, all, sizeof all);
    return (int32_t)(sizeof all / sizeof *all);
}

bool pal_profile_is_valid(const pal_profile *p) {
    int64_t n = p->range[1];
    if (n > INT32_MAX) return false;
    for (int64_t f = 0; f < n; f++) {
        int64_t begin = p->starts[f], end = p->starts[f + 1];
        if (begin == end || p->names[end - 1] != 0) return false;
        int64_t length = (int64_t)strlen(p->names + begin);
        if (p->columns[f] < 0 || p->columns[f] > length || p->tails[f] < -1 || p->tails[f] > length)
            return false;
    }
    return true;
}
