/* loops_body.h - the loops themselves; included once by each loops_<set>.c, which defines
 * LOOPS_TABLE and LOOPS_NAME. */
#include <math.h>
#include <string.h>

#include "nn/loops.h"

#ifdef PAL_REAL_IS_DOUBLE
static inline pal_real loops_exp_one(pal_real x) { return exp(x); }
#else
/* exp(x) = 2^n exp(r) with |r| ≤ ln 2 / 2, n ln 2 taken away in two parts, exp(r) by its
 * Taylor series up to r^7: what is left out is at most 6e-9 of the value. */
static inline pal_real loops_exp_one(pal_real x) {
    const float round = 12582912.0f; /* 1.5 · 2^23: adding it leaves the nearest whole number */
    float bounded = x > 88.0f ? 88.0f : x;
    bounded = bounded < -87.0f ? -87.0f : bounded;
    float n = bounded * 1.44269504f + round;
    uint32_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= round;
    float r = bounded - n * 0.693359375f;
    r -= n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1;
    p = p * r + 1;
    uint32_t power = (bits - 0x4B400000u + 127u) << 23;
    float scale;
    memcpy(&scale, &power, sizeof scale);
    float y = p * scale;
    y = x < -87.0f ? 0 : y;
    return x > 88.0f ? x * 1e38f : y; /* inf for what overflows, and NaN stays NaN through p */
}
#endif

static inline pal_real loops_sigmoid_one(pal_real x) {
    return (pal_real)1 / ((pal_real)1 + loops_exp_one(-x));
}

static inline pal_real loops_tanh_one(pal_real x) {
    pal_real bounded = x > 20 ? 20 : x;
    bounded = bounded < -20 ? -20 : bounded;
    pal_real e = loops_exp_one(2 * bounded);
    return (e - 1) / (e + 1);
}

static void loops_add_scaled(pal_real *restrict out, const pal_real *restrict x, pal_real weight,
                             int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] += weight * x[i];
}

static void loops_multiply(const pal_real *x, const pal_real *y, pal_real *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = x[i] * y[i];
}

static pal_real loops_fold(const pal_real lanes[PAL_LOOP_LANES]) {
    pal_real half[PAL_LOOP_LANES];
    memcpy(half, lanes, sizeof half);
    for (int32_t width = PAL_LOOP_LANES / 2; width > 0; width /= 2)
        for (int32_t l = 0; l < width; l++) half[l] += half[l + width];
    return half[0];
}

static pal_real loops_dot(const pal_real *x, const pal_real *y, int64_t n) {
    pal_real lanes[PAL_LOOP_LANES] = {0};
    int64_t whole = n - n % PAL_LOOP_LANES;
    for (int64_t i = 0; i < whole; i += PAL_LOOP_LANES)
        for (int32_t l = 0; l < PAL_LOOP_LANES; l++) lanes[l] += x[i + l] * y[i + l];
    for (int64_t i = whole; i < n; i++) lanes[i - whole] += x[i] * y[i];
    return loops_fold(lanes);
}

static pal_real loops_largest(const pal_real *x, int64_t n) {
    pal_real lanes[PAL_LOOP_LANES], most = -INFINITY;
    for (int32_t l = 0; l < PAL_LOOP_LANES; l++) lanes[l] = -INFINITY;
    int64_t whole = n - n % PAL_LOOP_LANES;
    for (int64_t i = 0; i < whole; i += PAL_LOOP_LANES)
        for (int32_t l = 0; l < PAL_LOOP_LANES; l++)
            lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    for (int64_t i = whole; i < n; i++) most = x[i] > most ? x[i] : most;
    for (int32_t l = 0; l < PAL_LOOP_LANES; l++) most = lanes[l] > most ? lanes[l] : most;
    return most;
}

static pal_real loops_exp(const pal_real *x, pal_real shift, pal_real scale, pal_real *y,
                          int64_t n) {
    pal_real lanes[PAL_LOOP_LANES] = {0};
    for (int64_t i = 0; i < n; i++) y[i] = scale * loops_exp_one(x[i] + shift);
    int64_t whole = n - n % PAL_LOOP_LANES;
    for (int64_t i = 0; i < whole; i += PAL_LOOP_LANES)
        for (int32_t l = 0; l < PAL_LOOP_LANES; l++) lanes[l] += y[i + l];
    for (int64_t i = whole; i < n; i++) lanes[i - whole] += y[i];
    return loops_fold(lanes);
}

static void loops_relu(const pal_real *x, pal_real *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

static void loops_relu_backward(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

static void loops_tanh(const pal_real *x, pal_real *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = loops_tanh_one(x[i]);
}

static void loops_tanh_backward(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * (1 - y[i] * y[i]);
}

static void loops_sigmoid(const pal_real *x, pal_real *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = loops_sigmoid_one(x[i]);
}

static void loops_sigmoid_backward(const pal_real *y, const pal_real *dy, pal_real *dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) dx[i] = dy[i] * y[i] * (1 - y[i]);
}

/* gelu(x) = x/2 (1 + tanh(z)), z = √(2/π) (x + 0.044715 x³). */
#define LOOPS_GELU_ROOT ((pal_real)0.7978845608028654)
#define LOOPS_GELU_CUBE ((pal_real)0.044715)

static void loops_gelu(const pal_real *x, pal_real *y, int64_t n) {
    const pal_real half = (pal_real)0.5;
    for (int64_t i = 0; i < n; i++) {
        pal_real z = LOOPS_GELU_ROOT * (x[i] + LOOPS_GELU_CUBE * x[i] * x[i] * x[i]);
        y[i] = half * x[i] * (1 + loops_tanh_one(z));
    }
}

static void loops_gelu_backward(const pal_real *x, const pal_real *dy, pal_real *dx, int64_t n) {
    const pal_real half = (pal_real)0.5;
    for (int64_t i = 0; i < n; i++) {
        pal_real square = x[i] * x[i];
        pal_real t = loops_tanh_one(LOOPS_GELU_ROOT * (x[i] + LOOPS_GELU_CUBE * x[i] * square));
        pal_real slope = LOOPS_GELU_ROOT * (1 + 3 * LOOPS_GELU_CUBE * square);
        dx[i] = dy[i] * (half * (1 + t) + half * x[i] * (1 - t * t) * slope);
    }
}

static void loops_silu(const pal_real *x, pal_real *y, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * loops_sigmoid_one(x[i]);
}

static void loops_silu_backward(const pal_real *x, const pal_real *dy, pal_real *dx, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        pal_real s = loops_sigmoid_one(x[i]);
        dx[i] = dy[i] * (s + x[i] * s * (1 - s));
    }
}

#ifdef PAL_REAL_IS_DOUBLE
#define LOOPS_SQRT sqrt
#else
#define LOOPS_SQRT sqrtf
#endif

static void loops_adam(pal_real *restrict values, const pal_real *restrict gradient,
                       pal_real *restrict first, pal_real *restrict second, int64_t n,
                       const pal_adam_step *step) {
    const pal_adam_step s = *step;
    const pal_real fresh1 = 1 - s.beta1, fresh2 = 1 - s.beta2;
    for (int64_t i = 0; i < n; i++) {
        pal_real g = s.scale * gradient[i] + s.l2 * values[i];
        pal_real m = s.beta1 * first[i] + fresh1 * g, v = s.beta2 * second[i] + fresh2 * g * g;
        first[i] = m;
        second[i] = v;
        values[i] = s.keep * values[i] - s.rate * m / (LOOPS_SQRT(v) / s.root + s.epsilon);
    }
}

/* Philox 4x32-10 (base/rng.c), PAL_LOOP_LANES counters side by side. */
static void loops_keep_mask(uint64_t key, uint64_t counter, double rate, uint8_t *mask, int64_t n) {
    enum { LANES = PAL_LOOP_LANES, BLOCK = 8 * LANES };
    const uint32_t bound = (uint32_t)(rate * 65536 + 0.5);
    for (int64_t at = 0; at < n; at += BLOCK) {
        uint32_t c[4][LANES];
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        for (int32_t l = 0; l < LANES; l++) {
            c[0][l] = (uint32_t)(at / 8) + (uint32_t)l;
            c[1][l] = (uint32_t)((uint64_t)at >> 35);
            c[2][l] = (uint32_t)counter;
            c[3][l] = (uint32_t)(counter >> 32);
        }
        for (int32_t round = 0; round < 10; round++) {
            for (int32_t l = 0; l < LANES; l++) {
                uint64_t p0 = (uint64_t)0xD2511F53u * c[0][l], p1 = (uint64_t)0xCD9E8D57u * c[2][l];
                c[0][l] = (uint32_t)(p1 >> 32) ^ c[1][l] ^ k0;
                c[2][l] = (uint32_t)(p0 >> 32) ^ c[3][l] ^ k1;
                c[1][l] = (uint32_t)p1;
                c[3][l] = (uint32_t)p0;
            }
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        uint8_t kept[BLOCK];
        for (int32_t w = 0; w < 4; w++) {
            for (int32_t l = 0; l < LANES; l++) {
                kept[2 * w * LANES + l] = (c[w][l] & 0xFFFFu) >= bound;
                kept[(2 * w + 1) * LANES + l] = (c[w][l] >> 16) >= bound;
            }
        }
        memcpy(mask + at, kept, (size_t)(n - at < BLOCK ? n - at : BLOCK));
    }
}

const pal_loops LOOPS_TABLE = {
    .name = LOOPS_NAME,
    .add_scaled = loops_add_scaled,
    .multiply = loops_multiply,
    .dot = loops_dot,
    .largest = loops_largest,
    .exp = loops_exp,
    .relu = loops_relu,
    .relu_backward = loops_relu_backward,
    .tanh = loops_tanh,
    .tanh_backward = loops_tanh_backward,
    .sigmoid = loops_sigmoid,
    .sigmoid_backward = loops_sigmoid_backward,
    .gelu = loops_gelu,
    .gelu_backward = loops_gelu_backward,
    .silu = loops_silu,
    .silu_backward = loops_silu_backward,
    .adam = loops_adam,
    .keep_mask = loops_keep_mask,
};
