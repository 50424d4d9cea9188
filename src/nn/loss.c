/* loss.c - sums in double, row after row. */
#include "nn/loss.h"

#include <math.h>
#include <stddef.h>

/* log(1 + exp(x)) and its derivative σ(x). */
static double loss_softplus(double x, double *derivative) {
    double e = exp(-fabs(x));
    *derivative = x > 0 ? 1 / (1 + e) : e / (1 + e);
    return (x > 0 ? x : 0) + log1p(e);
}

double pal_loss_bce(const pal_real *logits, const pal_real *labels, int64_t n, pal_real scale,
                    pal_real *d) {
    double sum = 0, s;
    for (int64_t i = 0; i < n; i++) {
        double x = (double)logits[i], y = (double)labels[i];
        sum += loss_softplus(x, &s) - y * x;
        d[i] = scale * (pal_real)(s - y);
    }
    return sum;
}

double pal_loss_bpr(const pal_real *used, const pal_real *drawn, int64_t n, pal_real scale,
                    pal_real *d_used, pal_real *d_drawn) {
    double sum = 0, s;
    for (int64_t i = 0; i < n; i++) {
        sum += loss_softplus((double)drawn[i] - (double)used[i], &s);
        d_drawn[i] = scale * (pal_real)s;
        d_used[i] = -d_drawn[i];
    }
    return sum;
}

double pal_loss_gbce(const pal_real *logits, int64_t n, int64_t k, double beta, pal_real scale,
                     pal_real *d) {
    double sum = 0, s, share = 1 / (double)(k + 1);
    for (int64_t r = 0; r < n; r++) {
        const pal_real *row = logits + r * (k + 1);
        pal_real *to = d + r * (k + 1);
        sum += share * beta * loss_softplus(-(double)row[0], &s);
        to[0] = -scale * (pal_real)(share * beta * s);
        for (int64_t j = 1; j <= k; j++) {
            sum += share * loss_softplus((double)row[j], &s);
            to[j] = scale * (pal_real)(share * s);
        }
    }
    return sum;
}

double pal_loss_gbce_beta(int64_t k, int32_t n_items, double t) {
    if (n_items < 2 || k >= n_items - 1) return 1;
    double alpha = (double)k / (double)(n_items - 1);
    return alpha * (t * (1 - 1 / alpha) + 1 / alpha);
}

static double loss_corrected(const pal_real *row, const pal_real *log_q, int64_t j) {
    return (double)row[j] - (log_q ? (double)log_q[j] : 0);
}

double pal_loss_sampled(const pal_real *logits, const pal_real *log_q, int64_t n, int64_t k,
                        pal_real scale, pal_real *d) {
    double loss = 0;
    for (int64_t r = 0; r < n; r++) {
        const pal_real *row = logits + r * (k + 1), *q = log_q ? log_q + r * (k + 1) : NULL;
        pal_real *to = d + r * (k + 1);
        double used = loss_corrected(row, q, 0), most = used, sum = 0;
        for (int64_t j = 1; j <= k; j++) most = fmax(most, loss_corrected(row, q, j));
        for (int64_t j = 0; j <= k; j++) sum += exp(loss_corrected(row, q, j) - most);
        double shift = most + log(sum);
        loss += shift - used;
        for (int64_t j = 0; j <= k; j++)
            to[j] = scale * (pal_real)(exp(loss_corrected(row, q, j) - shift) - (j == 0));
    }
    return loss;
}
