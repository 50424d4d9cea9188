/* norm.c - with h = (x - mean) s and g = gain dy: dx = s (g - mean(g) - h mean(g h)). */
#include "nn/norm.h"

#include <math.h>

enum { NORM_LANES = 8 }; /* sums run in so many chains, else each waits for the one before */

static double norm_fold(const double lanes[NORM_LANES]) {
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) +
           ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

static double norm_sum(const pal_real *x, int64_t n) {
    double lanes[NORM_LANES] = {0};
    int64_t whole = n - n % NORM_LANES;
    for (int64_t i = 0; i < whole; i += NORM_LANES)
        for (int32_t l = 0; l < NORM_LANES; l++) lanes[l] += (double)x[i + l];
    for (int64_t i = whole; i < n; i++) lanes[i - whole] += (double)x[i];
    return norm_fold(lanes);
}

static double norm_squares(const pal_real *x, double mean, int64_t n) {
    double lanes[NORM_LANES] = {0};
    int64_t whole = n - n % NORM_LANES;
    for (int64_t i = 0; i < whole; i += NORM_LANES) {
        for (int32_t l = 0; l < NORM_LANES; l++) {
            double d = (double)x[i + l] - mean;
            lanes[l] += d * d;
        }
    }
    for (int64_t i = whole; i < n; i++)
        lanes[i - whole] += ((double)x[i] - mean) * ((double)x[i] - mean);
    return norm_fold(lanes);
}

void pal_norm_forward(const pal_real *x, const pal_real *gain, const pal_real *bias, int64_t n,
                      int64_t width, double epsilon, pal_real *y, pal_real *kept) {
    for (int64_t r = 0; r < n; r++) {
        const pal_real *from = x + r * width;
        pal_real *to = y + r * width;
        double mean = norm_sum(from, width) / (double)width,
               variance = norm_squares(from, mean, width) / (double)width;
        pal_real m = (pal_real)mean, s = (pal_real)(1 / sqrt(variance + epsilon));
        for (int64_t i = 0; i < width; i++) to[i] = gain[i] * ((from[i] - m) * s) + bias[i];
        kept[2 * r] = m;
        kept[2 * r + 1] = s;
    }
}

/* Σ g and Σ g h of a row, whose shares of dgain and dbias are added. */
static void norm_gather(const pal_real *x, const pal_real *gain, const pal_real *kept,
                        const pal_real *dy, int64_t width, pal_real *restrict dgain,
                        pal_real *restrict dbias, double *sum, double *along) {
    double sums[NORM_LANES] = {0}, alongs[NORM_LANES] = {0};
    pal_real m = kept[0], s = kept[1];
    int64_t whole = width - width % NORM_LANES;
    for (int64_t i = 0; i < width; i++) {
        dgain[i] += dy[i] * ((x[i] - m) * s);
        dbias[i] += dy[i];
    }
    for (int64_t i = 0; i < whole; i += NORM_LANES) {
        for (int32_t l = 0; l < NORM_LANES; l++) {
            pal_real g = gain[i + l] * dy[i + l];
            sums[l] += (double)g;
            alongs[l] += (double)(g * ((x[i + l] - m) * s));
        }
    }
    for (int64_t i = whole; i < width; i++) {
        pal_real g = gain[i] * dy[i];
        sums[i - whole] += (double)g;
        alongs[i - whole] += (double)(g * ((x[i] - m) * s));
    }
    *sum = norm_fold(sums);
    *along = norm_fold(alongs);
}

void pal_norm_backward(const pal_real *x, const pal_real *gain, const pal_real *kept,
                       const pal_real *dy, int64_t n, int64_t width, pal_real *dx, pal_real *dgain,
                       pal_real *dbias) {
    for (int64_t r = 0; r < n; r++) {
        const pal_real *from = x + r * width, *d = dy + r * width;
        pal_real *to = dx + r * width, m = kept[2 * r], s = kept[2 * r + 1];
        double sum, along;
        norm_gather(from, gain, kept + 2 * r, d, width, dgain, dbias, &sum, &along);
        pal_real mean = (pal_real)(sum / (double)width), slope = (pal_real)(along / (double)width);
        for (int64_t i = 0; i < width; i++)
            to[i] = s * (gain[i] * d[i] - mean - (from[i] - m) * s * slope);
    }
}
