/* table.h - an embedding table: rows gathered by index, gradients only for the rows that a batch
 * touches.
 *
 * The gradient of a touched row is Σ over its entries of weight · source row, so nothing dense is
 * ever as large as the table and no two threads write the same row. A batch lists its entries
 * (pal_table_touch, cheap, one thread), each chunk of the batch writes its rows of `sources`, and
 * pal_table_sum adds them row by row in the order of the entries: same bytes for any number of
 * threads. Adam's moments of rows that are not touched stay as they are (lazy, as in
 * TensorFlow's LazyAdam).
 * Cost: the sum takes n_entries · width multiply-adds. Memory: 3 tables of moments and gradients
 * beside the values (the gradients only up to the entries of a batch). */
#ifndef PAL_NN_TABLE_H
#define PAL_NN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/parallel.h"
#include "nn/real.h"

enum { PAL_TABLE_CHUNK = 64 }; /* touched rows of one chunk */

typedef struct {
    int32_t n_rows, width;
    bool is_of_users, is_of_items; /* rows are those of the log, for pal_epochs_carry */
    pal_real *values;              /* [n_rows, width] what the model keeps */
    pal_real *first, *second;      /* [n_rows, width] Adam's moments */
    /* The batch. */
    int64_t capacity; /* entries of a batch at the most */
    int32_t n_touched;
    int32_t *touched;   /* [n_touched] rows, in the order in which entries name them */
    int64_t *starts;    /* [n_touched + 1] entries of each */
    int32_t *sources;   /* [entries] rows of the source */
    pal_real *weights;  /* [entries] */
    pal_real *gradient; /* [n_touched, width] */
    int32_t *place;     /* [n_rows] 1 + index in touched, or 0 */
} pal_table;

/* `values` [n_rows, width] are the caller's (usually the model's arena); the rest comes from
 * `scratch`. */
pal_status pal_table_open(pal_ctx *ctx, const char *what, pal_real *values, int32_t n_rows,
                          int32_t width, int64_t capacity, pal_arena *scratch, pal_table *out);
/* Bytes of training memory beside the values. */
double pal_table_bytes(double n_rows, double width, double capacity);

/* out[e] = values[rows[e]], or zeros where rows[e] < 0; out [n, stride]. For one chunk. */
void pal_table_gather(const pal_table *table, const int32_t *rows, int64_t n, pal_real *out,
                      int64_t stride);
/* out = Σ_e weights[e] values[rows[e]]; weights NULL: 1. out [width]. */
void pal_table_pool(const pal_table *table, const int32_t *rows, const pal_real *weights, int64_t n,
                    pal_real *out);

/* The batch's entries: rows[e] (< 0: none) takes weights[e] · source[sources[e]]. sources NULL: e;
 * weights NULL: 1. n at most capacity. */
void pal_table_touch(pal_table *table, const int32_t *rows, const int32_t *sources,
                     const pal_real *weights, int64_t n);
/* gradient of the touched rows from source [?, stride]. */
void pal_table_sum(pal_pool *pool, pal_table *table, const pal_real *source, int64_t stride);

#endif
