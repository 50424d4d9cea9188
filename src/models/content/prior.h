/* prior.h - how much popularity weighs beside likeness.
 *
 * score(u, i) = s(u, i) + prior q_i,   q_i = ln(1 + n_i) / ln(1 + max n)
 * with n_i the people who use i. Unless given, the prior is learned with a weight a of likeness:
 * up to 1024 people's last item is hidden, and a, b maximize Σ ln softmax(a s + b q) of it among up
 * to 1000 items drawn alike for all (McFadden 1974; Newton's method); prior = b / a. The learned
 * one came within 3 % of the best of 1, 3 and 10 on the validation of MovieLens latest-small,
 * MovieTweetings and the demo world for keyword, and on the tests of the first two above them.
 * Cost: 1024 lists. */
#ifndef PAL_MODELS_CONTENT_PRIOR_H
#define PAL_MODELS_CONTENT_PRIOR_H

#include "models/model.h"

/* scores [log's items]: the likeness of a query; scratch is zero at first. */
typedef void pal_prior_likeness_fn(const void *arg, const pal_query *query, void *scratch,
                                   float *scores);
typedef struct {
    pal_prior_likeness_fn *likeness;
    const void *arg;
    size_t scratch_bytes;
    const pal_log *log;
    int32_t n_seen;          /* items [0, n_seen) have been used */
    const float *popularity; /* [log's items] q */
    double most;             /* users of the most popular item */
} pal_prior_input;

/* popularity [log's items] = q; *most is the users of the most popular item. */
pal_status pal_prior_count(pal_ctx *ctx, const pal_log *log, pal_arena *scratch, float *popularity,
                           double *most);
pal_status pal_prior_learn(pal_ctx *ctx, const char *what, const pal_prior_input *input,
                           pal_arena *scratch, double *out);
/* Bytes that learning it takes. */
double pal_prior_bytes(const pal_log *log, double scratch_bytes, int32_t n_threads);

#endif
