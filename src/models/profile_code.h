/* profile_code.h - how a person's profile becomes features, kept in a model: what fields.h found in
 * the table of users, so that cells of somebody else are encoded alike.
 *
 * A cell whose token was not seen, and a column of which nothing is told, counts as missing, for
 * which each field has a feature. Columns of vectors cannot be told in cells: they are missing.
 * Cost: a cell one binary search among the field's tokens. */
#ifndef PAL_MODELS_PROFILE_CODE_H
#define PAL_MODELS_PROFILE_CODE_H

#include "models/fields.h"

typedef struct pal_profile_code {
    /* Stored. */
    int64_t *field_range;   /* [2] 0, n_fields */
    int32_t *types;         /* [n_fields] of pal_feature_type */
    uint8_t *separators;    /* [n_fields] of sets */
    float *edges;           /* [n_fields, PAL_FIELD_BINS - 1] of numbers */
    int64_t *column_starts; /* [PAL_FIELDS_MAX + 1] into column_names, from n_fields on its end */
    uint8_t *column_names;  /* each ended by a NUL */
    int64_t *field_starts;  /* [n_fields + 1] features of each field, the last for missing */
    int64_t *name_starts;   /* [n_features + 1] into names */
    uint8_t *names;         /* "city: Lyon", each ended by a NUL */
    /* Derived. */
    int32_t n_fields, n_features;
    int32_t *sorted; /* [n_features] each field's features by name, the missing one last */
} pal_profile_code;

/* Keeps how `fields` were made; without fields the code knows nothing. */
pal_status pal_profile_code_keep(pal_ctx *ctx, const char *what, const pal_fields *fields,
                                 pal_arena *arena, pal_profile_code *out);
/* Lists the arrays, and among them the kind's rows of the features: *rows [n_features, width];
 * returns how many. */
int32_t pal_profile_code_tensors(pal_profile_code *code, float **rows, int64_t width,
                                 pal_tensor *tensors);
/* Checks what came from a file and derives what is not stored. */
pal_status pal_profile_code_prepare(pal_ctx *ctx, const char *what, pal_arena *arena,
                                    pal_profile_code *code);

static inline const char *pal_profile_column(const pal_profile_code *code, int32_t field) {
    return (const char *)code->column_names + code->column_starts[field];
}
static inline const char *pal_profile_name(const pal_profile_code *code, int32_t feature) {
    return (const char *)code->names + code->name_starts[feature];
}
/* The field of a column's name (case and '-' do not count), or -1. */
int32_t pal_profile_field(const pal_profile_code *code, const char *column);
/* Whether the cell's column is one of the fields and its value is known there. */
bool pal_profile_knows(const pal_profile_code *code, const pal_profile_cell *cell);
/* Whether one of the query's cells is known. */
bool pal_profile_answers(const pal_profile_code *code, const pal_query *query);

typedef void pal_profile_fn(void *arg, int32_t field, int32_t feature, float weight);
/* Calls `each` for every entry of the query's profile, in the order of fields; a field without a
 * known cell has its missing feature. The same entries as fields.h has for such a row. */
void pal_profile_each(const pal_profile_code *code, const pal_query *query, pal_profile_fn *each,
                      void *arg);

#endif
