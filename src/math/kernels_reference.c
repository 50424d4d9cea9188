/* kernels_reference.c - what each kernel computes, in portable C. */
#include <math.h>

#include "math/kernels.h"
#include "math/small.h"
#include "math/spd.h"

static void reference_score_panel(const float *queries, int32_t n_queries, const float *panel,
                                  int32_t n_factors, float *scores, int64_t stride) {
    for (int32_t q = 0; q < n_queries; q++) {
        const float *query = queries + (int64_t)q * n_factors;
        for (int32_t i = 0; i < PAL_PANEL; i++) {
            float score = 0;
            for (int32_t f = 0; f < n_factors; f++) {
                score = fmaf(query[f], panel[(int64_t)f * PAL_PANEL + i], score);
            }
            scores[q * stride + i] = score;
        }
    }
}

static void reference_score_panel_bf16(const float *queries, int32_t n_queries,
                                       const uint16_t *panel, int32_t n_factors, float *scores,
                                       int64_t stride) {
    for (int32_t q = 0; q < n_queries; q++) {
        const float *query = queries + (int64_t)q * n_factors;
        for (int32_t i = 0; i < PAL_PANEL; i++) {
            float score = 0;
            for (int32_t f = 0; f < n_factors; f++)
                score = fmaf(query[f], pal_bf16_read(panel[(int64_t)f * PAL_PANEL + i]), score);
            scores[q * stride + i] = score;
        }
    }
}

static void reference_score_panel_int8(const float *queries, int32_t n_queries, const int8_t *panel,
                                       const float *scales, int32_t n_factors, float *scores,
                                       int64_t stride) {
    for (int32_t q = 0; q < n_queries; q++) {
        const float *query = queries + (int64_t)q * n_factors;
        for (int32_t i = 0; i < PAL_PANEL; i++) {
            float score = 0;
            for (int32_t f = 0; f < n_factors; f++)
                score = fmaf(query[f], (float)panel[(int64_t)f * PAL_PANEL + i], score);
            scores[q * stride + i] = score * scales[i];
        }
    }
}

static void reference_sum_rows(const float *matrix, int64_t stride, const int32_t *rows,
                               int32_t n_rows, float *out, int32_t n) {
    for (int32_t i = 0; i < n; i++) out[i] = 0;
    for (int32_t r = 0; r < n_rows; r++) {
        const float *row = matrix + rows[r] * stride;
        for (int32_t i = 0; i < n; i++) out[i] += row[i];
    }
}

static int32_t reference_above(const float *scores, int32_t n, float threshold, int32_t *found) {
    int32_t n_found = 0;
    for (int32_t i = 0; i < n; i++) {
        if (scores[i] > threshold) found[n_found++] = i;
    }
    return n_found;
}

static int32_t reference_reaching(const float *scores, const float *limits, int32_t n,
                                  int32_t *found) {
    int32_t n_found = 0;
    for (int32_t i = 0; i < n; i++) {
        if (scores[i] >= limits[i]) found[n_found++] = i;
    }
    return n_found;
}

static float reference_pair_margin(const float *user, const float *a, const float *b, int32_t n) {
    float sums[PAL_LANES] = {0};
    for (int32_t f = 0; f < n; f += PAL_LANES) {
        for (int32_t l = 0; l < PAL_LANES; l++)
            sums[l] = fmaf(user[f + l], a[f + l] - b[f + l], sums[l]);
    }
    for (int32_t half = PAL_LANES / 2; half > 0; half /= 2) {
        for (int32_t l = 0; l < half; l++) sums[l] += sums[l + half];
    }
    return sums[0];
}

static void reference_pair_step(float *user, float *a, float *b, int32_t n,
                                const pal_pair_step *step) {
    for (int32_t f = 0; f < n; f++) {
        float u = user[f], x = a[f], y = b[f];
        user[f] = fmaf(step->pull, x - y, step->keep_user * u);
        a[f] = fmaf(step->pull, u, step->keep_a * x);
        b[f] = fmaf(-step->pull, u, step->keep_b * y);
    }
}

static void reference_weigh_rows(const float *matrix, int64_t stride, const int32_t *rows,
                                 const float *weights, int64_t n_rows, float *out, int32_t n) {
    for (int32_t i = 0; i < n; i++) out[i] = 0;
    for (int64_t r = 0; r < n_rows; r++) {
        const float *row = matrix + rows[r] * stride;
        for (int32_t i = 0; i < n; i++) out[i] = fmaf(weights[r], row[i], out[i]);
    }
}

static void reference_spin(float *chains, float factor, float addend, int64_t n) {
    for (int64_t step = 0; step < n; step++) {
        for (int32_t i = 0; i < PAL_CHAINS; i++) chains[i] = fmaf(chains[i], factor, addend);
    }
}

const pal_kernels pal_kernels_reference = {
    .name = "reference",
    .score_panel = reference_score_panel,
    .score_panel_bf16 = reference_score_panel_bf16,
    .score_panel_int8 = reference_score_panel_int8,
    .sum_rows = reference_sum_rows,
    .above = reference_above,
    .reaching = reference_reaching,
    .pair_margin = reference_pair_margin,
    .pair_step = reference_pair_step,
    .weigh_rows = reference_weigh_rows,
    .spin = reference_spin,
    .spd = &pal_spd_reference,
};
