/* dropout.c - masks by counters. */
#include "nn/dropout.h"

#include <string.h>

#include "nn/loops.h"

void pal_dropout_forward(pal_dropout_key key, double rate, pal_real *x, uint8_t *mask, int64_t n) {
    if (!(rate > 0)) {
        memset(mask, 1, (size_t)n);
        return;
    }
    uint64_t counter = (uint64_t)key.step << 24 | (uint64_t)key.chunk;
    pal_loops_best()->keep_mask(key.seed, counter, rate, mask, n);
    pal_dropout_backward(rate, mask, x, n);
}

void pal_dropout_backward(double rate, const uint8_t *mask, pal_real *dx, int64_t n) {
    if (!(rate > 0)) return;
    const pal_real scale = (pal_real)(1 / (1 - rate));
    for (int64_t i = 0; i < n; i++) dx[i] *= scale * (pal_real)mask[i];
}
