/* attributes.h - the cells of a catalog as sparse rows: tokens one-hot, sets multi-hot, numbers
 * standardized, pairs of columns crossed by a hash.
 *
 *   token, set  1 for each token that `least` of the training rows have; rarer ones say nothing
 *               that another row could share
 *   number      (x - mean) / deviation of the training rows, within ±8; a missing number is 0 and
 *               has a feature of its own that is 1
 *   cross a*b   1 for the bucket of each pair of a token of a and one of b, of 2^bits by xxh3
 *               (Weinberger, Dasgupta, Langford, Smola, Attenberg 2009); pairs that share a bucket
 *               add up
 * Texts, titles and vectors are for keywords.h and vectors.h. Cost: one pass over the cells. */
#ifndef PAL_REPRESENT_ATTRIBUTES_H
#define PAL_REPRESENT_ATTRIBUTES_H

#include "data/catalog.h"

enum { PAL_ATTRIBUTES_MAX = 128, PAL_CROSSES_MAX = 16 };

typedef struct {
    int64_t least;       /* training rows that must have a token; 0 is 1 */
    const bool *columns; /* [n_columns] the columns that are read; NULL: all attributes */
    int32_t n_crosses;
    const pal_column *crosses[PAL_CROSSES_MAX][2]; /* token or set columns of the catalog */
    int32_t cross_bits;                            /* 0 to 20 */
} pal_attribute_options;

typedef struct {
    const pal_column *column, *other; /* other: of a cross, else NULL */
    int32_t first, n_features;
    double mean, deviation; /* of a number; its second feature stands for a missing one */
    int32_t *features;      /* token, set: [vocabulary.n] feature, or -1 */
    int32_t *tokens;        /* token, set: [n_features] token of each feature */
} pal_attribute;

/* Borrows the catalog. */
typedef struct {
    int32_t n, n_features;
    pal_attribute at[PAL_ATTRIBUTES_MAX];
} pal_attributes;

/* The tokens of a row of a token or set column; row -1: none. Returns how many. */
int32_t pal_column_tokens(const pal_column *column, int32_t row, const int32_t **tokens);
/* Whether a kind may learn from the cells of column c: a token, set, number or vector, no title. */
bool pal_column_is_attribute(const pal_catalog *catalog, int32_t c);
/* numbers [vocabulary.n], zero at first, gets `first`, `first` + 1, … for the tokens that at least
 * `least` of the rows [n_rows] have, in the order of the vocabulary, and -1 for others; returns how
 * many got one. */
int32_t pal_column_number_tokens(const pal_column *column, const int32_t *rows, int32_t n_rows,
                                 int64_t least, int32_t first, int32_t *numbers);
/* The catalog's row of each id in [0, n_rows), -1 where it has none; NULL without memory. */
int32_t *pal_catalog_rows(const pal_catalog *catalog, const pal_ids *ids, int32_t n_rows,
                          pal_arena *arena);

/* Learns features from the first n_fit of rows [n_rows] of the catalog (-1: no row, an empty one)
 * and encodes all: out [n_rows, n_features]. */
pal_status pal_attributes_fit(pal_ctx *ctx, const pal_attribute_options *options,
                              const pal_catalog *catalog, const int32_t *rows, int32_t n_rows,
                              int32_t n_fit, pal_arena *arena, pal_attributes *attributes,
                              pal_csr *out);
/* "genres: Drama", "price", "price: missing", "genres x brand". */
void pal_attribute_describe(const pal_attributes *attributes, int32_t feature, pal_text *out);

#endif
