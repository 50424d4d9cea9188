/* shared.h - softmax over candidates that the rows of a batch share: each row's used item is a
 * candidate to all others (in-batch negatives), drawn ones may come behind.
 *
 * loss_r = amount_r (log Σ_j exp(l_rj - log_q_j) - (l_rr - log_q_r)), l = hidden vectorsᵀ. Taking
 * off the log of how likely a candidate comes up makes the sum an estimate of the one over all
 * items (Bengio and Senécal 2008; in batches Yi et al. 2019; drawn ones beside: Yang et al. 2020).
 * A candidate that the row's person used, its own item once more too, is left out: it is no
 * negative. Rows run in chunks, then candidates: same bytes for any number of threads. 3 n_rows
 * n_candidates width multiply-adds. */
#ifndef PAL_NN_SHARED_H
#define PAL_NN_SHARED_H

#include "base/arena.h"
#include "base/ctx.h"
#include "base/parallel.h"
#include "math/csr.h"
#include "nn/real.h"

enum { PAL_SHARED_CHUNKS = 16 };

typedef struct {
    int64_t n_rows, n_candidates, width;
    const int32_t *items;    /* [n_candidates], the first n_rows those that the rows used */
    const pal_csr *used;     /* by person: items that are no negatives; or NULL */
    const int32_t *people;   /* [n_rows] rows of used */
    const pal_real *vectors; /* [n_candidates, width] */
    const pal_real *log_q;   /* [n_candidates] */
    const pal_real *amounts; /* [n_rows] */
    const pal_real *hidden;  /* [n_rows, width] */
    pal_real *d_hidden;      /* [n_rows, width], written */
    pal_real *d_vectors;     /* [n_candidates, width], written */
    pal_real scale;          /* of the gradients */
    pal_real *logits;        /* [n_rows, n_candidates] room */
    double losses[PAL_SHARED_CHUNKS];
} pal_shared;

/* Sum of the rows' losses. */
double pal_shared_run(pal_pool *pool, pal_shared *job);

#endif
