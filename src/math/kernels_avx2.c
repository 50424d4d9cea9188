/* kernels_avx2.c - AVX2 and FMA. Six queries by sixteen items of a panel fill twelve of the sixteen
 * registers. */
#include <immintrin.h>

#include "math/kernels.h"
#include "math/spd.h"

enum { AVX2_LANES = 8, AVX2_QUERIES = 6, AVX2_HALF = 16 };

/* n_queries is a constant at every call, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void avx2_score_block(const float *queries,
                                                                   const int32_t n_queries,
                                                                   const float *panel,
                                                                   int32_t n_factors, float *scores,
                                                                   int64_t stride) {
    __m256 sums[AVX2_QUERIES][2];
    for (int32_t q = 0; q < n_queries; q++) sums[q][0] = sums[q][1] = _mm256_setzero_ps();
    for (int32_t f = 0; f < n_factors; f++) {
        __m256 left = _mm256_loadu_ps(panel + (int64_t)f * PAL_PANEL);
        __m256 right = _mm256_loadu_ps(panel + (int64_t)f * PAL_PANEL + AVX2_LANES);
        for (int32_t q = 0; q < n_queries; q++) {
            __m256 factor = _mm256_broadcast_ss(queries + (int64_t)q * n_factors + f);
            sums[q][0] = _mm256_fmadd_ps(factor, left, sums[q][0]);
            sums[q][1] = _mm256_fmadd_ps(factor, right, sums[q][1]);
        }
    }
    for (int32_t q = 0; q < n_queries; q++) {
        _mm256_storeu_ps(scores + q * stride, sums[q][0]);
        _mm256_storeu_ps(scores + q * stride + AVX2_LANES, sums[q][1]);
    }
}

static void avx2_score_panel(const float *queries, int32_t n_queries, const float *panel,
                             int32_t n_factors, float *scores, int64_t stride) {
    int32_t q = 0;
    for (; q + AVX2_QUERIES <= n_queries; q += AVX2_QUERIES) {
        const float *block = queries + (int64_t)q * n_factors;
        avx2_score_block(block, AVX2_QUERIES, panel, n_factors, scores + q * stride, stride);
        avx2_score_block(block, AVX2_QUERIES, panel + AVX2_HALF, n_factors,
                         scores + q * stride + AVX2_HALF, stride);
    }
    for (; q < n_queries; q++) {
        const float *block = queries + (int64_t)q * n_factors;
        avx2_score_block(block, 1, panel, n_factors, scores + q * stride, stride);
        avx2_score_block(block, 1, panel + AVX2_HALF, n_factors, scores + q * stride + AVX2_HALF,
                         stride);
    }
}

static void avx2_sum_rows(const float *matrix, int64_t stride, const int32_t *rows, int32_t n_rows,
                          float *out, int32_t n) {
    enum { VECTORS = 8, WIDTH = VECTORS * AVX2_LANES };
    int32_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        __m256 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm256_setzero_ps();
        for (int32_t r = 0; r < n_rows; r++) {
            const float *row = matrix + rows[r] * stride + i;
            for (int32_t v = 0; v < VECTORS; v++) {
                sums[v] = _mm256_add_ps(sums[v], _mm256_loadu_ps(row + v * AVX2_LANES));
            }
        }
        for (int32_t v = 0; v < VECTORS; v++) _mm256_storeu_ps(out + i + v * AVX2_LANES, sums[v]);
    }
    if (i < n) pal_kernels_reference.sum_rows(matrix + i, stride, rows, n_rows, out + i, n - i);
}

static int32_t avx2_above(const float *scores, int32_t n, float threshold, int32_t *found) {
    __m256 limit = _mm256_set1_ps(threshold);
    int32_t n_found = 0, i = 0;
    for (; i + AVX2_LANES <= n; i += AVX2_LANES) {
        __m256 over = _mm256_cmp_ps(_mm256_loadu_ps(scores + i), limit, _CMP_GT_OQ);
        unsigned mask = (unsigned)_mm256_movemask_ps(over);
        for (; mask; mask &= mask - 1) found[n_found++] = i + __builtin_ctz(mask);
    }
    for (; i < n; i++) {
        if (scores[i] > threshold) found[n_found++] = i;
    }
    return n_found;
}

static float avx2_pair_margin(const float *user, const float *a, const float *b, int32_t n) {
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    for (int32_t f = 0; f < n; f += PAL_LANES) {
        __m256 left = _mm256_sub_ps(_mm256_loadu_ps(a + f), _mm256_loadu_ps(b + f)),
               right = _mm256_sub_ps(_mm256_loadu_ps(a + f + AVX2_LANES),
                                     _mm256_loadu_ps(b + f + AVX2_LANES));
        low = _mm256_fmadd_ps(_mm256_loadu_ps(user + f), left, low);
        high = _mm256_fmadd_ps(_mm256_loadu_ps(user + f + AVX2_LANES), right, high);
    }
    __m256 eight = _mm256_add_ps(low, high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static void avx2_pair_step(float *user, float *a, float *b, int32_t n, const pal_pair_step *step) {
    __m256 pull = _mm256_set1_ps(step->pull), keep_user = _mm256_set1_ps(step->keep_user),
           keep_a = _mm256_set1_ps(step->keep_a), keep_b = _mm256_set1_ps(step->keep_b);
    for (int32_t f = 0; f < n; f += AVX2_LANES) {
        __m256 u = _mm256_loadu_ps(user + f), x = _mm256_loadu_ps(a + f),
               y = _mm256_loadu_ps(b + f);
        _mm256_storeu_ps(user + f,
                         _mm256_fmadd_ps(pull, _mm256_sub_ps(x, y), _mm256_mul_ps(keep_user, u)));
        _mm256_storeu_ps(a + f, _mm256_fmadd_ps(pull, u, _mm256_mul_ps(keep_a, x)));
        _mm256_storeu_ps(b + f, _mm256_fnmadd_ps(pull, u, _mm256_mul_ps(keep_b, y)));
    }
}

static void avx2_weigh_rows(const float *matrix, int64_t stride, const int32_t *rows,
                            const float *weights, int64_t n_rows, float *out, int32_t n) {
    enum { VECTORS = 8, WIDTH = VECTORS * AVX2_LANES };
    int32_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        __m256 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm256_setzero_ps();
        for (int64_t r = 0; r < n_rows; r++) {
            const float *row = matrix + rows[r] * stride + i;
            __m256 weight = _mm256_broadcast_ss(weights + r);
            for (int32_t v = 0; v < VECTORS; v++)
                sums[v] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(row + v * AVX2_LANES), sums[v]);
        }
        for (int32_t v = 0; v < VECTORS; v++) _mm256_storeu_ps(out + i + v * AVX2_LANES, sums[v]);
    }
    for (; i + AVX2_LANES <= n; i += AVX2_LANES) {
        __m256 sum = _mm256_setzero_ps();
        for (int64_t r = 0; r < n_rows; r++)
            sum = _mm256_fmadd_ps(_mm256_broadcast_ss(weights + r),
                                  _mm256_loadu_ps(matrix + rows[r] * stride + i), sum);
        _mm256_storeu_ps(out + i, sum);
    }
    if (i < n)
        pal_kernels_reference.weigh_rows(matrix + i, stride, rows, weights, n_rows, out + i, n - i);
}

const pal_kernels pal_kernels_avx2 = {
    .name = "avx2",
    .score_panel = avx2_score_panel,
    .sum_rows = avx2_sum_rows,
    .above = avx2_above,
    .pair_margin = avx2_pair_margin,
    .pair_step = avx2_pair_step,
    .weigh_rows = avx2_weigh_rows,
    .spd = &pal_spd_avx2,
};
