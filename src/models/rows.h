/* rows.h - sparse rows as the state of a kind: what each item (or user, or session) adds to the
 * scores of others. */
#ifndef PAL_MODELS_ROWS_H
#define PAL_MODELS_ROWS_H

#include "math/csr.h"
#include "models/model.h"

typedef struct {
    int64_t *starts; /* [n_rows + 1] */
    int32_t *items;  /* [starts[n_rows]] ascending in a row */
    float *values;   /* like items; NULL: all 1 */
} pal_rows;

/* Copies a matrix into the arena; values are left out where it has none. */
pal_status pal_rows_copy(pal_ctx *ctx, const char *what, const pal_csr *from, pal_arena *arena,
                         pal_rows *out);
/* From the neighbours of each item, [n_items, k] of which counts [n_items] are there, to rows of
 * each neighbour: what an item of a history adds to the items that it is a neighbour of. */
pal_status pal_rows_of_neighbours(pal_ctx *ctx, const char *what, int32_t n_items, int64_t k,
                                  const int32_t *neighbours, const float *values,
                                  const int32_t *counts, pal_arena *arena, pal_rows *out);
/* Lists starts, items and, with has_values, values as tensors; returns how many. */
int32_t pal_rows_tensors(pal_rows *rows, int64_t n_rows, int32_t n_items, bool has_values,
                         pal_tensor *tensors);
/* The same rows as a matrix. */
pal_csr pal_rows_matrix(const pal_rows *rows, int32_t n_rows, int32_t n_cols);
/* The value at (row, item), 0 where there is none. */
float pal_rows_at(const pal_rows *rows, int32_t row, int32_t item);
/* out[i] += weight * value for the items of the row. */
void pal_rows_add(const pal_rows *rows, int32_t row, float weight, float *out);

/* Scores and reasons of kinds whose score is the sum of the rows of the history's distinct items;
 * scratch of pal_history_bytes. */
void pal_rows_score(const pal_rows *rows, int32_t n_items, const pal_query *queries,
                    int32_t n_queries, void *scratch, float *scores);
int32_t pal_rows_explain(const pal_rows *rows, int32_t n_items, const pal_query *query,
                         int32_t item, void *scratch, pal_reason *reasons);

#endif
