/* softmax.h - cross entropy over all items, or the multinomial likelihood of several targets a row,
 * without ever holding the logits of more than a block of rows.
 *
 * loss_r = Σ_i x_ri (log Σ_j exp(l_rj) - l_ri), l = hidden weightsᵀ + biases; x are the targets'
 * amounts: one target of 1 is cross entropy, a history is mult_vae's likelihood. What else a row's
 * person used can be left out of the sum over j: it is no negative. Items are cut into
 * PAL_SOFTMAX_SLABS slabs that run in parallel, tile after tile of PAL_SOFTMAX_TILE items: first
 * the largest logit and the sum of exponentials, then the gradient. Rows run in blocks of
 * PAL_SOFTMAX_ROWS. Exponentials of the first pass are kept for the second when a block's fit into
 * PAL_SOFTMAX_KEPT values, else computed again. Each slab owns its items' rows of d_weights; what
 * it adds to d_hidden is summed in the order of slabs: same bytes for any number of threads.
 * Cost: 3 n_rows n_items width multiply-adds, or 4. */
#ifndef PAL_NN_SOFTMAX_H
#define PAL_NN_SOFTMAX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "math/csr.h"
#include "nn/real.h"

enum {
    PAL_SOFTMAX_SLABS = 16,
    PAL_SOFTMAX_TILE = 128,
    PAL_SOFTMAX_ROWS = 512,
    PAL_SOFTMAX_KEPT = 1 << 23
};

typedef struct {
    int32_t n_items, width;
    const pal_real *weights;        /* [n_items, width] */
    const pal_real *biases;         /* [n_items], or NULL */
    pal_real *d_weights, *d_biases; /* alike, added to; d_biases NULL without biases */
    int64_t n_rows;                 /* of this batch */
    const pal_real *hidden;         /* [n_rows, width] */
    pal_real *d_hidden;             /* [n_rows, width], written */
    const int64_t *begins, *ends;   /* [n_rows] targets of a row: targets[begin … end) */
    const int32_t *targets;         /* ascending in a row; a whole CSR's columns */
    const float *amounts;           /* like targets, or NULL: all 1 */
    const pal_csr *used;            /* by person: items that are no negatives; or NULL */
    const int32_t *people;          /* [n_rows] rows of used */
    pal_real scale;                 /* of the gradients: 1 / n_rows for a mean */
    /* Room, from pal_softmax_open. */
    bool is_kept;                  /* exponentials, from the first pass to the second */
    int32_t n_tiles;               /* of a slab, at the most */
    pal_real *logits;              /* [threads, ROWS, TILE]; kept: [SLABS, n_tiles, ROWS, TILE] */
    double *shifts;                /* [SLABS, n_tiles, ROWS] of kept exponentials */
    pal_real *parts;               /* [SLABS, ROWS, width] */
    double *largest, *sums, *hits; /* [SLABS, ROWS] */
    double *shift, *total;         /* [ROWS] log Σ exp, Σ x */
    int64_t first_row;             /* of the block at work */
} pal_softmax;

pal_status pal_softmax_open(pal_ctx *ctx, const char *what, int32_t n_items, int32_t width,
                            pal_arena *scratch, pal_softmax *out);
/* Bytes of that room. */
double pal_softmax_bytes(int32_t n_items, double width, int32_t n_threads);
/* Sum of the rows' losses; fields but the room are the caller's. */
double pal_softmax_run(pal_pool *pool, pal_softmax *job);

#endif
