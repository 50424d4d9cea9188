/* spd_avx512.c - the kernels of spd.h for AVX-512: a tile of 8 × 48 sums fills 24 of the 32
 * registers. */
#include <immintrin.h>

typedef __m512 lanes;

static inline lanes lanes_load(const float *from) { return _mm512_loadu_ps(from); }
static inline void lanes_store(float *to, lanes a) { _mm512_storeu_ps(to, a); }
static inline lanes lanes_all(float x) { return _mm512_set1_ps(x); }
static inline lanes lanes_mul(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
static inline lanes lanes_fma(lanes a, lanes b, lanes c) { return _mm512_fmadd_ps(a, b, c); }
static inline lanes lanes_fnma(lanes a, lanes b, lanes c) { return _mm512_fnmadd_ps(a, b, c); }

static inline float lanes_sum(lanes a) {
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a),
                                 _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* Pairs, fours, then quarters of the registers change places. */
static inline void lanes_transpose(lanes a[16]) {
    lanes b[16];
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        for (int h = 0; h < 2; h++) {
            __m512d low = _mm512_castps_pd(b[i + h]), high = _mm512_castps_pd(b[i + 2 + h]);
            a[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
            a[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
        }
    }
    /* a[4 r + c]: in quarter q, column 4 q + c of rows 4 r … 4 r + 3. */
    for (int c = 0; c < 4; c++) {
        lanes even_low = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88),
              odd_low = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd),
              even_high = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88),
              odd_high = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
        b[c] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        b[8 + c] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
        b[4 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        b[12 + c] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
    }
    for (int i = 0; i < 16; i++) a[i] = b[i];
}

enum { SPD_TILE = 8, SPD_VECTORS = 3, SPD_KEPT = 16 };
#include "math/spd_body.h"

const pal_spd pal_spd_avx512 = SPD_TABLE;
