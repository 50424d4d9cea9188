/* kernels.h - the innermost loops, one table of functions per instruction set, chosen once for this CPU.
 *
 * kernels_reference.c is portable and defines what each kernel computes; kernels_avx2.c and kernels_avx512.c are compiled
 * with their own flags. score_block is one fma chain a score in every variant, so lists have the same bits on any of them;
 * kernels whose sums are split across lanes (dot) are the same for one table only. */
#ifndef PAL_MATH_KERNELS_H
#define PAL_MATH_KERNELS_H

#include <stdint.h>

enum { PAL_PANEL = 32 }; /* items side by side in a packed panel */

typedef struct pal_kernels {
    const char *name; /* "reference", "avx2", "avx512" */

    /* Σ a[i] b[i]. */
    float (*dot)(const float *a, const float *b, int32_t n);

    /* y[i] += alpha x[i], one fma an element: the same bits in every variant. */
    void (*axpy)(float alpha, const float *x, float *y, int32_t n);

    /* scores[q * stride + i] = Σ_f queries[q * n_factors + f] * panel[f * PAL_PANEL + i], f ascending, one fma chain from 0;
     * i in [0, PAL_PANEL), q in [0, n_queries). */
    void (*score_panel)(const float *queries, int32_t n_queries, const float *panel, int32_t n_factors, float *scores,
                        int64_t stride);

    /* Writes to `found` the i with scores[i] > threshold, ascending; returns how many. NaN is not found. */
    int32_t (*above)(const float *scores, int32_t n, float threshold, int32_t *found);

    /* counts[cols[i]] += 1. cols distinct, no order asked. */
    void (*count_add)(uint16_t *counts, const int32_t *cols, int32_t n);
} pal_kernels;

/* The fastest table that this CPU runs. */
const pal_kernels *pal_kernels_best(void);
/* All tables that this CPU runs, the reference first; NULL-ended. */
const pal_kernels *const *pal_kernels_all(void);

#endif
