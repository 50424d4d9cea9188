/* profile_code.c - cells to features by what a model keeps. */
#include "models/profile_code.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PROFILE_TOKENS = 64 /* of a set that count */ };

/* --- kept --- */

static pal_status profile_keep_names(const pal_fields *fields, pal_arena *arena,
                                     pal_profile_code *out) {
    int64_t n_names = 0, n_columns = 0;
    out->name_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)fields->n_features + 1);
    out->column_starts = PAL_ARENA_ARRAY(arena, int64_t, PAL_FIELDS_MAX + 1);
    if (!out->name_starts || !out->column_starts) return PAL_ENOMEM;
    for (int32_t f = 0; f < fields->n_features; f++)
        out->name_starts[f + 1] = n_names += (int64_t)strlen(fields->names[f]) + 1;
    for (int32_t f = 0; f < fields->n_fields; f++)
        out->column_starts[f + 1] = n_columns += (int64_t)strlen(fields->columns[f]->name) + 1;
    for (int32_t f = fields->n_fields; f < PAL_FIELDS_MAX; f++)
        out->column_starts[f + 1] = n_columns;
    out->names = PAL_ARENA_ARRAY(arena, uint8_t, n_names);
    out->column_names = PAL_ARENA_ARRAY(arena, uint8_t, n_columns);
    if (!out->names || !out->column_names) return PAL_ENOMEM;
    for (int32_t f = 0; f < fields->n_features; f++)
        memcpy(out->names + out->name_starts[f], fields->names[f],
               (size_t)(out->name_starts[f + 1] - out->name_starts[f]));
    for (int32_t f = 0; f < fields->n_fields; f++)
        memcpy(out->column_names + out->column_starts[f], fields->columns[f]->name,
               (size_t)(out->column_starts[f + 1] - out->column_starts[f]));
    return PAL_OK;
}

pal_status pal_profile_code_keep(pal_ctx *ctx, const char *what, const pal_fields *fields,
                                 pal_arena *arena, pal_profile_code *out) {
    enum { EDGES = PAL_FIELD_BINS - 1 };
    int32_t n = fields->n_fields;
    out->field_range = PAL_ARENA_ARRAY(arena, int64_t, 2);
    out->types = PAL_ARENA_ARRAY(arena, int32_t, n);
    out->separators = PAL_ARENA_ARRAY(arena, uint8_t, n);
    out->edges = PAL_ARENA_ARRAY(arena, float, (int64_t)n *EDGES);
    out->field_starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)n + 1);
    if (!out->field_range || !out->types || !out->separators || !out->edges || !out->field_starts ||
        profile_keep_names(fields, arena, out) != PAL_OK)
        return pal_fail_memory(ctx, what, 64.0 * fields->n_features);
    out->field_range[1] = n;
    for (int32_t f = 0; f < n; f++) {
        out->types[f] = (int32_t)fields->columns[f]->type;
        out->separators[f] = (uint8_t)fields->columns[f]->separator;
        out->field_starts[f + 1] = fields->missing[f] + INT64_C(1);
        if (fields->edges[f])
            memcpy(out->edges + f * EDGES, fields->edges[f], EDGES * sizeof *out->edges);
    }
    return PAL_OK;
}

int32_t pal_profile_code_tensors(pal_profile_code *code, float **rows, int64_t width,
                                 pal_tensor *tensors) {
    const pal_tensor all[] = {
        {"profile_fields", PAL_I64, 1, {2}, (void **)&code->field_range, PAL_ROLE_STARTS, 0, NULL},
        {"profile_types",
         PAL_I32,
         1,
         {-1},
         (void **)&code->types,
         PAL_ROLE_INDEX,
         PAL_FEATURE_TYPES,
         NULL},
        {"profile_separators", PAL_U8, 1, {-1}, (void **)&code->separators, PAL_ROLE_DATA, 0, NULL},
        pal_float_rows("profile_edges", &code->edges, -1, PAL_FIELD_BINS - 1, PAL_ROLE_DATA, NULL),
        {"profile_starts",
         PAL_I64,
         1,
         {-2},
         (void **)&code->field_starts,
         PAL_ROLE_STARTS,
         0,
         NULL},
        pal_float_rows("profile_rows", rows, -1, width, PAL_ROLE_DATA, NULL),
        {"profile_name_starts",
         PAL_I64,
         1,
         {-2},
         (void **)&code->name_starts,
         PAL_ROLE_STARTS,
         0,
         NULL},
        {"profile_names", PAL_U8, 1, {-1}, (void **)&code->names, PAL_ROLE_DATA, 0, NULL},
        {"profile_column_starts",
         PAL_I64,
         1,
         {PAL_FIELDS_MAX + 1},
         (void **)&code->column_starts,
         PAL_ROLE_STARTS,
         0,
         NULL},
        {"profile_columns", PAL_U8, 1, {-1}, (void **)&code->column_names, PAL_ROLE_DATA, 0, NULL},
    };
    int32_t n = sizeof all / sizeof *all;
    for (int32_t i = 0; i < n; i++) tensors[i] = all[i];
    return n;
}

/* --- checked --- */

static bool profile_texts_end(const int64_t *starts, int64_t n, const uint8_t *bytes) {
    for (int64_t i = 0; i < n; i++) {
        int64_t begin = starts[i], end = starts[i + 1];
        if (begin == end || memchr(bytes + begin, 0, (size_t)(end - begin)) != bytes + end - 1)
            return false;
    }
    return true;
}

static bool profile_is_valid(const pal_profile_code *code) {
    int64_t n = code->field_range[1], n_features = n <= PAL_FIELDS_MAX ? code->field_starts[n] : -1;
    if (n_features < 0 || n_features >= INT32_MAX) return false;
    if (!profile_texts_end(code->column_starts, n, code->column_names) ||
        !profile_texts_end(code->name_starts, n_features, code->names))
        return false;
    for (int64_t f = 0; f < n; f++) {
        int64_t n_of = code->field_starts[f + 1] - code->field_starts[f];
        size_t prefix = strlen(pal_profile_column(code, (int32_t)f)) + 2;
        if (n_of < 1) return false;
        if (code->types[f] == PAL_FEATURE_NUMBER && n_of != PAL_FIELD_BINS + 1) return false;
        for (int64_t i = code->field_starts[f]; i < code->field_starts[f + 1]; i++) {
            if (strlen(pal_profile_name(code, (int32_t)i)) < prefix) return false;
        }
    }
    return true;
}

typedef struct {
    const char *name;
    int32_t feature;
} profile_entry;

static int profile_compare(const void *a, const void *b) {
    return strcmp(((const profile_entry *)a)->name, ((const profile_entry *)b)->name);
}

/* Each field's tokens by name; bins and dimensions stay as they are. */
static pal_status profile_sort(pal_ctx *ctx, const char *what, pal_arena *arena,
                               pal_profile_code *code) {
    pal_arena scratch = {0};
    profile_entry *entries = PAL_ARENA_ARRAY(&scratch, profile_entry, code->n_features);
    code->sorted = PAL_ARENA_ARRAY(arena, int32_t, code->n_features);
    bool failed = !entries || !code->sorted;
    for (int32_t i = 0; !failed && i < code->n_features; i++)
        entries[i] = (profile_entry){pal_profile_name(code, i), i};
    for (int32_t f = 0; !failed && f < code->n_fields; f++) {
        int64_t begin = code->field_starts[f], n = code->field_starts[f + 1] - begin - 1;
        bool has_tokens = code->types[f] == PAL_FEATURE_TOKEN || code->types[f] == PAL_FEATURE_SET;
        if (has_tokens && n > 1)
            qsort(entries + begin, (size_t)n, sizeof *entries, profile_compare);
    }
    for (int32_t i = 0; !failed && i < code->n_features; i++) code->sorted[i] = entries[i].feature;
    pal_arena_release(&scratch);
    return failed ? pal_fail_memory(ctx, what, 16.0 * code->n_features) : PAL_OK;
}

pal_status pal_profile_code_prepare(pal_ctx *ctx, const char *what, pal_arena *arena,
                                    pal_profile_code *code) {
    if (code->sorted) return PAL_OK;
    if (!profile_is_valid(code))
        return pal_fail(ctx, PAL_EFORMAT,
                        "%s: the model's columns of people are not valid: train the model again",
                        what);
    code->n_fields = (int32_t)code->field_range[1];
    code->n_features = (int32_t)code->field_starts[code->n_fields];
    return profile_sort(ctx, what, arena, code);
}

/* --- cells --- */

int32_t pal_profile_field(const pal_profile_code *code, const char *column) {
    for (int32_t f = 0; f < code->n_fields; f++) {
        if (pal_name_equal(pal_profile_column(code, f), column)) return f;
    }
    return -1;
}

/* The feature of a token of the field, or -1. */
static int32_t profile_find(const pal_profile_code *code, int32_t f, pal_cell_span token) {
    size_t prefix = strlen(pal_profile_column(code, f)) + 2, n = (size_t)(token.end - token.begin);
    int64_t low = code->field_starts[f], high = code->field_starts[f + 1] - 1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        const char *name = pal_profile_name(code, code->sorted[middle]) + prefix;
        int order = strncmp(name, token.begin, n);
        if (order == 0 && name[n] == '\0') return code->sorted[middle];
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

/* Enters a feature among n ascending ones; returns how many there are. */
static int32_t profile_enter(int32_t *features, int32_t n, int32_t feature) {
    int32_t at = n;
    while (at > 0 && features[at - 1] >= feature) at--;
    if (n == PROFILE_TOKENS || (at < n && features[at] == feature)) return n;
    memmove(features + at + 1, features + at, (size_t)(n - at) * sizeof *features);
    features[at] = feature;
    return n + 1;
}

/* The features of a value of the field, all of one weight; returns how many. */
static int32_t profile_read(const pal_profile_code *code, int32_t f, const char *value,
                            int32_t features[PROFILE_TOKENS]) {
    pal_cell_span cell = pal_cell_of(value), token;
    int32_t n = 0, feature;
    double number;
    if (cell.begin == cell.end) return 0;
    if (code->types[f] == PAL_FEATURE_TOKEN) {
        feature = profile_find(code, f, cell);
        if (feature >= 0) features[n++] = feature;
    } else if (code->types[f] == PAL_FEATURE_SET) {
        while (pal_cell_next(&cell, (char)code->separators[f], &token)) {
            feature = profile_find(code, f, token);
            if (feature >= 0) n = profile_enter(features, n, feature);
        }
    } else if (code->types[f] == PAL_FEATURE_NUMBER && pal_cell_number(cell, &number) &&
               isfinite(number)) {
        features[n++] = (int32_t)code->field_starts[f] +
                        pal_field_bin(code->edges + f * (PAL_FIELD_BINS - 1), (float)number);
    }
    return n;
}

bool pal_profile_knows(const pal_profile_code *code, const pal_profile_cell *cell) {
    int32_t features[PROFILE_TOKENS], f = pal_profile_field(code, cell->name);
    return f >= 0 && profile_read(code, f, cell->value, features) > 0;
}

bool pal_profile_answers(const pal_profile_code *code, const pal_query *query) {
    for (int32_t c = 0; c < query->n_profile; c++) {
        if (pal_profile_knows(code, &query->profile[c])) return true;
    }
    return false;
}

void pal_profile_each(const pal_profile_code *code, const pal_query *query, pal_profile_fn *each,
                      void *arg) {
    for (int32_t f = 0; f < code->n_fields; f++) {
        int32_t features[PROFILE_TOKENS], n = 0;
        for (int32_t c = 0; n == 0 && c < query->n_profile; c++) {
            if (pal_name_equal(query->profile[c].name, pal_profile_column(code, f)))
                n = profile_read(code, f, query->profile[c].value, features);
        }
        if (n == 0) features[n++] = (int32_t)code->field_starts[f + 1] - 1;
        for (int32_t i = 0; i < n; i++) each(arg, f, features[i], 1 / (float)n);
    }
}
