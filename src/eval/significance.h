/* significance.h - bootstrap over users: intervals of means, and simultaneous intervals of
 * differences. */
#ifndef PAL_EVAL_SIGNIFICANCE_H
#define PAL_EVAL_SIGNIFICANCE_H

#include "palate.h"

typedef struct {
    double mean, low, high; /* 95 % */
} pal_interval;

/* The mean without NaN values, NaN when there are no others. */
double pal_mean(const double *values, int32_t n);

/* The value that Student's t with `df` >= 1 degrees of freedom stays under with probability p in
 * (0, 1). */
double pal_student_quantile(double p, double df);

/* Percentile intervals of the means of n_series series, each [n], over the same resamples; NaN
 * values are left out with their user. out [n_series]. */
pal_status pal_bootstrap_means(pal_ctx *ctx, const double *const *series, int32_t n_series,
                               int32_t n, int64_t resamples, uint64_t seed, pal_interval *out);

/* The interval of Σ sums / Σ weights over resampled users: a mean over values of which each user
 * has several. resamples 0: the mean alone. */
pal_status pal_bootstrap_ratio(pal_ctx *ctx, const double *sums, const double *weights, int32_t n,
                               int64_t resamples, uint64_t seed, pal_interval *out);

/* The interval of mean(before) - mean(after), each over the users that it knows of, not NaN; the
 * same resampled users for both. */
pal_status pal_bootstrap_fall(pal_ctx *ctx, const double *before, const double *after, int32_t n,
                              int64_t resamples, uint64_t seed, pal_interval *out);

/* Of fewer users nothing is said about a difference: resamples of so few know little of all. */
enum { PAL_DIFFERENCE_USERS_MIN = 10 };

/* Intervals of mean(base - other_j) for j in [0, n_others), that hold together with 95 %: the same
 * resamples for all, half-width = the 95th percentile of the largest standardized deviation times
 * each standard error. Users for whom either is NaN are left out; bounds are NaN where fewer than
 * PAL_DIFFERENCE_USERS_MIN remain. others[j] is [n]. out [n_others]. */
pal_status pal_bootstrap_differences(pal_ctx *ctx, const double *base, const double *const *others,
                                     int32_t n_others, int32_t n, int64_t resamples, uint64_t seed,
                                     pal_interval *out);

#endif
