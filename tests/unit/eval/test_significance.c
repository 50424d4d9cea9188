/* test_significance.c - intervals know nothing, a constant, a known spread; together they are wider
 * than alone. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "eval/significance.h"

enum { USERS = 400, RESAMPLES = 1000 };

static void fill(double *values, uint64_t stream, double shift) {
    pal_rng rng = pal_rng_at(5, stream);
    for (int i = 0; i < USERS; i++) values[i] = shift + pal_rng_normal(&rng);
}

static void a_mean_has_the_width_of_its_error(void **state) {
    (void)state;
    static double values[USERS];
    pal_ctx *ctx = support_open(2);
    pal_interval interval;
    fill(values, 1, 3);
    assert_int_equal(pal_bootstrap_means(ctx, (const double *const[]){values}, 1, USERS, RESAMPLES,
                                         7, &interval),
                     PAL_OK);
    assert_true(fabs(interval.mean - pal_mean(values, USERS)) < 1e-12);
    double half = (interval.high - interval.low) / 2, expected = 1.96 / sqrt(USERS);
    assert_true(half > 0.8 * expected && half < 1.2 * expected);
    values[0] = NAN; /* left out */
    assert_int_equal(pal_bootstrap_means(ctx, (const double *const[]){values}, 1, USERS, RESAMPLES,
                                         7, &interval),
                     PAL_OK);
    assert_true(isfinite(interval.mean) && interval.low < interval.mean &&
                interval.mean < interval.high);
    support_close(ctx);
}

static void equal_models_differ_by_nothing(void **state) {
    (void)state;
    static double values[USERS];
    pal_ctx *ctx = support_open(1);
    fill(values, 1, 0);
    const double *others[] = {values};
    pal_interval interval;
    assert_int_equal(
        pal_bootstrap_differences(ctx, values, others, 1, USERS, RESAMPLES, 7, &interval), PAL_OK);
    assert_true(interval.mean == 0 && interval.low == 0 && interval.high == 0);
    support_close(ctx);
}

static void intervals_together_are_wider_and_do_not_depend_on_threads(void **state) {
    (void)state;
    enum { MODELS = 12 };
    static double base[USERS], models[MODELS][USERS];
    const double *others[MODELS];
    fill(base, 0, 0);
    for (int m = 0; m < MODELS; m++) {
        fill(models[m], (uint64_t)m + 1, -0.1);
        others[m] = models[m];
    }
    pal_interval alone, together[3][MODELS];
    for (int32_t threads = 1; threads <= 3; threads++) {
        pal_ctx *ctx = support_open(threads);
        assert_int_equal(pal_bootstrap_differences(ctx, base, others, MODELS, USERS, RESAMPLES, 7,
                                                   together[threads - 1]),
                         PAL_OK);
        assert_int_equal(
            pal_bootstrap_differences(ctx, base, others, 1, USERS, RESAMPLES, 7, &alone), PAL_OK);
        support_close(ctx);
    }
    assert_memory_equal(together[0], together[1], sizeof together[0]);
    assert_memory_equal(together[0], together[2], sizeof together[0]);
    assert_true(together[0][0].high - together[0][0].low > 1.2 * (alone.high - alone.low));
}

/* Of 90 users 3 are in a slice: one resample in twenty draws none of them, and nothing is said of a
 * difference. Of 10 there is an interval, of some width. */
static void few_users_tell_nothing(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    double base[90], zero[90], twelve[90];
    for (int i = 0; i < 90; i++) {
        zero[i] = 0;
        base[i] = i < 3 ? 0.1 * (i + 1) : NAN;
        twelve[i] = i < 12 ? 0.1 * (i + 1) : NAN;
    }
    const double *others[] = {zero};
    pal_interval interval;
    assert_int_equal(pal_bootstrap_differences(ctx, base, others, 1, 90, RESAMPLES, 7, &interval),
                     PAL_OK);
    assert_true(fabs(interval.mean - 0.2) < 1e-12 && isnan(interval.low) && isnan(interval.high));
    assert_int_equal(pal_bootstrap_differences(ctx, twelve, others, 1, 90, RESAMPLES, 7, &interval),
                     PAL_OK);
    double half = (interval.high - interval.low) / 2, expected = 1.96 * 0.345 / sqrt(12);
    assert_true(half > 0.7 * expected && half < 1.5 * expected);
    const double *both[] = {twelve,
                            base}; /* one of too few does not widen the other, nor hide it */
    pal_interval two[2];
    assert_int_equal(pal_bootstrap_differences(ctx, zero, both, 2, 90, RESAMPLES, 7, two), PAL_OK);
    assert_true(fabs((two[0].high - two[0].low) / 2 - half) < 1e-9 && isnan(two[1].low));
    support_close(ctx);
}

/* Users 0 to 99 were there before, 50 to 149 after, all with the same value: the fall is known to
 * the last digit. */
static void a_fall_is_between_the_means_of_those_who_were_there(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    double before[150], after[150];
    for (int i = 0; i < 150; i++) {
        before[i] = i < 100 ? 0.5 : NAN;
        after[i] = i >= 50 ? 0.25 : NAN;
    }
    pal_interval fall;
    assert_int_equal(pal_bootstrap_fall(ctx, before, after, 150, 200, 1, &fall), PAL_OK);
    assert_true(fabs(fall.mean - 0.25) < 1e-12);
    assert_true(fabs(fall.low - 0.25) < 1e-12 && fabs(fall.high - 0.25) < 1e-12);
    for (int i = 50; i < 150; i += 2) after[i] = 0.75;
    assert_int_equal(pal_bootstrap_fall(ctx, before, after, 150, 200, 1, &fall), PAL_OK);
    assert_true(fall.low < 0 && fall.mean == 0 && fall.high > 0);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mean_has_the_width_of_its_error),
        cmocka_unit_test(equal_models_differ_by_nothing),
        cmocka_unit_test(few_users_tell_nothing),
        cmocka_unit_test(intervals_together_are_wider_and_do_not_depend_on_threads),
        cmocka_unit_test(a_fall_is_between_the_means_of_those_who_were_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
