/* norm.c - with h = (x - mean) s and g = gain dy: dx = s (g - mean(g) - h mean(g h)). */
#include "nn/norm.h"

#include <math.h>

void pal_norm_forward(const pal_real *x, const pal_real *gain, const pal_real *bias, int64_t n,
                      int64_t width, double epsilon, pal_real *y, pal_real *kept) {
    for (int64_t r = 0; r < n; r++) {
        const pal_real *from = x + r * width;
        pal_real *to = y + r * width;
        double sum = 0, squares = 0;
        for (int64_t i = 0; i < width; i++) sum += (double)from[i];
        double mean = sum / (double)width;
        for (int64_t i = 0; i < width; i++) {
            double d = (double)from[i] - mean;
            squares += d * d;
        }
        pal_real m = (pal_real)mean, s = (pal_real)(1 / sqrt(squares / (double)width + epsilon));
        for (int64_t i = 0; i < width; i++) to[i] = gain[i] * ((from[i] - m) * s) + bias[i];
        kept[2 * r] = m;
        kept[2 * r + 1] = s;
    }
}

void pal_norm_backward(const pal_real *x, const pal_real *gain, const pal_real *kept,
                       const pal_real *dy, int64_t n, int64_t width, pal_real *dx, pal_real *dgain,
                       pal_real *dbias) {
    for (int64_t r = 0; r < n; r++) {
        const pal_real *from = x + r * width, *d = dy + r * width;
        pal_real *to = dx + r * width, m = kept[2 * r], s = kept[2 * r + 1];
        double sum = 0, along = 0;
        for (int64_t i = 0; i < width; i++) {
            pal_real h = (from[i] - m) * s, g = gain[i] * d[i];
            sum += (double)g;
            along += (double)(g * h);
            dgain[i] += d[i] * h;
            dbias[i] += d[i];
        }
        pal_real mean = (pal_real)(sum / (double)width), slope = (pal_real)(along / (double)width);
        for (int64_t i = 0; i < width; i++)
            to[i] = s * (gain[i] * d[i] - mean - (from[i] - m) * s * slope);
    }
}
