/* shared.c - logits of a batch kept whole: two products of their derivatives follow. */
#include "nn/shared.h"

#include <math.h>

#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/parameters.h"

/* From logits to their derivatives in place; returns the row's loss. */
static double shared_row(const pal_shared *job, int64_t r, pal_real *logits) {
    const pal_loops *loops = pal_loops_best();
    int64_t n = job->n_candidates;
    for (int64_t j = 0; j < n; j++) {
        logits[j] -= job->log_q[j];
        if (j == r) continue;
        if (job->items[j] == job->items[r] ||
            (job->used && pal_csr_has(job->used, job->people[r], job->items[j])))
            logits[j] = -INFINITY;
    }
    pal_real used = logits[r], most = loops->largest(logits, n),
             sum = loops->exp(logits, -most, 1, logits, n),
             scale = job->scale * job->amounts[r] / sum;
    for (int64_t j = 0; j < n; j++) logits[j] *= scale;
    logits[r] -= job->scale * job->amounts[r];
    return (double)job->amounts[r] * (log((double)sum) + (double)most - (double)used);
}

static void shared_rows(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_shared *job = arg;
    int64_t first, last, c = job->n_candidates, w = job->width;
    pal_chunk_range(job->n_rows, PAL_SHARED_CHUNKS, chunk, &first, &last);
    pal_real *logits = job->logits + first * c;
    job->losses[chunk] = 0;
    pal_gemm(false, true, last - first, c, w, job->hidden + first * w, w, job->vectors, w, 0,
             logits, c);
    for (int64_t r = first; r < last; r++)
        job->losses[chunk] += shared_row(job, r, job->logits + r * c);
    pal_gemm(false, false, last - first, w, c, logits, c, job->vectors, w, 0,
             job->d_hidden + first * w, w);
}

static void shared_candidates(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    pal_shared *job = arg;
    int64_t first, last, c = job->n_candidates, w = job->width;
    pal_chunk_range(c, PAL_SHARED_CHUNKS, chunk, &first, &last);
    pal_gemm(true, false, last - first, w, job->n_rows, job->logits + first, c, job->hidden, w, 0,
             job->d_vectors + first * w, w);
}

double pal_shared_run(pal_pool *pool, pal_shared *job) {
    double loss = 0;
    pal_parallel(pool, PAL_SHARED_CHUNKS, shared_rows, job);
    pal_parallel(pool, PAL_SHARED_CHUNKS, shared_candidates, job);
    for (int32_t c = 0; c < PAL_SHARED_CHUNKS; c++) loss += job->losses[c];
    return loss;
}
