/* vectors.h - dense rows: of a vector column, or of texts.
 *
 * Latent semantic analysis (Deerwester, Dumais, Furnas, Landauer, Harshman 1990): with V the right
 * singular vectors of the k largest singular values of the keyword matrix A, a row a is a V, so
 * that rows which share no word but words that stand together are near each other. Cost: that of
 * pal_svd; 4 k bytes a row and a word. */
#ifndef PAL_REPRESENT_VECTORS_H
#define PAL_REPRESENT_VECTORS_H

#include "data/catalog.h"

typedef struct {
    int32_t n_rows, n_dims;
    float *vectors; /* [n_rows, n_dims] of length 1, or all 0 where nothing is known */
} pal_vectors;

/* rows [n_rows] of the column's catalog, or -1; 0 rows for a column of another type. */
pal_status pal_vectors_of_column(pal_ctx *ctx, const pal_column *column, const int32_t *rows,
                                 int32_t n_rows, pal_arena *arena, pal_vectors *out);
/* Of keyword rows: directions [rows.n_cols, k] are learned from the first n_fit rows, all rows are
 * brought to them. k at most the number of words. */
pal_status pal_vectors_of_keywords(pal_ctx *ctx, const pal_csr *rows, int32_t n_fit, int32_t k,
                                   pal_arena *arena, pal_vectors *out, float **directions);
/* Rows that came later, by those directions. */
pal_status pal_vectors_encode(pal_ctx *ctx, const pal_csr *rows, const float *directions, int32_t k,
                              pal_arena *arena, pal_vectors *out);
static inline bool pal_vectors_known(const pal_vectors *vectors, int32_t row) {
    const float *v = vectors->vectors + (int64_t)row * vectors->n_dims;
    for (int32_t d = 0; d < vectors->n_dims; d++) {
        if (v[d] < 0 || v[d] > 0) return true;
    }
    return false;
}

#endif
