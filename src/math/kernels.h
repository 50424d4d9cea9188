/* kernels.h - the innermost loops, one table of functions per instruction set, chosen once for this
 * CPU.
 *
 * kernels_reference.c is portable and defines what each kernel computes; kernels_avx2.c and
 * kernels_avx512.c are compiled with their own flags. Every score is one chain of fused
 * multiply-adds, every sum of rows one chain of additions, so all tables give the same bits. */
#ifndef PAL_MATH_KERNELS_H
#define PAL_MATH_KERNELS_H

#include <stdint.h>

enum { PAL_PANEL = 32 }; /* items side by side in a packed panel */

enum { PAL_LANES = 16 };

enum { PAL_CHAINS = 192 }; /* of multiply-adds that do not wait for each other */

/* user ← keep_user user + pull (a - b), a ← keep_a a + pull user, b ← keep_b b - pull user. */
typedef struct {
    float pull, keep_user, keep_a, keep_b;
} pal_pair_step;

typedef struct pal_kernels {
    const char *name; /* "reference", "avx2", "avx512" */

    /* scores[q * stride + i] = Σ_f queries[q * n_factors + f] * panel[f * PAL_PANEL + i], f
     * ascending, one fma chain from 0; i in [0, PAL_PANEL), q in [0, n_queries). */
    void (*score_panel)(const float *queries, int32_t n_queries, const float *panel,
                        int32_t n_factors, float *scores, int64_t stride);

    /* The same over panels of small numbers (small.h): each is widened to a float that holds it
     * exactly; int8 sums are then multiplied by scales[i], i in [0, PAL_PANEL). */
    void (*score_panel_bf16)(const float *queries, int32_t n_queries, const uint16_t *panel,
                             int32_t n_factors, float *scores, int64_t stride);
    void (*score_panel_int8)(const float *queries, int32_t n_queries, const int8_t *panel,
                             const float *scales, int32_t n_factors, float *scores, int64_t stride);

    /* out[i] = Σ_r matrix[rows[r] * stride + i], r ascending, one chain of additions from 0; i in
     * [0, n). */
    void (*sum_rows)(const float *matrix, int64_t stride, const int32_t *rows, int32_t n_rows,
                     float *out, int32_t n);

    /* Writes to `found` the i with scores[i] > threshold, ascending; returns how many. NaN is not
     * found. */
    int32_t (*above)(const float *scores, int32_t n, float threshold, int32_t *found);

    /* The same for scores[i] >= limits[i]. */
    int32_t (*reaching)(const float *scores, const float *limits, int32_t n, int32_t *found);

    /* Σ_f user[f] (a[f] - b[f]), n a multiple of PAL_LANES: a chain of fused multiply-adds for each
     * f mod PAL_LANES, then the upper half of the chains is added to the lower until one is left.
     */
    float (*pair_margin)(const float *user, const float *a, const float *b, int32_t n);

    /* One step of the three rows of a pair, all from the values before it; n as above. */
    void (*pair_step)(float *user, float *a, float *b, int32_t n, const pal_pair_step *step);

    /* out[i] = Σ_r weights[r] matrix[rows[r] * stride + i], r ascending, one fma chain from 0; i in
     * [0, n). */
    void (*weigh_rows)(const float *matrix, int64_t stride, const int32_t *rows,
                       const float *weights, int64_t n_rows, float *out, int32_t n);

    /* chains[i] ← chains[i] factor + addend, n times over, i in [0, PAL_CHAINS): all that the
     * processor can multiply, since nothing moves to or from memory meanwhile (peak.h). */
    void (*spin)(float *chains, float factor, float addend, int64_t n);
    const struct pal_spd *spd; /* small systems of equations (spd.h) */
} pal_kernels;

/* The fastest table that this CPU runs. */
const pal_kernels *pal_kernels_best(void);
/* All tables that this CPU runs, the reference first; NULL-ended. */
const pal_kernels *const *pal_kernels_all(void);

/* The tables themselves; those of instruction sets that the build's processor does not know are
 * NULL in kernels.c. */
extern const pal_kernels pal_kernels_reference;
#if defined(__x86_64__)
extern const pal_kernels pal_kernels_avx2, pal_kernels_avx512;
#endif

#endif
