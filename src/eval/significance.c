/* significance.c - resamples of users, the same for all models that are compared. */
#include "eval/significance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/parallel.h"
#include "base/rng.h"

typedef struct {
    const double *const *series; /* [n_series] of [n]: differences or values, NaN left out */
    const double *weights; /* [n] means are Σ values / Σ weights; NULL: of the users drawn */
    int32_t n_series, n;
    uint64_t seed;
    double *means;   /* [resamples, n_series] */
    int32_t *counts; /* [n_threads, n] how often each user is drawn */
} significance_job;

/* Resample `chunk`: n users drawn with replacement. */
static void significance_resample(void *arg, int64_t chunk, int32_t worker) {
    const significance_job *job = arg;
    int32_t *counts = job->counts + (int64_t)worker * job->n;
    memset(counts, 0, (size_t)job->n * sizeof *counts);
    pal_rng rng = pal_rng_at(job->seed, (uint64_t)chunk);
    for (int32_t i = 0; i < job->n; i++) counts[pal_rng_below(&rng, (uint32_t)job->n)]++;
    for (int32_t s = 0; s < job->n_series; s++) {
        const double *values = job->series[s];
        double sum = 0, weight = 0;
        for (int32_t i = 0; i < job->n; i++) {
            if (isnan(values[i])) continue;
            sum += counts[i] * values[i];
            weight += job->weights ? counts[i] * job->weights[i] : counts[i];
        }
        job->means[chunk * job->n_series + s] = weight > 0 ? sum / weight : NAN;
    }
}

static pal_status significance_run(pal_ctx *ctx, significance_job *job, int64_t resamples,
                                   pal_arena *scratch) {
    job->means = PAL_ARENA_ARRAY(scratch, double, resamples * job->n_series);
    job->counts = PAL_ARENA_ARRAY(scratch, int32_t, (int64_t)pal_pool_threads(ctx->pool) * job->n);
    if (!job->means || !job->counts)
        return pal_fail_memory(ctx, "the intervals", 8.0 * (double)resamples * job->n_series);
    pal_parallel(ctx->pool, resamples, significance_resample, job);
    return PAL_OK;
}

static int significance_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `share` of the sorted values lie, between neighbours. */
static double significance_quantile(const double *sorted, int64_t n, double share) {
    if (n == 0) return NAN;
    double at = share * (double)(n - 1);
    int64_t i = (int64_t)at;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

double pal_mean(const double *values, int32_t n) {
    double sum = 0;
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) {
        if (isnan(values[i])) continue;
        sum += values[i];
        count++;
    }
    return count ? sum / count : NAN;
}

/* Density of Student's t, up to its constant. */
static double significance_density(double t, double df) {
    return pow(1 + t * t / df, -(df + 1) / 2);
}

/* P(0 < T < t) by Simpson's rule. */
static double significance_student(double t, double df) {
    enum { STEPS = 2000 };
    double h = t / STEPS, sum = significance_density(0, df) + significance_density(t, df);
    for (int i = 1; i < STEPS; i++) sum += (i % 2 ? 4 : 2) * significance_density(i * h, df);
    double log_constant = lgamma((df + 1) / 2) - lgamma(df / 2);
    return exp(log_constant) / sqrt(df * 3.14159265358979323846) * sum * h / 3;
}

double pal_student_quantile(double p, double df) {
    double low = 0, high = 1000, share = fabs(p - 0.5);
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (significance_student(middle, df) < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return p < 0.5 ? -low : low;
}

pal_status pal_bootstrap_means(pal_ctx *ctx, const double *const *series, int32_t n_series,
                               int32_t n, int64_t resamples, uint64_t seed, pal_interval *out) {
    for (int32_t s = 0; s < n_series; s++) out[s] = (pal_interval){NAN, NAN, NAN};
    if (n == 0 || n_series == 0) return PAL_OK;
    pal_arena scratch = {0};
    significance_job job = {
        .series = series, .n_series = n_series, .n = n, .seed = pal_seed_for(seed, "bootstrap")};
    double *sorted = PAL_ARENA_ARRAY(&scratch, double, resamples);
    pal_status status = sorted ? significance_run(ctx, &job, resamples, &scratch)
                               : pal_fail_memory(ctx, "the intervals", 8.0 * (double)resamples);
    for (int32_t s = 0; status == PAL_OK && s < n_series; s++) {
        int64_t kept = 0;
        for (int64_t r = 0; r < resamples; r++) {
            double mean = job.means[r * n_series + s];
            if (!isnan(mean)) sorted[kept++] = mean;
        }
        qsort(sorted, (size_t)kept, sizeof *sorted, significance_compare);
        out[s].mean = pal_mean(series[s], n);
        out[s].low = significance_quantile(sorted, kept, 0.025);
        out[s].high = significance_quantile(sorted, kept, 0.975);
    }
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_bootstrap_ratio(pal_ctx *ctx, const double *sums, const double *weights, int32_t n,
                               int64_t resamples, uint64_t seed, pal_interval *out) {
    *out = (pal_interval){NAN, NAN, NAN};
    double sum = 0, weight = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += sums[i];
        weight += weights[i];
    }
    if (weight <= 0) return PAL_OK;
    out->mean = sum / weight;
    if (resamples == 0) return PAL_OK;
    pal_arena scratch = {0};
    significance_job job = {.series = &sums,
                            .weights = weights,
                            .n_series = 1,
                            .n = n,
                            .seed = pal_seed_for(seed, "bootstrap")};
    pal_status status = significance_run(ctx, &job, resamples, &scratch);
    if (status == PAL_OK) {
        int64_t kept = 0;
        for (int64_t r = 0; r < resamples; r++) {
            if (!isnan(job.means[r])) job.means[kept++] = job.means[r];
        }
        qsort(job.means, (size_t)kept, sizeof *job.means, significance_compare);
        out->low = significance_quantile(job.means, kept, 0.025);
        out->high = significance_quantile(job.means, kept, 0.975);
    }
    pal_arena_release(&scratch);
    return status;
}

pal_status pal_bootstrap_fall(pal_ctx *ctx, const double *before, const double *after, int32_t n,
                              int64_t resamples, uint64_t seed, pal_interval *out) {
    const double *series[] = {before, after};
    *out = (pal_interval){pal_mean(before, n) - pal_mean(after, n), NAN, NAN};
    if (n == 0) return PAL_OK;
    pal_arena scratch = {0};
    significance_job job = {
        .series = series, .n_series = 2, .n = n, .seed = pal_seed_for(seed, "bootstrap")};
    pal_status status = significance_run(ctx, &job, resamples, &scratch);
    int64_t kept = 0;
    for (int64_t r = 0; status == PAL_OK && r < resamples; r++) {
        double fall = job.means[2 * r] - job.means[2 * r + 1];
        if (!isnan(fall)) job.means[kept++] = fall; /* kept <= r: nothing unread is lost */
    }
    if (status == PAL_OK) {
        qsort(job.means, (size_t)kept, sizeof *job.means, significance_compare);
        out->low = significance_quantile(job.means, kept, 0.025);
        out->high = significance_quantile(job.means, kept, 0.975);
    }
    pal_arena_release(&scratch);
    return status;
}

static int32_t significance_count(const double *values, int32_t n) {
    int32_t count = 0;
    for (int32_t i = 0; i < n; i++) count += !isnan(values[i]);
    return count;
}

/* Standard error of each series over the resamples that drew somebody of it, NaN where it is of too
 * few users, and the 95th percentile of the largest standardized deviation. */
static pal_status significance_widths(pal_ctx *ctx, const significance_job *job,
                                      const double *means, int64_t resamples, pal_arena *scratch,
                                      double *errors, double *factor) {
    double *largest = PAL_ARENA_ARRAY(scratch, double, resamples);
    if (!largest) return pal_fail_memory(ctx, "the intervals", 8.0 * (double)resamples);
    for (int32_t s = 0; s < job->n_series; s++) {
        double sum = 0;
        int64_t kept = 0;
        errors[s] = NAN;
        if (significance_count(job->series[s], job->n) < PAL_DIFFERENCE_USERS_MIN) continue;
        for (int64_t r = 0; r < resamples; r++) {
            double deviation = job->means[r * job->n_series + s] - means[s];
            if (isnan(deviation)) continue;
            sum += deviation * deviation;
            kept++;
        }
        errors[s] = kept ? sqrt(sum / (double)kept) : NAN;
        for (int64_t r = 0; errors[s] > 0 && r < resamples; r++) {
            double deviation = fabs(job->means[r * job->n_series + s] - means[s]) / errors[s];
            if (deviation > largest[r]) largest[r] = deviation;
        }
    }
    qsort(largest, (size_t)resamples, sizeof *largest, significance_compare);
    *factor = significance_quantile(largest, resamples, 0.95);
    return PAL_OK;
}

pal_status pal_bootstrap_differences(pal_ctx *ctx, const double *base, const double *const *others,
                                     int32_t n_others, int32_t n, int64_t resamples, uint64_t seed,
                                     pal_interval *out) {
    if (n_others == 0) return PAL_OK;
    pal_arena scratch = {0};
    const double **series = PAL_ARENA_ARRAY(&scratch, const double *, n_others);
    double *differences = PAL_ARENA_ARRAY(&scratch, double, (int64_t)n_others *n);
    double *means = PAL_ARENA_ARRAY(&scratch, double, n_others),
           *errors = PAL_ARENA_ARRAY(&scratch, double, n_others);
    pal_status status = series && differences && means && errors
                            ? PAL_OK
                            : pal_fail_memory(ctx, "the intervals", 8.0 * n_others * (double)n);
    for (int32_t s = 0; status == PAL_OK && s < n_others; s++) {
        double *difference = differences + (int64_t)s * n;
        for (int32_t i = 0; i < n; i++) difference[i] = base[i] - others[s][i];
        series[s] = difference;
        means[s] = pal_mean(difference, n);
    }
    significance_job job = {
        .series = series, .n_series = n_others, .n = n, .seed = pal_seed_for(seed, "bootstrap")};
    double factor = 0;
    if (status == PAL_OK) status = significance_run(ctx, &job, resamples, &scratch);
    if (status == PAL_OK)
        status = significance_widths(ctx, &job, means, resamples, &scratch, errors, &factor);
    for (int32_t s = 0; status == PAL_OK && s < n_others; s++) {
        double width = errors[s] > 0 ? factor * errors[s] : errors[s]; /* 0, or NaN */
        out[s] = (pal_interval){means[s], means[s] - width, means[s] + width};
    }
    pal_arena_release(&scratch);
    return status;
}
