/* ridge.h - the rows of alternating least squares: each row x of one side minimizes
 *
 *   Σ_e w_e (h_e·x)² - 2 g_e h_e·x + Σ_f (spectrum_f + l2) x_f²
 *
 * over its events e, h_e a row of the other side. What all rows of the other side add, alpha0 HᵀH,
 * is diagonal ("spectrum") because H is first turned into the eigenbasis of HᵀH: products of rows
 * do not change when both sides are turned alike, and the diagonal may then differ from row to row
 * by its own l2 and still be inverted for nothing. */
#ifndef PAL_MATH_RIDGE_H
#define PAL_MATH_RIDGE_H

#include "base/arena.h"
#include "base/parallel.h"
#include "math/kernels.h"
#include "math/spd.h"

/* Rows are padded with zeros to a width that is a multiple of PAL_SPD_LANES. */
static inline int32_t pal_ridge_width(int32_t n_factors) {
    return (n_factors + PAL_SPD_LANES - 1) / PAL_SPD_LANES * PAL_SPD_LANES;
}

typedef struct { /* the other side */
    const pal_spd *kernels;
    const float *factors;  /* [n, width] */
    const float *spectrum; /* [width] >= 0 */
    int32_t width;
} pal_ridge;

typedef struct {           /* the events of one row */
    const int32_t *others; /* [n] rows of the other side */
    int32_t n;
    const float *weights; /* [n] w_e >= 0, or NULL: all 1 */
    const float *gains;   /* [n] g_e, or NULL: all 1 */
    float l2;             /* > 0 */
    float share; /* a guess of Σ_e w_e h_eᵀh_e / (alpha0 HᵀH), for pal_ridge_descend */
} pal_ridge_row;

/* Floats of scratch for rows of up to n_max events; `side`: width for pal_ridge_exact, `block` for
 * pal_ridge_blocks, 0 for pal_ridge_descend. */
int64_t pal_ridge_scratch(int32_t width, int32_t side, int64_t n_max);

/* All three write x [width] and return the objective there. */

/* Cholesky: of the n × n system that remains when the diagonal is taken out (Woodbury) where the
 * row has fewer events than factors, else of the width × width one. n width² / 2 + width³ / 6
 * multiply-adds at most. */
double pal_ridge_exact(const pal_ridge *side, const pal_ridge_row *row, float *scratch, float *x);
/* x solves the row's system for any right side: x on entry; the row's gains are not looked at. */
void pal_ridge_inverse(const pal_ridge *side, const pal_ridge_row *row, float *scratch, float *x);
/* Steps of preconditioned conjugate gradients from x as it is: 2 n width multiply-adds each. */
double pal_ridge_descend(const pal_ridge *side, const pal_ridge_row *row, int32_t n_steps,
                         float *scratch, float *x);
/* iALS++ (Rendle et al. 2021): exact steps for `block` factors at a time, from x as it is; n width
 * block / 2 multiply-adds. The block is a multiple of PAL_SPD_LANES. */
double pal_ridge_blocks(const pal_ridge *side, const pal_ridge_row *row, int32_t block,
                        float *scratch, float *x);

/* Work space for pal_ridge_turn. */
typedef struct {
    int32_t n_factors, width;
    double *sums;   /* [RIDGE_PARTS, width, width] */
    float *tiles;   /* [RIDGE_PARTS, width, width] */
    double *gram;   /* [n_factors, n_factors] */
    double *values; /* [n_factors] eigenvalues, then what LAPACK needs */
    int32_t *integers;
    float *panels; /* the basis, packed for score_panel */
    float *turned; /* [workers, RIDGE_ROWS, width + PAL_PANEL] */
} pal_ridge_work;
/* Bytes of the work space below and of pal_ridge_scratch for each worker. */
double pal_ridge_bytes(int32_t n_factors, int32_t side, int64_t n_max, int32_t n_workers);
/* False without memory. */
bool pal_ridge_work_start(pal_ridge_work *work, int32_t n_factors, int32_t n_workers,
                          pal_arena *arena);
/* Turns factors [n, width], and `more` [n_more, width] (or NULL) alike, into the eigenbasis of
 * factorsᵀ factors; spectrum [width] = alpha0 times its eigenvalues. False when a number is not
 * finite. Same bytes for any thread count. */
bool pal_ridge_turn(pal_pool *pool, pal_ridge_work *work, float *factors, int64_t n, float *more,
                    int64_t n_more, double alpha0, float *spectrum);

#endif
