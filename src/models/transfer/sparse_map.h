/* sparse_map.h - a linear map from sparse features to rows of numbers (ridge), by conjugate
 * gradients. */
#ifndef PAL_MODELS_TRANSFER_SPARSE_MAP_H
#define PAL_MODELS_TRANSFER_SPARSE_MAP_H

#include "math/csr.h"
#include "palate.h"

typedef struct {
    const pal_csr *from;     /* [n, n_features], values or NULL: all 1 */
    int32_t n, n_to;         /* the first n rows of `from` are learned from */
    const float *to;         /* [n, n_to] */
    const float *weights;    /* [n] >= 0: how much a row counts */
    const float *importance; /* [n_to] how much an error there counts when l2 is chosen; or NULL */
} pal_sparse_rows;

typedef struct {
    double l2;        /* chosen, or infinite: features foretell nothing */
    double explained; /* share of the variance of `to` that is foretold for rows left out */
} pal_sparse_fit;

/* map [n_features + 1, n_to], the constants first:
 *   argmin Σ_r w_r |to_r - map_0 - Σ_f from_rf map_f|² + l2 Σ_f |map_f|²
 * with the l2 of a fixed row of values that foretells a tenth of the rows best when learned from
 * the others; where none does better than their mean, that mean alone. Cost: at most 7 · 60 steps
 * of 2 n_to multiply-adds an entry. Same bytes for any thread count. */
pal_status pal_sparse_map(pal_ctx *ctx, const char *what, const pal_sparse_rows *rows,
                          pal_arena *scratch, float *map, pal_sparse_fit *found);

/* out [n_to] = map_0 + Σ_e values_e map of feature cols_e. */
void pal_sparse_apply(const float *map, int32_t n_to, const int32_t *cols, const float *values,
                      int64_t n, float *out);

#endif
