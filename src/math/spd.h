/* spd.h - kernels for many small symmetric positive definite systems: Gram matrices of gathered
 * rows, Cholesky factors, triangular solves.
 *
 * Matrices are row-major, of a width that is a multiple of PAL_SPD_LANES; only the upper triangle
 * is read, in blocks of lanes. spd_body.h has the loops, once, over vectors of PAL_SPD_LANES floats
 * that spd_reference.c, spd_avx2.c and spd_avx512.c define: every element is one chain of fused
 * multiply-adds in the order of rows, so all tables give the same bits. */
#ifndef PAL_MATH_SPD_H
#define PAL_MATH_SPD_H

#include <stdint.h>

enum { PAL_SPD_LANES = 16 };

typedef struct pal_spd {
    /* out[e * width + f] = scales[e] * factors[rows[e] * stride + f], and
     * sum[f] += gains[e] * factors[rows[e] * stride + f], e ascending in [0, n). */
    void (*gather)(const float *factors, int64_t stride, int32_t width, const int32_t *rows,
                   int32_t n, const float *scales, const float *gains, float *out, float *sum);

    /* out[f * out_width + e] = scales[e] * factors[rows[e] * width + f] * by[f]; 0 for e in
     * [n, out_width). */
    void (*gather_columns)(const float *factors, int32_t width, const int32_t *rows, int32_t n,
                           const float *scales, const float *by, float *out, int32_t out_width);

    /* out[i * width + j] += Σ_r rows[r * width + i] * rows[r * width + j] for j >= i. */
    void (*gram)(const float *rows, int32_t n_rows, int32_t width, float *out);

    /* a = Uᵀ U in place. A pivot that rounding or a singular matrix has eaten counts as a millionth
     * of the diagonal, so that results stay finite. */
    void (*factor)(float *a, int32_t width);
    /* b ← (Uᵀ U)⁻¹ b for the result of `factor`. */
    void (*solve)(const float *u, int32_t width, float *b);

    /* out[e] = Σ_f factors[rows[e] * stride + f] * x[f]; rows NULL: e itself. */
    void (*dots)(const float *factors, int64_t stride, int32_t width, const int32_t *rows,
                 int32_t n, const float *x, float *out);

    /* dots[e] = h_e·x and out[f] += (gains[e] - scales[e] * dots[e]) h_ef with h_e =
     * factors[rows[e] * width + …], e ascending; gains NULL: all 0. */
    void (*residual)(const float *factors, int32_t width, const int32_t *rows, int32_t n,
                     const float *scales, const float *gains, const float *x, float *dots,
                     float *out);
} pal_spd;

extern const pal_spd pal_spd_reference;
#if defined(__x86_64__)
extern const pal_spd pal_spd_avx2, pal_spd_avx512;
#endif

#endif
