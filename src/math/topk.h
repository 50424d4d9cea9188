/* topk.h - the k best of many scores: larger score first, equal scores by smaller row. -inf and NaN
 * are never listed. */
#ifndef PAL_MATH_TOPK_H
#define PAL_MATH_TOPK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "math/kernels.h"
#include "math/small.h"

/* The best so far of a stream of scores: a heap with the worst on top. Lives in the caller's
 * arrays. */
typedef struct {
    int32_t *items; /* [k] */
    float *scores;  /* [k] */
    int32_t k, n;
} pal_topk;

void pal_topk_start(pal_topk *top, int32_t k, int32_t *items, float *scores);
void pal_topk_add(pal_topk *top, int32_t item, float score);
/* A score must be larger to enter (or equal, with a smaller row than the worst kept). */
float pal_topk_threshold(const pal_topk *top);
/* Offers scores[i] for row first + i; rows ascend over calls, so that an equal score never enters a
 * full heap. `found` is scratch [n]. */
void pal_topk_offer(pal_topk *top, const pal_kernels *kernels, const float *scores, int32_t n,
                    int32_t first, int32_t *found);
/* Sorts what was kept, best first; returns how many. */
int32_t pal_topk_finish(pal_topk *top);

/* Item vectors rearranged for scanning: panels of PAL_PANEL items side by side, the last filled
 * with zeros. */
typedef struct {
    const void *panels; /* [n_panels, n_factors, PAL_PANEL] of this precision */
    int32_t n_items, n_factors, n_panels;
    pal_precision precision;
    const float *scales; /* [n_panels, PAL_PANEL]; int8 */
} pal_packed;

size_t pal_packed_floats(int32_t n_items, int32_t n_factors);
/* vectors [n_items, n_factors]; panels has room for pal_packed_floats. */
pal_packed pal_pack(const float *vectors, int32_t n_items, int32_t n_factors, float *panels);

/* The same from small rows, with zeros up to n_factors; panels has room for pal_packed_floats
 * numbers of their precision, scales (int8) for one float an item of the panels. */
pal_packed pal_pack_small(const pal_small *small, int32_t n_factors, void *panels, float *scales);

/* scores[q * stride + i] of panel p, i in [0, PAL_PANEL); users [n_queries, n_factors]. */
void pal_packed_panel(const pal_kernels *kernels, const pal_packed *packed, int32_t p,
                      const float *users, int32_t n_queries, float *scores, int64_t stride);
/* scores [n_queries, n_items]: the inner products of users [n_queries, n_factors] with all items.
 * `edge` is scratch [n_queries, PAL_PANEL]. Same bits for any way of cutting the queries. */
void pal_packed_scores(const pal_kernels *kernels, const pal_packed *packed, const float *users,
                       int32_t n_queries, float *edge, float *scores);

/* The fused scan: for each query of users [n_queries, n_factors] the k items with the largest inner
 * product, without its hidden rows: hidden[hidden_starts[q] … hidden_starts[q + 1]), ascending.
 * items and scores are [n_queries, k]; counts [n_queries] tells how many there are. Scratch of
 * pal_scan_scratch(k) bytes. Same bits for any way of cutting the queries into calls. */
size_t pal_scan_scratch(int32_t k);
void pal_scan(const pal_kernels *kernels, const pal_packed *packed, const float *users,
              int32_t n_queries, const int64_t *hidden_starts, const int32_t *hidden, int32_t k,
              int32_t *items, float *scores, int32_t *counts, void *scratch);

#endif
