/* history.c - events to weighed items to one row. */
#include "represent/history.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    double mean, scale; /* scale 0: values say nothing */
} profile_values;

static profile_values profile_measure(const pal_profile_options *options,
                                      const pal_profile_events *events) {
    profile_values out = {0};
    if (!events->values || !(options->ratings > 0) || events->n == 0) return out;
    double largest = 0;
    for (int32_t e = 0; e < events->n; e++) out.mean += (double)events->values[e];
    out.mean /= events->n;
    for (int32_t e = 0; e < events->n; e++) {
        double distance = fabs((double)events->values[e] - out.mean);
        if (distance > largest) largest = distance;
    }
    /* What is left of equal values is rounding. */
    if (largest > 1e-6 * fabs(out.mean) && isfinite(largest))
        out.scale = options->ratings / largest;
    return out;
}

static double profile_weight(const pal_profile_options *options, const pal_profile_events *events,
                             const profile_values *values, int32_t e) {
    double weight = 1;
    if (values->scale > 0) weight += values->scale * ((double)events->values[e] - values->mean);
    if (options->half_life > 0 && events->times) {
        double age = (double)(events->now - events->times[e]);
        if (age > 0) weight *= exp2(-age / options->half_life);
    }
    return weight;
}

static int profile_compare(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

int32_t pal_profile_weigh(const pal_profile_options *options, const pal_profile_events *events,
                          float *sums, uint8_t *marks, int32_t *items, float *weights) {
    const profile_values values = profile_measure(options, events);
    int32_t n = 0;
    for (int32_t e = 0; e < events->n; e++) {
        int32_t item = events->items[e];
        if (!marks[item]) items[n++] = item;
        marks[item] = 1;
        sums[item] += (float)profile_weight(options, events, &values, e);
    }
    if (n) qsort(items, (size_t)n, sizeof *items, profile_compare);
    for (int32_t i = 0; i < n; i++) {
        weights[i] = sums[items[i]];
        sums[items[i]] = 0;
        marks[items[i]] = 0;
    }
    return n;
}

void pal_profile_add(const pal_csr *rows, const int32_t *items, const float *weights, int32_t n,
                     float *out) {
    for (int32_t i = 0; i < n; i++) {
        for (int64_t e = rows->starts[items[i]]; e < rows->starts[items[i] + 1]; e++)
            out[rows->cols[e]] += weights[i] * (rows->values ? rows->values[e] : 1);
    }
}
