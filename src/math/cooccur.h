/* cooccur.h - for each item the k items most similar to it, from who used both. */
#ifndef PAL_MATH_COOCCUR_H
#define PAL_MATH_COOCCUR_H

#include "math/csr.h"
#include "palate.h"

/* similarity[j] from dots[j] = Σ_u x_ui x_uj for j in [0, n_items); similarity[item] is not used,
 * and n_items may be fewer than there are. May write over dots. */
typedef void pal_similarity_fn(const void *arg, int32_t item, const float *dots, int32_t n_items,
                               float *similarity);

/* neighbours [n_items, k]: rows of the k largest positive similarities of each item, largest first,
 * equal ones by smaller row; counts [n_items] says how many. by_user is users × items, by_item its
 * transpose; values NULL count 1. `is_symmetric` promises that similarity(i)[j] has the bits of
 * similarity(j)[i]: the same lists for half the work. Rows of items are chunks: same bytes for any
 * thread count. Σ_u |row u|² additions, half of them when symmetric. PAL_ENOMEM without memory for
 * a row a thread and, when symmetric, 8 rows or 64 MB of offers. */
pal_status pal_cooccur_topk(pal_ctx *ctx, const char *what, const pal_csr *by_user,
                            const pal_csr *by_item, int32_t k, pal_similarity_fn *similarity,
                            const void *arg, bool is_symmetric, int32_t *neighbours,
                            float *similarities, int32_t *counts);

#endif
