/* sequence_loss.c - one product for the logits of all positions, one pass over each row, two
 * products back. Cost: 3 n_drawn width multiply-adds a position. */
#include "models/sequence_loss.h"

#include <math.h>
#include <string.h>

#include "nn/linear.h"
#include "nn/loops.h"
#include "nn/loss.h"

/* Each form: logits [n] of the drawn (-inf: the target itself) become their slopes, *d is that of
 * the target's logit; `others` of them count. Returns the loss before it is weighed. */

/* -log softmax over the target and the drawn, each of which stands for exp(shift). */
static double held_sampled(float *logits, int64_t n, double target, double shift, double weight,
                           double *d) {
    const pal_loops *loops = pal_loops_best();
    double most = fmax((double)loops->largest(logits, n) + shift, target);
    double drawn = (double)loops->exp(logits, (float)(shift - most), 1, logits, n);
    double own = exp(target - most), sum = own + drawn;
    float share = (float)(weight / sum);
    for (int64_t i = 0; i < n; i++) logits[i] *= share;
    *d = weight * (own / sum - 1);
    return most + log(sum) - target;
}

/* softplus(l) = max(l, 0) + log(1 + exp(-|l|)) summed over a tile, whose logits become `share`
 * σ(l): one logarithm of the product of all 1 + exp(-|l|), each in [1, 2]. */
enum { HELD_TILE = 512 };
static double held_softplus(float *logits, int64_t n, float share) {
    float decays[HELD_TILE];
    double above = 0, product = 1;
    for (int64_t i = 0; i < n; i++) decays[i] = -fabsf(logits[i]);
    pal_loops_best()->exp(decays, 0, 1, decays, n);
    for (int64_t i = 0; i < n; i++) {
        float slope = 1 / (1 + decays[i]);
        above += logits[i] > 0 ? (double)logits[i] : 0;
        product *= 1 + (double)decays[i];
        logits[i] = share * slope * (logits[i] > 0 ? 1 : decays[i]);
    }
    return above + log(product);
}

/* The mean of softplus(logit - target). */
static double held_bpr(float *logits, int64_t n, int64_t others, double target, double weight,
                       double *d) {
    double loss = 0, pulled = 0;
    for (int64_t i = 0; i < n; i++) logits[i] -= (float)target;
    for (int64_t first = 0; first < n; first += HELD_TILE)
        loss += held_softplus(logits + first, n - first < HELD_TILE ? n - first : HELD_TILE,
                              (float)(weight / (double)others));
    for (int64_t i = 0; i < n; i++) pulled += (double)logits[i];
    *d = -pulled;
    return loss / (double)others;
}

/* (beta softplus(-target) + Σ softplus(logit)) / (others + 1). */
static double held_gbce(float *logits, int64_t n, int64_t others, double beta, double target,
                        double weight, double *d) {
    double share = weight / (double)(others + 1), e = exp(-fabs(target)),
           loss = beta * ((target > 0 ? 0 : -target) + log1p(e));
    *d = -share * beta * (target > 0 ? e / (1 + e) : 1 / (1 + e));
    for (int64_t first = 0; first < n; first += HELD_TILE)
        loss += held_softplus(logits + first, n - first < HELD_TILE ? n - first : HELD_TILE,
                              (float)share);
    return loss / (double)(others + 1);
}

static double held_row(const pal_sequence_held *h, float *logits, double target, int64_t others,
                       double weight, double *d) {
    int64_t n = h->draws->n_drawn;
    int32_t n_items = h->draws->n_items;
    switch (h->loss) {
    case PAL_SEQUENCE_BPR:
        return held_bpr(logits, n, others, target, weight, d);
    case PAL_SEQUENCE_GBCE:
        return held_gbce(logits, n, others, pal_loss_gbce_beta(others, n_items, h->calibration),
                         target, weight, d);
    case PAL_SEQUENCE_SOFTMAX:
    case PAL_SEQUENCE_SAMPLED:
        break;
    }
    return held_sampled(logits, n, target, log((double)(n_items - 1) / (double)others), weight, d);
}

/* Logits that do not count become -inf; returns how many do. */
static int64_t held_spare(const pal_sequence_held *h, const pal_sequence_part *part,
                          int64_t position, float *logits) {
    int64_t n = h->draws->n_drawn;
    if (h->draws->spares) {
        int64_t first = part->spared_starts[h->owners[position]],
                last = part->spared_starts[h->owners[position] + 1];
        for (int64_t i = first; i < last; i++) logits[part->spared[i]] = -INFINITY;
        return n - (last - first);
    }
    int64_t hit = pal_sequence_place(h->draws, part->chunk, h->targets[position]);
    if (hit < 0) return n;
    logits[hit] = -INFINITY;
    return n - 1;
}

/* One position: its slope by the target's row and, in part, by its own. */
static double held_position(const pal_sequence_held *h, const pal_sequence_part *part,
                            int64_t position, float *logits) {
    const pal_loops *loops = pal_loops_best();
    int64_t k = h->width, others = held_spare(h, part, position, logits);
    const float *y = h->y + position * k, *row = h->items + h->targets[position] * k;
    float *d_target = h->d_targets + position * k;
    double weight = h->weights ? (double)h->weights[position] : 1, d;
    memset(d_target, 0, (size_t)k * sizeof *d_target);
    if (others == 0) { /* nothing to be held against */
        memset(logits, 0, (size_t)h->draws->n_drawn * sizeof *logits);
        return 0;
    }
    double loss =
        held_row(h, logits, (double)loops->dot(y, row, k), others, weight / (double)h->n, &d);
    loops->add_scaled(d_target, y, (float)d, k);
    loops->add_scaled(h->dy + position * k, row, (float)d, k);
    return weight * loss;
}

double pal_sequence_hold(const pal_sequence_held *h, const pal_sequence_part *part) {
    enum { ROWS = PAL_SEQUENCE_ROWS_HELD };
    int64_t k = h->width, m = h->draws->n_drawn, end = part->first + part->n;
    double loss = 0;
    memset(part->d_drawn, 0, (size_t)(m * k) * sizeof *part->d_drawn);
    memset(h->dy + part->first * k, 0, (size_t)(part->n * k) * sizeof *h->dy);
    for (int64_t first = part->first; first < end; first += ROWS) {
        int64_t rows = end - first < ROWS ? end - first : ROWS;
        const float *y = h->y + first * k;
        pal_gemm(false, true, rows, m, k, y, k, part->drawn, k, 0, part->logits, m);
        for (int64_t q = 0; q < rows; q++)
            loss += held_position(h, part, first + q, part->logits + q * m);
        pal_gemm(true, false, m, k, rows, part->logits, m, y, k, 1, part->d_drawn, k);
        pal_gemm(false, false, rows, k, m, part->logits, m, part->drawn, k, 1, h->dy + first * k,
                 k);
    }
    return loss;
}
