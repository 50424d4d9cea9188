/* spd_body.h - the loops of spd.h over vectors of 16 floats. Included once by each instruction
 * set's file, which first defines
 *
 *   lanes                     16 floats
 *   lanes_load, lanes_store, lanes_all, lanes_mul
 *   lanes_fma(a, b, c)        a b + c, one rounding
 *   lanes_fnma(a, b, c)       c - a b, one rounding
 *   lanes_sum(a)              ((halves), halves of those, …): the upper half is added to the lower
 *   lanes_transpose(a[16])    a 16 × 16 transpose
 *   SPD_TILE, SPD_VECTORS     rows and vectors of a tile of sums that registers hold; the tile
 *                             divides 16
 *   SPD_KEPT                  vectors of gathered rows that registers hold beside twelve others; 0:
 *                             too few to be worth it */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "math/spd.h"

#define SPD_INLINE static inline __attribute__((always_inline))
enum { SPD_GROUP = 4 }; /* gathered rows that share a pass; the next ones are fetched meanwhile */

SPD_INLINE void spd_prefetch(const float *row, int32_t width) {
    for (int32_t f = 0; f < width; f += PAL_SPD_LANES) __builtin_prefetch(row + f);
}

static void spd_gather(const float *factors, int64_t stride, int32_t width, const int32_t *rows,
                       int32_t n, const float *scales, const float *gains, float *out, float *sum) {
    for (int32_t first = 0; first < n; first += SPD_GROUP) {
        int32_t last = n - first < SPD_GROUP ? n : first + SPD_GROUP;
        for (int32_t e = last; e < last + SPD_GROUP && e < n; e++)
            spd_prefetch(factors + rows[e] * stride, width);
        for (int32_t f = 0; f < width; f += PAL_SPD_LANES) {
            lanes total = lanes_load(sum + f);
            for (int32_t e = first; e < last; e++) {
                lanes row = lanes_load(factors + rows[e] * stride + f);
                lanes_store(out + (int64_t)e * width + f, lanes_mul(lanes_all(scales[e]), row));
                total = lanes_fma(lanes_all(gains[e]), row, total);
            }
            lanes_store(sum + f, total);
        }
    }
}

static void spd_gather_columns(const float *factors, int32_t width, const int32_t *rows, int32_t n,
                               const float *scales, const float *by, float *out,
                               int32_t out_width) {
    for (int32_t first = 0; first < out_width; first += PAL_SPD_LANES) {
        int32_t count = n - first < PAL_SPD_LANES ? n - first : PAL_SPD_LANES;
        for (int32_t e = first + PAL_SPD_LANES; e < first + 2 * PAL_SPD_LANES && e < n; e++)
            spd_prefetch(factors + (int64_t)rows[e] * width, width);
        for (int32_t f = 0; f < width; f += PAL_SPD_LANES) {
            lanes block[PAL_SPD_LANES];
            lanes column = lanes_load(by + f);
            for (int32_t e = 0; e < PAL_SPD_LANES; e++) {
                block[e] = lanes_all(0);
                if (e >= count) continue;
                const float *row = factors + (int64_t)rows[first + e] * width + f;
                block[e] =
                    lanes_mul(lanes_mul(lanes_all(scales[first + e]), lanes_load(row)), column);
            }
            lanes_transpose(block);
            for (int32_t g = 0; g < PAL_SPD_LANES; g++)
                lanes_store(out + (int64_t)(f + g) * out_width + first, block[g]);
        }
    }
}

/* out[first + t, column …] ±= Σ_r rows[r, first + t] rows[r, column …]. All counts but n_rows are
 * constants at every call, so that the sums stay in registers. */
SPD_INLINE void spd_tile(const float *rows, int32_t n_rows, int32_t width, int32_t first,
                         int32_t column, const int32_t n_vectors, const bool subtract, float *out) {
    lanes sums[SPD_TILE][SPD_VECTORS];
    for (int32_t t = 0; t < SPD_TILE; t++) {
        for (int32_t v = 0; v < n_vectors; v++)
            sums[t][v] =
                lanes_load(out + (int64_t)(first + t) * width + column + v * PAL_SPD_LANES);
    }
    for (int32_t r = 0; r < n_rows; r++) {
        const float *row = rows + (int64_t)r * width;
        lanes right[SPD_VECTORS];
        for (int32_t v = 0; v < n_vectors; v++)
            right[v] = lanes_load(row + column + v * PAL_SPD_LANES);
        for (int32_t t = 0; t < SPD_TILE; t++) {
            lanes left = lanes_all(row[first + t]);
            for (int32_t v = 0; v < n_vectors; v++)
                sums[t][v] = subtract ? lanes_fnma(left, right[v], sums[t][v])
                                      : lanes_fma(left, right[v], sums[t][v]);
        }
    }
    for (int32_t t = 0; t < SPD_TILE; t++) {
        for (int32_t v = 0; v < n_vectors; v++)
            lanes_store(out + (int64_t)(first + t) * width + column + v * PAL_SPD_LANES,
                        sums[t][v]);
    }
}

/* SPD_TILE rows of the upper triangle, from the block of lanes that holds the diagonal on. */
SPD_INLINE void spd_band(const float *rows, int32_t n_rows, int32_t width, int32_t first,
                         const bool subtract, float *out) {
    int32_t column = first / PAL_SPD_LANES * PAL_SPD_LANES;
    int32_t left = (width - column) / PAL_SPD_LANES;
    while (SPD_VECTORS >= 3 && (left == 3 || left >= 5)) {
        spd_tile(rows, n_rows, width, first, column, SPD_VECTORS >= 3 ? 3 : 1, subtract, out);
        column += 3 * PAL_SPD_LANES;
        left -= 3;
    }
    while (SPD_VECTORS >= 2 && left >= 2) {
        spd_tile(rows, n_rows, width, first, column, SPD_VECTORS >= 2 ? 2 : 1, subtract, out);
        column += 2 * PAL_SPD_LANES;
        left -= 2;
    }
    for (; left > 0; left--, column += PAL_SPD_LANES)
        spd_tile(rows, n_rows, width, first, column, 1, subtract, out);
}

static void spd_gram(const float *rows, int32_t n_rows, int32_t width, float *out) {
    for (int32_t first = 0; first < width; first += SPD_TILE)
        spd_band(rows, n_rows, width, first, false, out);
}

/* The rows above the tile are taken off by spd_band; this finishes the tile's own rows, and leaves
 * zeros left of the diagonal in its block of lanes. */
SPD_INLINE void spd_factor_tile(float *a, int32_t width, int32_t first, const float *diagonal) {
    int32_t start = first / PAL_SPD_LANES * PAL_SPD_LANES;
    for (int32_t i = first; i < first + SPD_TILE; i++) {
        float *row = a + (int64_t)i * width, pivot = row[i];
        float least = diagonal[i - first] * 1e-6f + FLT_MIN;
        if (!(pivot > least)) pivot = least;
        row[i] = pivot;
        lanes scale = lanes_all(1 / sqrtf(pivot));
        for (int32_t j = start; j < i; j++) row[j] = 0;
        for (int32_t j = start; j < width; j += PAL_SPD_LANES)
            lanes_store(row + j, lanes_mul(scale, lanes_load(row + j)));
        for (int32_t below = i + 1; below < first + SPD_TILE; below++) {
            lanes by = lanes_all(row[below]);
            float *to = a + (int64_t)below * width;
            for (int32_t j = start; j < width; j += PAL_SPD_LANES)
                lanes_store(to + j, lanes_fnma(by, lanes_load(row + j), lanes_load(to + j)));
        }
    }
}

static void spd_factor(float *a, int32_t width) {
    for (int32_t first = 0; first < width; first += SPD_TILE) {
        float diagonal[SPD_TILE];
        for (int32_t t = 0; t < SPD_TILE; t++)
            diagonal[t] = a[(int64_t)(first + t) * width + first + t];
        spd_band(a, first, width, first, true, a);
        spd_factor_tile(a, width, first, diagonal);
    }
}

static void spd_solve(const float *u, int32_t width, float *b) {
    for (int32_t i = 0; i < width; i++) {
        const float *row = u + (int64_t)i * width;
        float y = b[i] / row[i];
        lanes by = lanes_all(y);
        for (int32_t j = i / PAL_SPD_LANES * PAL_SPD_LANES; j < width; j += PAL_SPD_LANES)
            lanes_store(b + j, lanes_fnma(by, lanes_load(row + j), lanes_load(b + j)));
        b[i] = y;
    }
    for (int32_t i = width - 1; i >= 0; i--) {
        const float *row = u + (int64_t)i * width;
        float y = b[i];
        b[i] = 0;
        lanes sum = lanes_all(0);
        for (int32_t j = i / PAL_SPD_LANES * PAL_SPD_LANES; j < width; j += PAL_SPD_LANES)
            sum = lanes_fma(lanes_load(row + j), lanes_load(b + j), sum);
        b[i] = (y - lanes_sum(sum)) / row[i];
    }
}

SPD_INLINE float spd_dot(const float *a, const float *b, int32_t width) {
    lanes sum = lanes_all(0);
    for (int32_t f = 0; f < width; f += PAL_SPD_LANES)
        sum = lanes_fma(lanes_load(a + f), lanes_load(b + f), sum);
    return lanes_sum(sum);
}

static void spd_dots(const float *factors, int64_t stride, int32_t width, const int32_t *rows,
                     int32_t n, const float *x, float *out) {
    for (int32_t e = 0; e < n; e++)
        out[e] = spd_dot(factors + (rows ? rows[e] : e) * stride, x, width);
}

/* SPD_GROUP events at once: x and out are read once for all of them. */
SPD_INLINE void spd_residual_group(const float *const rows[SPD_GROUP], int32_t width,
                                   const float *scales, const float *gains, const float *x,
                                   float *dots, float *out) {
    lanes sums[SPD_GROUP], by[SPD_GROUP];
    for (int32_t e = 0; e < SPD_GROUP; e++) sums[e] = lanes_all(0);
    for (int32_t f = 0; f < width; f += PAL_SPD_LANES) {
        lanes at = lanes_load(x + f);
        for (int32_t e = 0; e < SPD_GROUP; e++)
            sums[e] = lanes_fma(lanes_load(rows[e] + f), at, sums[e]);
    }
    for (int32_t e = 0; e < SPD_GROUP; e++) {
        dots[e] = lanes_sum(sums[e]);
        by[e] = lanes_all((gains ? gains[e] : 0) - scales[e] * dots[e]);
    }
    for (int32_t f = 0; f < width; f += PAL_SPD_LANES) {
        lanes sum = lanes_load(out + f);
        for (int32_t e = 0; e < SPD_GROUP; e++)
            sum = lanes_fma(by[e], lanes_load(rows[e] + f), sum);
        lanes_store(out + f, sum);
    }
}

/* The same with a width that is a constant at every call: `group` rows stay in registers from the
 * product to the sum, so that each is read once. */
SPD_INLINE int32_t spd_residual_kept(const float *factors, const int32_t width, const int32_t group,
                                     const int32_t *rows, int32_t n, bool is_far,
                                     const float *scales, const float *gains, const float *x,
                                     float *dots, float *out) {
    enum { KEPT = SPD_KEPT ? SPD_KEPT : 1, AHEAD = 12 };
    const int32_t n_vectors = width / PAL_SPD_LANES;
    lanes total[KEPT];
    for (int32_t v = 0; v < n_vectors; v++) total[v] = lanes_load(out + v * PAL_SPD_LANES);
    int32_t e = 0;
    for (; e + group <= n; e += group) {
        lanes kept[KEPT];
        for (int32_t g = 0; g < group; g++) {
            const float *row = factors + (int64_t)rows[e + g] * width;
            lanes sum = lanes_all(0);
            if (is_far && e + AHEAD + g < n)
                spd_prefetch(factors + (int64_t)rows[e + AHEAD + g] * width, width);
            for (int32_t v = 0; v < n_vectors; v++) {
                kept[g * n_vectors + v] = lanes_load(row + v * PAL_SPD_LANES);
                sum = lanes_fma(kept[g * n_vectors + v], lanes_load(x + v * PAL_SPD_LANES), sum);
            }
            dots[e + g] = lanes_sum(sum);
        }
        for (int32_t g = 0; g < group; g++) {
            lanes by = lanes_all((gains ? gains[e + g] : 0) - scales[e + g] * dots[e + g]);
            for (int32_t v = 0; v < n_vectors; v++)
                total[v] = lanes_fma(by, kept[g * n_vectors + v], total[v]);
        }
    }
    for (int32_t v = 0; v < n_vectors; v++) lanes_store(out + v * PAL_SPD_LANES, total[v]);
    return e;
}

/* Rows are fetched ahead unless they were read a moment ago (no gains) and fit a cache. */
static void spd_residual(const float *factors, int32_t width, const int32_t *rows, int32_t n,
                         const float *scales, const float *gains, const float *x, float *dots,
                         float *out) {
    enum { NEAR = 1 << 17 };
    bool is_far = gains || (int64_t)n * width > NEAR;
    int32_t e = 0;
    if (SPD_KEPT >= 16 && width == 64)
        e = spd_residual_kept(factors, 64, 4, rows, n, is_far, scales, gains, x, dots, out);
    if (SPD_KEPT >= 16 && width == 128)
        e = spd_residual_kept(factors, 128, 2, rows, n, is_far, scales, gains, x, dots, out);
    for (; e + SPD_GROUP <= n; e += SPD_GROUP) {
        const float *group[SPD_GROUP];
        for (int32_t g = 0; g < SPD_GROUP; g++) {
            group[g] = factors + (int64_t)rows[e + g] * width;
            if (is_far && e + SPD_GROUP + g < n)
                spd_prefetch(factors + (int64_t)rows[e + SPD_GROUP + g] * width, width);
        }
        spd_residual_group(group, width, scales + e, gains ? gains + e : NULL, x, dots + e, out);
    }
    for (; e < n; e++) {
        const float *row = factors + (int64_t)rows[e] * width;
        dots[e] = spd_dot(row, x, width);
        lanes by = lanes_all((gains ? gains[e] : 0) - scales[e] * dots[e]);
        for (int32_t f = 0; f < width; f += PAL_SPD_LANES)
            lanes_store(out + f, lanes_fma(by, lanes_load(row + f), lanes_load(out + f)));
    }
}

#define SPD_TABLE                                                                                  \
    {                                                                                              \
        .gather = spd_gather, .gather_columns = spd_gather_columns, .gram = spd_gram,              \
        .factor = spd_factor, .solve = spd_solve, .dots = spd_dots, .residual = spd_residual       \
    }
