/* kernels_reference.c - what each kernel computes, in portable C. */
#include <math.h>

#include "math/kernels.h"

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

const pal_kernels pal_kernels_reference = {
    .name = "reference",
    .score_panel = reference_score_panel,
    .sum_rows = reference_sum_rows,
    .above = reference_above,
};
