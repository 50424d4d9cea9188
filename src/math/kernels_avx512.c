/* kernels_avx512.c - AVX-512. Twelve queries by a panel of 32 items fill 24 of the 32 registers. */
#include <immintrin.h>

#include "math/kernels.h"
#include "math/small.h"
#include "math/spd.h"

enum { AVX512_LANES = 16, AVX512_QUERIES = 12 };

/* Sixteen numbers of a panel as floats. */
static inline __attribute__((always_inline)) __m512 avx512_widen(const void *panel,
                                                                 const pal_precision form,
                                                                 int64_t at) {
    if (form == PAL_PRECISION_INT8) {
        __m128i codes = _mm_loadu_si128((const void *)((const int8_t *)panel + at));
        return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes));
    }
    if (form == PAL_PRECISION_BF16) {
        __m256i codes = _mm256_loadu_si256((const void *)((const uint16_t *)panel + at));
        return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(codes), 16));
    }
    return _mm512_loadu_ps((const float *)panel + at);
}

/* n_queries and form are constants at every call, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void avx512_score_block(
    const float *queries, const int32_t n_queries, const void *panel, const pal_precision form,
    const float *scales, int32_t n_factors, float *scores, int64_t stride) {
    __m512 sums[AVX512_QUERIES][2];
    for (int32_t q = 0; q < n_queries; q++) sums[q][0] = sums[q][1] = _mm512_setzero_ps();
    for (int32_t f = 0; f < n_factors; f++) {
        __m512 left = avx512_widen(panel, form, (int64_t)f * PAL_PANEL);
        __m512 right = avx512_widen(panel, form, (int64_t)f * PAL_PANEL + AVX512_LANES);
        for (int32_t q = 0; q < n_queries; q++) {
            __m512 factor = _mm512_set1_ps(queries[(int64_t)q * n_factors + f]);
            sums[q][0] = _mm512_fmadd_ps(factor, left, sums[q][0]);
            sums[q][1] = _mm512_fmadd_ps(factor, right, sums[q][1]);
        }
    }
    for (int32_t q = 0; q < n_queries; q++) {
        if (form == PAL_PRECISION_INT8) {
            sums[q][0] = _mm512_mul_ps(sums[q][0], _mm512_loadu_ps(scales));
            sums[q][1] = _mm512_mul_ps(sums[q][1], _mm512_loadu_ps(scales + AVX512_LANES));
        }
        _mm512_storeu_ps(scores + q * stride, sums[q][0]);
        _mm512_storeu_ps(scores + q * stride + AVX512_LANES, sums[q][1]);
    }
}

static inline __attribute__((always_inline)) void avx512_score(
    const float *queries, int32_t n_queries, const void *panel, const pal_precision form,
    const float *scales, int32_t n_factors, float *scores, int64_t stride) {
    int32_t q = 0;
    for (; q + AVX512_QUERIES <= n_queries; q += AVX512_QUERIES) {
        avx512_score_block(queries + (int64_t)q * n_factors, AVX512_QUERIES, panel, form, scales,
                           n_factors, scores + q * stride, stride);
    }
    for (; q + 4 <= n_queries; q += 4) {
        avx512_score_block(queries + (int64_t)q * n_factors, 4, panel, form, scales, n_factors,
                           scores + q * stride, stride);
    }
    for (; q < n_queries; q++) {
        avx512_score_block(queries + (int64_t)q * n_factors, 1, panel, form, scales, n_factors,
                           scores + q * stride, stride);
    }
}

static void avx512_score_panel(const float *queries, int32_t n_queries, const float *panel,
                               int32_t n_factors, float *scores, int64_t stride) {
    avx512_score(queries, n_queries, panel, PAL_PRECISION_FLOAT32, NULL, n_factors, scores, stride);
}

static void avx512_score_panel_bf16(const float *queries, int32_t n_queries, const uint16_t *panel,
                                    int32_t n_factors, float *scores, int64_t stride) {
    avx512_score(queries, n_queries, panel, PAL_PRECISION_BF16, NULL, n_factors, scores, stride);
}

static void avx512_score_panel_int8(const float *queries, int32_t n_queries, const int8_t *panel,
                                    const float *scales, int32_t n_factors, float *scores,
                                    int64_t stride) {
    avx512_score(queries, n_queries, panel, PAL_PRECISION_INT8, scales, n_factors, scores, stride);
}

static void avx512_sum_rows(const float *matrix, int64_t stride, const int32_t *rows,
                            int32_t n_rows, float *out, int32_t n) {
    enum { VECTORS = 8, WIDTH = VECTORS * AVX512_LANES };
    int32_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        __m512 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm512_setzero_ps();
        for (int32_t r = 0; r < n_rows; r++) {
            const float *row = matrix + rows[r] * stride + i;
            for (int32_t v = 0; v < VECTORS; v++) {
                sums[v] = _mm512_add_ps(sums[v], _mm512_loadu_ps(row + v * AVX512_LANES));
            }
        }
        for (int32_t v = 0; v < VECTORS; v++) _mm512_storeu_ps(out + i + v * AVX512_LANES, sums[v]);
    }
    if (i < n) pal_kernels_reference.sum_rows(matrix + i, stride, rows, n_rows, out + i, n - i);
}

static int32_t avx512_above(const float *scores, int32_t n, float threshold, int32_t *found) {
    __m512 limit = _mm512_set1_ps(threshold);
    int32_t n_found = 0, i = 0;
    for (; i + AVX512_LANES <= n; i += AVX512_LANES) {
        __mmask16 over = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + i), limit, _CMP_GT_OQ);
        unsigned mask = over;
        /* Most blocks have nothing: the branch is predicted. */
        for (; mask; mask &= mask - 1) found[n_found++] = i + __builtin_ctz(mask);
    }
    for (; i < n; i++) {
        if (scores[i] > threshold) found[n_found++] = i;
    }
    return n_found;
}

static int32_t avx512_reaching(const float *scores, const float *limits, int32_t n,
                               int32_t *found) {
    int32_t n_found = 0, i = 0;
    for (; i + AVX512_LANES <= n; i += AVX512_LANES) {
        unsigned mask = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + i), _mm512_loadu_ps(limits + i),
                                           _CMP_GE_OQ);
        for (; mask; mask &= mask - 1) found[n_found++] = i + __builtin_ctz(mask);
    }
    for (; i < n; i++) {
        if (scores[i] >= limits[i]) found[n_found++] = i;
    }
    return n_found;
}

static float avx512_pair_margin(const float *user, const float *a, const float *b, int32_t n) {
    __m512 sums = _mm512_setzero_ps();
    for (int32_t f = 0; f < n; f += AVX512_LANES) {
        __m512 apart = _mm512_sub_ps(_mm512_loadu_ps(a + f), _mm512_loadu_ps(b + f));
        sums = _mm512_fmadd_ps(_mm512_loadu_ps(user + f), apart, sums);
    }
    __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sums), 1));
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums), high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static void avx512_pair_step(float *user, float *a, float *b, int32_t n,
                             const pal_pair_step *step) {
    __m512 pull = _mm512_set1_ps(step->pull), keep_user = _mm512_set1_ps(step->keep_user),
           keep_a = _mm512_set1_ps(step->keep_a), keep_b = _mm512_set1_ps(step->keep_b);
    for (int32_t f = 0; f < n; f += AVX512_LANES) {
        __m512 u = _mm512_loadu_ps(user + f), x = _mm512_loadu_ps(a + f),
               y = _mm512_loadu_ps(b + f);
        _mm512_storeu_ps(user + f,
                         _mm512_fmadd_ps(pull, _mm512_sub_ps(x, y), _mm512_mul_ps(keep_user, u)));
        _mm512_storeu_ps(a + f, _mm512_fmadd_ps(pull, u, _mm512_mul_ps(keep_a, x)));
        _mm512_storeu_ps(b + f, _mm512_fnmadd_ps(pull, u, _mm512_mul_ps(keep_b, y)));
    }
}

static void avx512_weigh_rows(const float *matrix, int64_t stride, const int32_t *rows,
                              const float *weights, int64_t n_rows, float *out, int32_t n) {
    enum { VECTORS = 4, WIDTH = VECTORS * AVX512_LANES };
    int32_t i = 0;
    for (; i + WIDTH <= n; i += WIDTH) {
        __m512 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm512_setzero_ps();
        for (int64_t r = 0; r < n_rows; r++) {
            const float *row = matrix + rows[r] * stride + i;
            __m512 weight = _mm512_set1_ps(weights[r]);
            for (int32_t v = 0; v < VECTORS; v++)
                sums[v] = _mm512_fmadd_ps(weight, _mm512_loadu_ps(row + v * AVX512_LANES), sums[v]);
        }
        for (int32_t v = 0; v < VECTORS; v++) _mm512_storeu_ps(out + i + v * AVX512_LANES, sums[v]);
    }
    for (; i < n; i += AVX512_LANES) {
        __mmask16 mask = (__mmask16)(n - i < AVX512_LANES ? (1u << (n - i)) - 1 : 0xffffu);
        __m512 sum = _mm512_setzero_ps();
        for (int64_t r = 0; r < n_rows; r++)
            sum = _mm512_fmadd_ps(_mm512_set1_ps(weights[r]),
                                  _mm512_maskz_loadu_ps(mask, matrix + rows[r] * stride + i), sum);
        _mm512_mask_storeu_ps(out + i, mask, sum);
    }
}

/* Twelve sums hide the latency of two units; none of them leaves its register. */
static void avx512_spin(float *chains, float factor, float addend, int64_t n) {
    enum { VECTORS = 12, WIDTH = VECTORS * AVX512_LANES };
    __m512 times = _mm512_set1_ps(factor), plus = _mm512_set1_ps(addend);
    for (int32_t i = 0; i < PAL_CHAINS; i += WIDTH) {
        __m512 sums[VECTORS];
        for (int32_t v = 0; v < VECTORS; v++)
            sums[v] = _mm512_loadu_ps(chains + i + v * AVX512_LANES);
        for (int64_t step = 0; step < n; step++) {
            for (int32_t v = 0; v < VECTORS; v++) sums[v] = _mm512_fmadd_ps(sums[v], times, plus);
        }
        for (int32_t v = 0; v < VECTORS; v++)
            _mm512_storeu_ps(chains + i + v * AVX512_LANES, sums[v]);
    }
}

const pal_kernels pal_kernels_avx512 = {
    .name = "avx512",
    .score_panel = avx512_score_panel,
    .score_panel_bf16 = avx512_score_panel_bf16,
    .score_panel_int8 = avx512_score_panel_int8,
    .sum_rows = avx512_sum_rows,
    .above = avx512_above,
    .reaching = avx512_reaching,
    .pair_margin = avx512_pair_margin,
    .pair_step = avx512_pair_step,
    .weigh_rows = avx512_weigh_rows,
    .spin = avx512_spin,
    .spd = &pal_spd_avx512,
};
