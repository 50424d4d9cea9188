/* support_domains.h - planted pairs of domains: people of a common taste, of whom the first are in
 * the log and all in the source. */
#ifndef PAL_TESTS_SUPPORT_DOMAINS_H
#define PAL_TESTS_SUPPORT_DOMAINS_H

#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "models/rank.h"

enum { CAMPS = 4, PEOPLE = 200, KNOWN = 120, THINGS = 80, MOST_EVENTS = PEOPLE * 16 };

/* Person u is of camp u % CAMPS, item i alike; three in four uses are within the camp, and items of
 * low numbers are used more. */
static inline void domains_log(pal_ctx *ctx, int32_t n_people, int32_t n_things, int32_t each,
                               uint64_t seed, support_log *out) {
    static int32_t users[MOST_EVENTS], items[MOST_EVENTS];
    pal_rng rng = pal_rng_at(seed, 1);
    int64_t n = 0;
    assert_true(n_people * each <= MOST_EVENTS);
    for (int32_t u = 0; u < n_people; u++) {
        for (int32_t e = 0; e < each; e++) {
            int32_t camp = pal_rng_below(&rng, 4) ? u % CAMPS : (int32_t)pal_rng_below(&rng, CAMPS);
            double at = pal_rng_uniform(&rng);
            users[n] = u;
            items[n++] = (int32_t)(at * at * (n_things / CAMPS)) * CAMPS + camp;
        }
    }
    support_log_make(ctx, out, n_people, n_things, n, users, items, NULL, NULL);
}

/* What somebody whom only the source knows is asked by. */
static inline pal_query domains_stranger(const pal_log *source, int32_t user) {
    int64_t begin = source->starts[user];
    return (pal_query){.source_user_plus_1 = user + 1,
                       .n_source = (int32_t)(source->starts[user + 1] - begin),
                       .source_items = source->items + begin};
}

/* Shares of the k first items that are of the person's camp, of people [first, last) of the source;
 * returns how many answers came from the model itself. */
static inline int32_t domains_hits(pal_ctx *ctx, const pal_model *model, const pal_log *source,
                                   int32_t first, int32_t last, int32_t n_camps, int32_t k,
                                   double *hits) {
    pal_arena arena = {0};
    int32_t n_own = 0;
    for (int32_t u = first; u < last; u++) {
        pal_query query = domains_stranger(source, u);
        pal_lists lists;
        assert_int_equal(
            pal_rank(ctx, model, &query, 1, &(pal_rank_options){.k = k}, &arena, &lists), PAL_OK);
        hits[u - first] = 0;
        n_own += !lists.fallback[0];
        for (int32_t i = 0; i < k; i++)
            hits[u - first] += (lists.items[i] % n_camps == u % n_camps) / (double)k;
    }
    pal_arena_release(&arena);
    return n_own;
}

/* The low end of the 95 % interval of the mean of a - b. */
static inline double domains_least_gain(const double *a, const double *b, int32_t n) {
    double sum = 0, squares = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += a[i] - b[i];
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    double mean = sum / n, variance = (squares - n * mean * mean) / (n - 1);
    return mean - 1.96 * sqrt(variance / n);
}

static inline void domains_same_tensors(const pal_model *a, const pal_model *b) {
    pal_tensor x[PAL_TENSORS_MAX], y[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(a, x);
    assert_true(n > 0);
    assert_int_equal(pal_model_tensors(b, y), n);
    for (int32_t t = 0; t < n; t++) {
        assert_int_equal(pal_tensor_bytes(&x[t]), pal_tensor_bytes(&y[t]));
        assert_memory_equal(*x[t].data, *y[t].data, (size_t)pal_tensor_bytes(&x[t]));
    }
}

#endif
