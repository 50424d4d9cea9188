/* test_ratings.c - errors of predicted values by hand: what is cut, what is unknown, who is drawn.
 */
#include "support.h"

#include <math.h>

#include "eval/ratings.h"

/* Users value items 0 … 2 as 1 … 3, so that the bias without damping predicts them exactly. */
static void train_exact(pal_ctx *ctx, support_log *log, pal_model **model) {
    const int32_t users[] = {0, 0, 0, 1, 1, 1}, items[] = {0, 1, 2, 0, 1, 2};
    const float values[] = {1, 2, 3, 1, 2, 3};
    support_log_make(ctx, log, 2, 3, 6, users, items, NULL, values);
    log->log.about.values_are_ratings = true;
    pal_train_input input = {.log = &log->log};
    assert_int_equal(pal_model_train(ctx, "bias damping=0", &input, model), PAL_OK);
}

static void errors_are_those_by_hand(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log, test;
    pal_model *model;
    pal_ratings ratings;
    pal_rating_errors errors;
    train_exact(ctx, &log, &model);
    /* User 0: item 0 off by 1, item 2 exact; user 1: an item that nobody knows gets the mean, 2. */
    const int32_t users[] = {0, 0, 1}, items[] = {0, 2, 3};
    const float values[] = {2, 3, 5};
    support_log_make(ctx, &test, 2, 4, 3, users, items, NULL, values);
    assert_int_equal(pal_ratings_make(ctx, &log.log, &log.log, &test.log, &ratings), PAL_OK);
    assert_int_equal(ratings.n, 3);
    assert_true(ratings.low == 1 && ratings.high == 3 && ratings.mean == 2);
    assert_true(fabs(ratings.constant_rmse - sqrt((0 + 1 + 9) / 3.0)) < 1e-12);
    assert_true(fabs(ratings.constant_mae - 4 / 3.0) < 1e-12);
    assert_int_equal(pal_ratings_judge(ctx, model, &ratings, 0, 200, &errors), PAL_OK);
    assert_true(fabs(errors.rmse.mean - sqrt((1 + 0 + 9) / 3.0)) < 1e-6);
    assert_true(fabs(errors.mae.mean - 4 / 3.0) < 1e-6);
    /* Users are drawn whole: from user 0 alone (rmse of 1 and 0) to user 1 alone (3). */
    assert_true(fabs(errors.rmse.low - sqrt(0.5)) < 1e-6 && fabs(errors.rmse.high - 3) < 1e-6);
    assert_int_equal(pal_ratings_judge(ctx, model, &ratings, 1, 0, &errors), PAL_OK);
    assert_true(fabs(errors.mae.mean - 0.5) < 1e-6 && isnan(errors.mae.low)); /* the first user */
    pal_ratings_release(&ratings);
    pal_model_free(model);
    support_log_release(&log);
    support_log_release(&test);
    support_close(ctx);
}

/* A stranger's history is folded in, and predictions stay on the scale. */
static void predictions_are_cut_to_the_scale(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log, known, test;
    pal_model *model;
    pal_ratings ratings;
    pal_rating_errors errors;
    train_exact(ctx, &log, &model);
    /* User 2 gave item 0 a 3, two above it: item 2 would be 5, and is cut to 3. */
    const int32_t users[] = {0, 1, 2}, items[] = {0, 0, 0}, asked_user[] = {2}, asked_item[] = {2};
    const float values[] = {1, 1, 3}, asked[] = {3};
    support_log_make(ctx, &known, 3, 3, 3, users, items, NULL, values);
    support_log_make(ctx, &test, 3, 3, 1, asked_user, asked_item, NULL, asked);
    assert_int_equal(pal_ratings_make(ctx, &log.log, &known.log, &test.log, &ratings), PAL_OK);
    assert_int_equal(pal_ratings_judge(ctx, model, &ratings, 0, 0, &errors), PAL_OK);
    assert_true(errors.rmse.mean < 1e-6);
    pal_ratings_release(&ratings);
    pal_model_free(model);
    support_log_release(&log);
    support_log_release(&known);
    support_log_release(&test);
    support_close(ctx);
}

static void values_that_are_no_ratings_are_not_judged(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_model *model;
    pal_ratings ratings;
    train_exact(ctx, &log, &model);
    log.log.about.values_are_ratings = false;
    assert_int_equal(pal_ratings_make(ctx, &log.log, &log.log, &log.log, &ratings), PAL_OK);
    assert_int_equal(ratings.n, 0);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_those_by_hand),
        cmocka_unit_test(predictions_are_cut_to_the_scale),
        cmocka_unit_test(values_that_are_no_ratings_are_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
