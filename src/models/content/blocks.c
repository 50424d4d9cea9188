/* blocks.c - means and deviations, and rows without them. */
#include "models/content/blocks.h"

#include <math.h>
#include <string.h>

/* Means and variances of the rows of training that are known. */
static void blocks_measure(const pal_blocks *blocks, const pal_vectors *block) {
    int64_t n = 0;
    int32_t dims = block->n_dims;
    for (int32_t d = 0; d < dims; d++) blocks->mean[d] = blocks->squares[d] = 0;
    for (int32_t r = 0; r < blocks->n_seen; r++) {
        const float *row = block->vectors + (int64_t)r * dims;
        if (!pal_vectors_known(block, r)) continue;
        n++;
        for (int32_t d = 0; d < dims; d++) {
            blocks->mean[d] += (double)row[d];
            blocks->squares[d] += (double)row[d] * (double)row[d];
        }
    }
    for (int32_t d = 0; n && d < dims; d++) {
        blocks->mean[d] /= (double)n;
        blocks->squares[d] = blocks->squares[d] / (double)n - blocks->mean[d] * blocks->mean[d];
    }
}

bool pal_blocks_normalize(float *row, int64_t n) {
    double squares = 0;
    for (int64_t d = 0; d < n; d++) squares += (double)row[d] * (double)row[d];
    double scale = squares > 0 ? 1 / sqrt(squares) : 0;
    for (int64_t d = 0; d < n; d++) row[d] = (float)((double)row[d] * scale);
    return squares > 0;
}

void pal_blocks_shift(const float *row, const float *means, const float *scales, int32_t n,
                      float *out) {
    double squares = 0;
    for (int32_t d = 0; d < n; d++) {
        double x = (double)row[d] - (double)means[d];
        squares += x * x;
        out[d] = (float)(x * (double)scales[d]);
    }
    /* The rest of a row that is like the mean is rounding, which says nothing. */
    if (squares < 1e-10) memset(out, 0, (size_t)n * sizeof *out);
    pal_blocks_normalize(out, n);
}

void pal_blocks_add(const pal_blocks *blocks, const pal_vectors *block, int64_t at, double whiten,
                    float *means, float *scales) {
    int32_t dims = block->n_dims;
    double largest = 0;
    blocks_measure(blocks, block);
    for (int32_t d = 0; d < dims; d++) {
        if (blocks->squares[d] > largest) largest = blocks->squares[d];
    }
    for (int32_t d = 0; d < dims; d++) {
        bool varies = blocks->squares[d] > 1e-9 * largest;
        means[d] = blocks->center ? (float)blocks->mean[d] : 0;
        scales[d] = varies ? (float)pow(blocks->squares[d] / largest, -whiten / 2) : 1;
    }
    for (int32_t r = 0; r < block->n_rows; r++) {
        if (!pal_vectors_known(block, r)) continue;
        pal_blocks_shift(block->vectors + (int64_t)r * dims, means, scales, dims,
                         blocks->items + r * blocks->width + at);
    }
}
