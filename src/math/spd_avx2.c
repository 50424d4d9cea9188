/* spd_avx2.c - the kernels of spd.h for AVX2 and FMA: sixteen lanes are two registers, a tile of
 * 4 × 16 sums fills eight of the sixteen. */
#include <immintrin.h>

typedef struct {
    __m256 low, high;
} lanes;

static inline lanes lanes_load(const float *from) {
    return (lanes){_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
}
static inline void lanes_store(float *to, lanes a) {
    _mm256_storeu_ps(to, a.low);
    _mm256_storeu_ps(to + 8, a.high);
}
static inline lanes lanes_all(float x) {
    __m256 all = _mm256_set1_ps(x);
    return (lanes){all, all};
}
static inline lanes lanes_mul(lanes a, lanes b) {
    return (lanes){_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
static inline lanes lanes_fma(lanes a, lanes b, lanes c) {
    return (lanes){_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static inline lanes lanes_fnma(lanes a, lanes b, lanes c) {
    return (lanes){_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}

static inline float lanes_sum(lanes a) {
    __m256 eight = _mm256_add_ps(a.low, a.high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* An 8 × 8 transpose: pairs, fours, then halves of the registers change places. */
static inline void avx2_transpose(__m256 a[8]) {
    __m256 b[8];
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        for (int h = 0; h < 2; h++) {
            __m256d low = _mm256_castps_pd(b[i + h]), high = _mm256_castps_pd(b[i + 2 + h]);
            a[i + 2 * h] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, high));
            a[i + 2 * h + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, high));
        }
    }
    for (int c = 0; c < 4; c++) {
        b[c] = _mm256_permute2f128_ps(a[c], a[4 + c], 0x20);
        b[4 + c] = _mm256_permute2f128_ps(a[c], a[4 + c], 0x31);
    }
    for (int i = 0; i < 8; i++) a[i] = b[i];
}

static inline void lanes_transpose(lanes a[16]) {
    __m256 quarters[4][8]; /* top left, top right, bottom left, bottom right */
    for (int i = 0; i < 8; i++) {
        quarters[0][i] = a[i].low;
        quarters[1][i] = a[i].high;
        quarters[2][i] = a[8 + i].low;
        quarters[3][i] = a[8 + i].high;
    }
    for (int q = 0; q < 4; q++) avx2_transpose(quarters[q]);
    for (int i = 0; i < 8; i++) {
        a[i] = (lanes){quarters[0][i], quarters[2][i]};
        a[8 + i] = (lanes){quarters[1][i], quarters[3][i]};
    }
}

enum { SPD_TILE = 4, SPD_VECTORS = 1, SPD_KEPT = 0 };
#include "math/spd_body.h"

const pal_spd pal_spd_avx2 = SPD_TABLE;
