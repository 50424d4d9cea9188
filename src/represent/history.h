/* history.h - a person as a weighed sum of what he used.
 *
 * weight(i) = Σ_{events e on i} 2^(-(now - t_e) / half_life) (1 + ratings (v_e - mean v) / d)
 * with d the largest distance from the person's mean value; where all values are equal, or there
 * are none, the second factor is 1. ratings = 0 looks at no values; 1 weighs the worst by about 0;
 * above it, what was disliked counts against its like (Rocchio 1971). Cost: one pass over the
 * events. */
#ifndef PAL_REPRESENT_HISTORY_H
#define PAL_REPRESENT_HISTORY_H

#include "math/csr.h"

typedef struct {
    double half_life; /* seconds; 0: no decay */
    double ratings;
} pal_profile_options;

typedef struct { /* of one person, oldest first */
    int32_t n;
    const int32_t *items;
    const float *values;  /* or NULL */
    const int64_t *times; /* seconds, or NULL */
    int64_t now;
} pal_profile_events;

/* The distinct items, ascending, and their weights; returns how many.
 * `sums` and `marks` [items there are] are zero at first and left so. An event after `now` counts
 * as one of now; weights of 0 are kept. */
int32_t pal_profile_weigh(const pal_profile_options *options, const pal_profile_events *events,
                          float *sums, uint8_t *marks, int32_t *items, float *weights);
/* out [rows.n_cols] += Σ weight · row. */
void pal_profile_add(const pal_csr *rows, const int32_t *items, const float *weights, int32_t n,
                     float *out);

#endif
