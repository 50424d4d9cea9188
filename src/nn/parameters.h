/* parameters.h - a network's dense parameters, and how a batch's gradient is the same bytes for any
 * number of threads.
 *
 * All dense parameters are one flat array with named slices; gradient and Adam's moments have the
 * same shape. A batch is cut into n_chunks row ranges (pal_chunk_range) that depend on nothing but
 * the batch; each chunk runs forward and backward with single-threaded BLAS and adds its gradient
 * to a buffer of its own; pal_parameters_sum adds the buffers in the order of chunks. Rows of
 * embedding tables are apart (table.h): a batch touches few of them.
 *
 * A kind's step is then
 *     pal_parallel(pool, p.n_chunks, chunk, job);    forward, backward: pal_parameters_chunk
 *     pal_parameters_sum(pool, &p);
 *     adam.scale = pal_clip(…);                      optional, adam.h
 *     pal_adam_parameters(pool, &adam, &p);
 * Memory: (3 + n_chunks) n floats beside the values. */
#ifndef PAL_NN_PARAMETERS_H
#define PAL_NN_PARAMETERS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/parallel.h"
#include "nn/real.h"

enum { PAL_SLICES_MAX = 96, PAL_PARAMETERS_CHUNK = 4096 };

typedef struct {
    const char *name;
    int64_t at; /* first element */
    int64_t n_rows, n_cols;
} pal_slice;

typedef struct {
    int64_t n;
    int32_t n_slices, n_chunks;
    pal_slice slices[PAL_SLICES_MAX];
    pal_real *values;         /* [n] what the model keeps */
    pal_real *gradient;       /* [n] of the batch */
    pal_real *first, *second; /* [n] Adam's moments */
    pal_real *chunks;         /* [n_chunks, n] gradients of the chunks of a batch */
} pal_parameters;

/* Slices whose names begin with "item" hold a row, or a number, an item of the log (training.c).
 * Appends a slice [n_rows, n_cols] and returns where it begins. All slices come before open; a
 * score function that has the values alone lists the same slices again. */
int64_t pal_parameters_add(pal_parameters *p, const char *name, int64_t n_rows, int64_t n_cols);

/* values from `arena`, all else from `scratch`; zeroed. `what` names the kind in the sentence. */
pal_status pal_parameters_open(pal_ctx *ctx, const char *what, int32_t n_chunks, pal_arena *arena,
                               pal_arena *scratch, pal_parameters *p);
/* Bytes of training memory beside the values, for estimates. */
double pal_parameters_bytes(int64_t n, int32_t n_chunks);

/* Rows [*first, *last) of chunk `chunk` of n rows; may be empty. */
static inline void pal_chunk_range(int64_t n, int32_t n_chunks, int64_t chunk, int64_t *first,
                                   int64_t *last) {
    *first = n * chunk / n_chunks;
    *last = n * (chunk + 1) / n_chunks;
}

/* The gradient buffer [n] of a chunk, zeroed. Every chunk must ask for it in every batch. */
pal_real *pal_parameters_chunk(const pal_parameters *p, int64_t chunk);
/* gradient = Σ chunks, in order. */
void pal_parameters_sum(pal_pool *pool, pal_parameters *p);

/* First values, from the stream of (seed, purpose). */
void pal_draw_uniform(uint64_t seed, const char *purpose, pal_real *values, int64_t n,
                      double bound);
void pal_draw_normal(uint64_t seed, const char *purpose, pal_real *values, int64_t n,
                     double deviation);
/* The bound of Glorot and Bengio (2010) for weights from n_in to n_out values. */
double pal_glorot_bound(int64_t n_in, int64_t n_out);

#endif
