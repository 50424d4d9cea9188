/* kernels_avx2.c - AVX2 and FMA. Six queries by sixteen items of a panel fill twelve of the sixteen
 * registers. */
#include <immintrin.h>

#include "math/kernels.h"
#include "math/small.h"
#include "math/spd.h"

enum { AVX2_LANES = 8, AVX2_QUERIES = 6, AVX2_HALF = 16 };

/* Eight numbers of a panel as floats. */
static inline __attribute__((always_inline)) __m256 avx2_widen(const void *panel,
                                                               const pal_precision form,
                                                               int64_t at) {
    if (form == PAL_PRECISION_INT8) {
        __m128i codes = _mm_loadl_epi64((const void *)((const int8_t *)panel + at));
        return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
    }
    if (form == PAL_PRECISION_BF16) {
        __m128i codes = _mm_loadu_si128((const void *)((const uint16_t *)panel + at));
        return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(codes), 16));
    }
    return _mm256_loadu_ps((const float *)panel + at);
}

/* Half a panel, from item `first` on. n_queries and form are constants at every call, so that the
 * sums stay in registers. */
static inline __attribute__((always_inline)) void avx2_score_block(
    const float *queries, const int32_t n_queries, const void *panel, const pal_precision form,
    const float *scales, int32_t first, int32_t n_factors, float *scores, int64_t stride) {
    __m256 sums[AVX2_QUERIES][2];
    for (int32_t q = 0; q < n_queries; q++) sums[q][0] = sums[q][1] = _mm256_setzero_ps();
    for (int32_t f = 0; f < n_factors; f++) {
        int64_t at = (int64_t)f * PAL_PANEL + first;
        __m256 left = avx2_widen(panel, form, at);
        __m256 right = avx2_widen(panel, form, at + AVX2_LANES);
        for (int32_t q = 0; q < n_queries; q++) {
            __m256 factor = _mm256_broadcast_ss(queries + (int64_t)q * n_factors + f);
            sums[q][0] = _mm256_fmadd_ps(factor, left, sums[q][0]);
            sums[q][1] = _mm256_fmadd_ps(factor, right, sums[q][1]);
        }
    }
    for (int32_t q = 0; q < n_queries; q++) {
        float *to = scores + q * stride + first;
        if (form == PAL_PRECISION_INT8) {
            sums[q][0] = _mm256_mul_ps(sums[q][0], _mm256_loadu_ps(scales + first));
            sums[q][1] = _mm256_mul_ps(sums[q][1], _mm256_loadu_ps(scales + first + AVX2_LANES));
        }
        _mm256_storeu_ps(to, sums[q][0]);
        _mm256_storeu_ps(to + AVX2_LANES, sums[q][1]);
    }
}

static inline __attribute__((always_inline)) void avx2_score(const float *queries,
                                                             int32_t n_queries, const void *panel,
                                                             const pal_precision form,
                                                             const float *scales, int32_t n_factors,
                                                             float *scores, int64_t stride) {
    int32_t q = 0;
    for (; q + AVX2_QUERIES <= n_queries; q += AVX2_QUERIES) {
        for (int32_t first = 0; first < PAL_PANEL; first += AVX2_HALF)
            avx2_score_block(queries + (int64_t)q * n_factors, AVX2_QUERIES, panel, form, scales,
                             first, n_factors, scores + q * stride, stride);
    }
    for (; q < n_queries; q++) {
        for (int32_t first = 0; first < PAL_PANEL; first += AVX2_HALF)
            avx2_score_block(queries + (int64_t)q * n_factors, 1, panel, form, scales, first,
                             n_factors, scores + q * stride, stride);
    }
}

static void avx2_score_panel(const float *queries, int32_t n_queries, const float *panel,
                             int32_t n_factors, float *scores, int64_t stride) {
    avx2_score(queries, n_queries, panel, PAL_PRECISION_FLOAT32, NULL, n_factors, scores, stride);
}

static void avx2_score_panel_bf16(const float *queries, int32_t n_queries, const uint16_t *panel,
                                  int32_t n_factors, float *scores, int64_t stride) {
    avx2_score(queries, n_queries, panel, PAL_PRECISION_BF16, NULL, n_factors, scores, stride);
}

static void avx2_score_panel_int8(const float *queries, int32_t n_queries, const int8_t *panel,
                                  const float *scales, int32_t n_factors, float *scores,
                                  int64_t stride) {
    avx2_score(queries, n_queries, panel, PAL_PRECISION_INT8, scales, n_factors, scores, stride);
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

static int32_t avx2_reaching(const float *scores, const float *limits, int32_t n, int32_t *found) {
    int32_t n_found = 0, i = 0;
    for (; i + AVX2_LANES <= n; i += AVX2_LANES) {
        __m256 over =
            _mm256_cmp_ps(_mm256_loadu_ps(scores + i), _mm256_loadu_ps(limits + i), _CMP_GE_OQ);
        unsigned mask = (unsigned)_mm256_movemask_ps(over);
        for (; mask; mask &= mask - 1) found[n_found++] = i + __builtin_ctz(mask);
    }
    for (; i < n; i++) {
        if (scores[i] >= limits[i]) found[n_found++] = i;
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

/* Twelve sums hide the latency of two units; none of them leaves its register. */
static void avx2_spin(float *chains, float factor, float addend, int64_t n) {
    enum { VECTORS = 12, WIDTH = VECTORS * AVX2_LANES };
    __m256 times = _mm256_set1_ps(factor), plus = _mm256_set1_ps(addend);
    for (int32_t i = 0; i < PAL_CHAINS; i += WIDTH) {
        __m256 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++)
            sums[v] = _mm256_loadu_ps(chains + i + v * AVX2_LANES);
        for (int64_t step = 0; step < n; step++) {
            for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm256_fmadd_ps(sums[v], times, plus);
        }
        for (int32_t v = 0; v < VECTORS; v++)
            _mm256_storeu_ps(chains + i + v * AVX2_LANES, sums[v]);
    }
}

const pal_kernels pal_kernels_avx2 = {
    .name = "avx2",
    .score_panel = avx2_score_panel,
    .score_panel_bf16 = avx2_score_panel_bf16,
    .score_panel_int8 = avx2_score_panel_int8,
    .sum_rows = avx2_sum_rows,
    .above = avx2_above,
    .reaching = avx2_reaching,
    .pair_margin = avx2_pair_margin,
    .pair_step = avx2_pair_step,
    .weigh_rows = avx2_weigh_rows,
    .spin = avx2_spin,
    .spd = &pal_spd_avx2,
};
