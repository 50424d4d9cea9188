/* fields.h - what a catalog or profiles say of the rows of a log, as weighed rows of one embedding
 * table: the same for tokens, sets, numbers and vectors.
 *
 * A column is a field. A token is one feature of weight 1; a set its tokens with weights that sum
 * to 1; a number the bin of up to PAL_FIELD_BINS bins of equal counts that it falls into; a vector,
 * brought to length 1, one feature a dimension weighed by it (a linear map). Each field has one
 * more feature, learned like the others, for rows without a value, rows that the catalog does not
 * know, and tokens of a single row, from which nothing can be learned about others. Texts and
 * titles are no fields, but their words may be one more: those that stand most often in three items
 * and more (one that two share tells them apart, and little else), weighed by TF-IDF
 * (represent/keywords.h). Nothing comes from rows that only later parts know. */
#ifndef PAL_MODELS_FIELDS_H
#define PAL_MODELS_FIELDS_H

#include "models/model.h"

enum { PAL_FIELD_BINS = 16, PAL_FIELDS_MAX = 24 };

typedef struct {
    int32_t n_rows, n_fields; /* no catalog: 0 fields; at most PAL_FIELDS_MAX, the first columns */
    int32_t n_features;       /* rows of the embedding table */
    /* Field f of row r holds entries [starts[r * n_fields + f], starts[r * n_fields + f + 1]). */
    int64_t *starts;
    int32_t *features;
    float *weights;
    int32_t missing[PAL_FIELDS_MAX];           /* the feature that stands for no value */
    const char **names;                        /* [n_features] for people: "genres: Comedy" */
    int32_t first[PAL_FIELDS_MAX];             /* the feature that a field begins with */
    const pal_column *columns[PAL_FIELDS_MAX]; /* of the catalog; NULL: words */
    const float *edges[PAL_FIELDS_MAX]; /* of numbers: [PAL_FIELD_BINS - 1] ascending, else NULL */
} pal_fields;

/* ids: of the log's rows [0, n_rows); catalog may be NULL. Bins and tokens come from the first
 * n_seen rows, the others are encoded by them. */
pal_status pal_fields_make(pal_ctx *ctx, const pal_catalog *catalog, const pal_ids *ids,
                           int32_t n_rows, int32_t n_seen, pal_arena *arena, pal_fields *out);
/* Of the items of `train`, with up to n_words words of their titles and texts as the last field. */
pal_status pal_fields_make_of_items(pal_ctx *ctx, const char *kind, const pal_train_input *train,
                                    int64_t n_words, pal_arena *arena, pal_fields *out);
/* The bin that a number falls into. */
static inline int32_t pal_field_bin(const float *edges, float number) {
    int32_t bin = 0;
    while (bin < PAL_FIELD_BINS - 1 && edges[bin] <= number) bin++;
    return bin;
}
/* The entries of field f of a row; row < 0: the missing one. Returns how many. */
int32_t pal_fields_of(const pal_fields *fields, int32_t row, int32_t f, const int32_t **features,
                      const float **weights);
/* The same of all fields, one after the other. */
int32_t pal_fields_all(const pal_fields *fields, int32_t row, const int32_t **features,
                       const float **weights);
/* out [width] += Σ over all entries of the row. */
void pal_fields_add(const pal_fields *fields, int32_t row, const float *table, int32_t width,
                    float *out);
/* out [n_fields, width] = Σ weight · table row; table [n_features, width]. */
void pal_fields_pool(const pal_fields *fields, int32_t row, const float *table, int32_t width,
                     float *out);
/* The most entries that a row has over all fields. */
int32_t pal_fields_most(const pal_fields *fields);

#endif
