/* attributes.c - columns to features. */
#include "represent/attributes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/ctx.h"

/* --- what columns hold --- */

bool pal_column_is_attribute(const pal_catalog *catalog, int32_t c) {
    pal_feature_type type = catalog->columns[c].type;
    return c != catalog->title && (type == PAL_FEATURE_TOKEN || type == PAL_FEATURE_SET ||
                                   type == PAL_FEATURE_NUMBER || type == PAL_FEATURE_VECTOR);
}

int32_t pal_column_tokens(const pal_column *column, int32_t row, const int32_t **tokens) {
    *tokens = NULL;
    if (row < 0) return 0;
    if (column->type == PAL_FEATURE_TOKEN) {
        *tokens = column->tokens + row;
        return column->tokens[row] >= 0;
    }
    *tokens = column->sets.cols + column->sets.starts[row];
    return (int32_t)(column->sets.starts[row + 1] - column->sets.starts[row]);
}

int32_t pal_column_number_tokens(const pal_column *column, const int32_t *rows, int32_t n_rows,
                                 int64_t least, int32_t first, int32_t *numbers) {
    int32_t n = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        const int32_t *tokens;
        int32_t n_tokens = pal_column_tokens(column, rows[r], &tokens);
        for (int32_t t = 0; t < n_tokens; t++) numbers[tokens[t]]++;
    }
    for (int32_t t = 0; t < column->vocabulary.n; t++)
        numbers[t] = numbers[t] >= least && numbers[t] > 0 ? first + n++ : -1;
    return n;
}

int32_t *pal_catalog_rows(const pal_catalog *catalog, const pal_ids *ids, int32_t n_rows,
                          pal_arena *arena) {
    int32_t *rows = PAL_ARENA_ARRAY(arena, int32_t, n_rows);
    for (int32_t r = 0; rows && r < n_rows; r++) {
        const char *id = pal_ids_at(ids, r);
        rows[r] = pal_ids_find(&catalog->ids, id, strlen(id));
    }
    return rows;
}

/* --- learning --- */

typedef struct {
    pal_ctx *ctx;
    const int32_t *rows;
    int32_t n_rows, n_fit;
    pal_attributes *attributes;
    int64_t *starts;
    int32_t *cols;
    float *values;
} attributes_job;

static bool attribute_learn_tokens(const attributes_job *job, int64_t least, pal_arena *arena,
                                   pal_attribute *a) {
    a->features = PAL_ARENA_ARRAY(arena, int32_t, a->column->vocabulary.n);
    if (!a->features) return false;
    a->n_features =
        pal_column_number_tokens(a->column, job->rows, job->n_fit, least, a->first, a->features);
    a->tokens = PAL_ARENA_ARRAY(arena, int32_t, a->n_features);
    for (int32_t t = 0; a->tokens && t < a->column->vocabulary.n; t++) {
        if (a->features[t] >= 0) a->tokens[a->features[t] - a->first] = t;
    }
    return a->tokens != NULL;
}

/* Two features, none for a number that no training row has. */
static void attribute_learn_number(const attributes_job *job, pal_attribute *a) {
    double n = 0, sum = 0, squares = 0;
    for (int32_t r = 0; r < job->n_fit; r++) {
        if (job->rows[r] < 0 || isnan(a->column->numbers[job->rows[r]])) continue;
        sum += (double)a->column->numbers[job->rows[r]];
        n++;
    }
    a->n_features = n > 0 ? 2 : 0;
    a->mean = n > 0 ? sum / n : 0;
    for (int32_t r = 0; r < job->n_fit; r++) {
        if (job->rows[r] < 0 || isnan(a->column->numbers[job->rows[r]])) continue;
        double distance = (double)a->column->numbers[job->rows[r]] - a->mean;
        squares += distance * distance;
    }
    a->deviation = n > 0 ? sqrt(squares / n) : 0;
}

static pal_status attributes_add(attributes_job *job, const pal_attribute_options *options,
                                 pal_attribute a, pal_arena *arena) {
    pal_attributes *all = job->attributes;
    a.first = all->n_features;
    if (a.other) {
        a.n_features = INT32_C(1) << options->cross_bits;
    } else if (a.column->type == PAL_FEATURE_NUMBER) {
        attribute_learn_number(job, &a);
    } else if (!attribute_learn_tokens(job, options->least, arena, &a)) {
        return pal_fail_memory(job->ctx, "attributes", 8.0 * a.column->vocabulary.n);
    }
    if (a.n_features == 0) return PAL_OK;
    if (all->n == PAL_ATTRIBUTES_MAX)
        return pal_fail(job->ctx, PAL_EDATA,
                        "the catalog has more than %d columns of attributes: name fewer",
                        PAL_ATTRIBUTES_MAX);
    all->at[all->n++] = a;
    all->n_features += a.n_features;
    return PAL_OK;
}

static pal_status attributes_choose(attributes_job *job, const pal_attribute_options *options,
                                    const pal_catalog *catalog, pal_arena *arena) {
    for (int32_t c = 0; c < catalog->n_columns; c++) {
        const pal_column *column = &catalog->columns[c];
        if (!pal_column_is_attribute(catalog, c) || column->type == PAL_FEATURE_VECTOR) continue;
        if (options->columns && !options->columns[c]) continue;
        TRY(attributes_add(job, options, (pal_attribute){.column = column}, arena));
    }
    for (int32_t x = 0; x < options->n_crosses; x++) {
        const pal_column *const *pair = options->crosses[x];
        for (int32_t side = 0; side < 2; side++) {
            if (pair[side]->type == PAL_FEATURE_TOKEN || pair[side]->type == PAL_FEATURE_SET)
                continue;
            return pal_fail(job->ctx, PAL_EUSAGE,
                            "a cross takes columns of tokens or sets, and '%s' is none: name "
                            "another column",
                            pair[side]->name);
        }
        pal_attribute cross = {.column = pair[0], .other = pair[1]};
        TRY(attributes_add(job, options, cross, arena));
    }
    return PAL_OK;
}

/* --- rows --- */

typedef struct {
    int32_t col;
    float value;
} attribute_entry;

static int attribute_compare(const void *a, const void *b) {
    int32_t x = ((const attribute_entry *)a)->col, y = ((const attribute_entry *)b)->col;
    return (x > y) - (x < y);
}

static int64_t attribute_cross(const pal_attribute *a, int32_t row, attribute_entry *out) {
    const int32_t *left, *right;
    int32_t n_left = pal_column_tokens(a->column, row, &left),
            n_right = pal_column_tokens(a->other, row, &right);
    int64_t n = 0;
    for (int32_t i = 0; i < n_left; i++) {
        const char *token = pal_ids_at(&a->column->vocabulary, left[i]);
        uint64_t seed = XXH3_64bits(token, strlen(token));
        for (int32_t j = 0; j < n_right; j++) {
            token = pal_ids_at(&a->other->vocabulary, right[j]);
            uint64_t hash = XXH3_64bits_withSeed(token, strlen(token), seed);
            out[n++] =
                (attribute_entry){a->first + (int32_t)(hash & (uint64_t)(a->n_features - 1)), 1};
        }
    }
    return n;
}

static int64_t attribute_number(const pal_attribute *a, int32_t row, attribute_entry *out) {
    if (isnan(a->column->numbers[row])) {
        out[0] = (attribute_entry){a->first + 1, 1};
        return 1;
    }
    double x = a->deviation > 0 ? ((double)a->column->numbers[row] - a->mean) / a->deviation : 0;
    out[0] = (attribute_entry){a->first, (float)(x > 8 ? 8 : x < -8 ? -8 : x)};
    return x < 0 || x > 0;
}

/* The row's entries, ascending, those of one bucket added; returns how many. */
static int64_t attributes_entries(const attributes_job *job, int32_t row, attribute_entry *out) {
    int64_t n = 0, kept = 0;
    for (int32_t i = 0; row >= 0 && i < job->attributes->n; i++) {
        const pal_attribute *a = &job->attributes->at[i];
        const int32_t *tokens;
        if (a->other) {
            n += attribute_cross(a, row, out + n);
        } else if (a->column->type == PAL_FEATURE_NUMBER) {
            n += attribute_number(a, row, out + n);
        } else {
            int32_t n_tokens = pal_column_tokens(a->column, row, &tokens);
            for (int32_t t = 0; t < n_tokens; t++) {
                int32_t feature = a->features[tokens[t]];
                if (feature >= 0) out[n++] = (attribute_entry){feature, 1};
            }
        }
    }
    if (n) qsort(out, (size_t)n, sizeof *out, attribute_compare);
    for (int64_t e = 0; e < n; e++) {
        if (kept > 0 && out[kept - 1].col == out[e].col) {
            out[kept - 1].value += out[e].value;
        } else {
            out[kept++] = out[e];
        }
    }
    return kept;
}

/* Entries that the fullest row may have. */
static int64_t attributes_longest(const attributes_job *job) {
    int64_t longest = 0;
    for (int32_t r = 0; r < job->n_rows; r++) {
        int64_t n = 0;
        for (int32_t i = 0; i < job->attributes->n; i++) {
            const pal_attribute *a = &job->attributes->at[i];
            const int32_t *tokens;
            bool is_number = !a->other && a->column->type == PAL_FEATURE_NUMBER;
            int64_t left = is_number ? 1 : pal_column_tokens(a->column, job->rows[r], &tokens);
            n += a->other ? left * pal_column_tokens(a->other, job->rows[r], &tokens) : left;
        }
        if (n > longest) longest = n;
    }
    return longest;
}

static pal_status attributes_fill(attributes_job *job, pal_arena *arena, pal_csr *out) {
    pal_arena scratch = {0};
    attribute_entry *entries = PAL_ARENA_ARRAY(&scratch, attribute_entry, attributes_longest(job));
    job->starts = PAL_ARENA_ARRAY(arena, int64_t, (int64_t)job->n_rows + 1);
    for (int32_t r = 0; entries && job->starts && r < job->n_rows; r++)
        job->starts[r + 1] = job->starts[r] + attributes_entries(job, job->rows[r], entries);
    int64_t n_all = job->starts ? job->starts[job->n_rows] : 0;
    job->cols = PAL_ARENA_ARRAY(arena, int32_t, n_all);
    job->values = PAL_ARENA_ARRAY(arena, float, n_all);
    bool failed = !entries || !job->starts || !job->cols || !job->values;
    for (int32_t r = 0; !failed && r < job->n_rows; r++) {
        int64_t n = attributes_entries(job, job->rows[r], entries), at = job->starts[r];
        for (int64_t e = 0; e < n; e++) {
            job->cols[at + e] = entries[e].col;
            job->values[at + e] = entries[e].value;
        }
    }
    pal_arena_release(&scratch);
    if (failed) return pal_fail_memory(job->ctx, "attributes", 8.0 * (double)n_all);
    *out = (pal_csr){.n_rows = job->n_rows,
                     .n_cols = job->attributes->n_features,
                     .starts = job->starts,
                     .cols = job->cols,
                     .values = job->values};
    return PAL_OK;
}

pal_status pal_attributes_fit(pal_ctx *ctx, const pal_attribute_options *options,
                              const pal_catalog *catalog, const int32_t *rows, int32_t n_rows,
                              int32_t n_fit, pal_arena *arena, pal_attributes *attributes,
                              pal_csr *out) {
    *attributes = (pal_attributes){0};
    attributes_job job = {
        .ctx = ctx, .rows = rows, .n_rows = n_rows, .n_fit = n_fit, .attributes = attributes};
    TRY(attributes_choose(&job, options, catalog, arena));
    return attributes_fill(&job, arena, out);
}

void pal_attribute_describe(const pal_attributes *attributes, int32_t feature, pal_text *out) {
    int32_t i = 0;
    while (i + 1 < attributes->n && attributes->at[i + 1].first <= feature) i++;
    const pal_attribute *a = &attributes->at[i];
    pal_text_add(out, a->column->name);
    if (a->other) {
        pal_text_addf(out, " x %s", a->other->name);
    } else if (a->tokens) {
        int32_t token = a->tokens[feature - a->first];
        pal_text_addf(out, ": %s", pal_ids_at(&a->column->vocabulary, token));
    } else if (feature > a->first) {
        pal_text_add(out, ": missing");
    }
}
