/* linear.h - a linear map between two kinds of rows, learned from rows that have both (ridge). */
#ifndef PAL_MODELS_TRANSFER_LINEAR_H
#define PAL_MODELS_TRANSFER_LINEAR_H

#include "base/arena.h"
#include "palate.h"

typedef struct {
    int32_t n, n_from, n_to;
    const float *from, *to;  /* [n, n_from], [n, n_to] */
    const float *weights;    /* [n] > 0: how much a row counts; NULL: all alike */
    const float *importance; /* [n_to] how much an error there counts when l2 is chosen; NULL */
} pal_linear_rows;

typedef struct {
    double l2;        /* share of the mean variance of `from` that is added to each; chosen */
    double explained; /* share of the variance of `to` that is foretold for rows left out */
} pal_linear_fit;

/* map [n_from + 1, n_to], the constants first:
 *   argmin Σ_r w_r |to_r - map_0 - from_r map_1…|² + l2 |map_1…|²
 * with the l2 of a fixed row of values that foretells rows left out one by one best; where none
 * foretells better than their mean, that mean alone. Cost: n (n_from² + n_from n_to) + n_from³
 * multiply-adds, and 9 times up to 2048 n_from n_to. Same bytes for any thread count (of one BLAS
 * build and core type). */
pal_status pal_linear_map(pal_ctx *ctx, const char *what, const pal_linear_rows *rows,
                          pal_arena *scratch, float *map, pal_linear_fit *found);

/* out [n_to] = map_0 scaled by `constant` + x map_1…, x [n_from]. */
void pal_linear_apply(const float *map, int32_t n_from, int32_t n_to, float constant,
                      const float *x, float *out);

#endif
