/* toward.c - als's row from a guess on. */
#include "models/transfer/toward.h"

#include <string.h>

#include "models/history.h"

size_t pal_toward_cut(const pal_als_side *side, void *memory, pal_toward_room *out) {
    int32_t width = side->width;
    size_t sizes[] = {(size_t)side->n_items, (size_t)pal_ridge_scratch(width, width, 0),
                      (size_t)width};
    void *parts[3];
    size_t bytes = pal_scratch_cut(memory, pal_history_bytes(side->n_items), sizes, 3, parts);
    if (out) *out = (pal_toward_room){memory, parts[0], parts[1], parts[2]};
    return bytes;
}

static pal_ridge_row toward_row(const pal_als_side *side, double trust, const int32_t *items,
                                int32_t n) {
    return (pal_ridge_row){
        .others = items, .n = n, .l2 = (float)(trust * (double)pal_als_side_l2(side, n))};
}

static double toward_dot(const float *a, const float *b, int32_t n) {
    double sum = 0;
    for (int32_t f = 0; f < n; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

void pal_toward_solve(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                      const float *weights, const float *guess, const pal_toward_room *room,
                      float *x) {
    int32_t width = side->width;
    pal_ridge ridge = pal_als_side_ridge(side);
    pal_ridge_row row = toward_row(side, trust, items, n);
    row.weights = weights;
    row.gains = weights;
    for (int32_t e = 0; guess && e < n; e++) {
        double missed = 1 - toward_dot(guess, side->items + (int64_t)items[e] * width, width);
        room->gains[e] = (float)(weights ? (double)weights[e] * missed : missed);
    }
    if (guess) row.gains = room->gains;
    memset(x, 0, (size_t)width * sizeof *x);
    if (n > 0) pal_ridge_exact(&ridge, &row, room->ridge, x);
    for (int32_t f = 0; guess && f < width; f++) x[f] += guess[f];
}

void pal_toward_explain(const pal_als_side *side, double trust, const int32_t *items, int32_t n,
                        const float *v, const pal_toward_room *room, float *amounts, float *rest) {
    int32_t width = side->width;
    pal_ridge ridge = pal_als_side_ridge(side);
    pal_ridge_row row = toward_row(side, trust, items, n);
    memcpy(room->vector, v, (size_t)width * sizeof *v);
    memmove(rest, v, (size_t)width * sizeof *v);
    if (n > 0) pal_ridge_inverse(&ridge, &row, room->ridge, room->vector);
    for (int32_t e = 0; e < n; e++) {
        const float *item = side->items + (int64_t)items[e] * width;
        amounts[e] = (float)toward_dot(item, room->vector, width);
        for (int32_t f = 0; f < width; f++) rest[f] -= amounts[e] * item[f];
    }
}
