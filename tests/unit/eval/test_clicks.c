/* test_clicks.c - click tables with numbers worked out by hand, and what counts as an impression.
 */
#include "support.h"

#include <math.h>

#include "eval/clicks.h"
#include "models/train.h"

enum { CLICK, SHOWN };

/* A log of clicks and shown events with ids "u<row>" and "i<row>". */
static void typed_log(pal_ctx *ctx, support_log *out, int32_t n_users, int32_t n_items, int64_t n,
                      const int32_t *users, const int32_t *items, const uint8_t *types) {
    int64_t times[64];
    support_log empty;
    for (int64_t e = 0; e < n; e++) times[e] = e;
    support_log_make(ctx, &empty, n_users, n_items, 0, users, items, times, NULL);
    pal_log_about about = empty.log.about;
    about.n_types = 2;
    strcpy(about.type_names[CLICK], "click");
    strcpy(about.type_names[SHOWN], "Shown");
    about.target_types = 1u << CLICK;
    about.shown_types = 1u << SHOWN;
    *out = empty;
    about.user_ids = &out->users;
    about.item_ids = &out->items;
    pal_log_release(&out->log);
    pal_events events = {.n = n, .users = users, .items = items, .times = times, .types = types};
    assert_int_equal(pal_log_build(ctx, &events, &about, &out->log), PAL_OK);
}

typedef struct {
    support_log known, targets, shown;
} parts;

/* Before: i0 was used by three, i1 by two, i2 by one; i3 is new. Then u0 clicks i0 and i1 and is
 * shown i0 too, i2 and i3; u1 clicks i2 twice and is shown i0; u2 is shown i1 alone; u3, a stranger
 * without a row before, clicks nothing and is shown i3. */
static void parts_make(pal_ctx *ctx, parts *p) {
    static const int32_t users[] = {0, 1, 2, 1, 2, 2}, items[] = {0, 0, 0, 1, 1, 2};
    static const uint8_t types[] = {0, 0, 0, 0, 0, 0};
    typed_log(ctx, &p->known, 3, 3, 6, users, items, types);
    static const int32_t target_users[] = {0, 0, 1, 1}, target_items[] = {0, 1, 2, 2};
    typed_log(ctx, &p->targets, 3, 3, 4, target_users, target_items, types);
    static const int32_t shown_users[] = {0, 0, 0, 1, 2, 3}, shown_items[] = {0, 2, 3, 0, 1, 3};
    static const uint8_t shown_types[] = {1, 1, 1, 1, 1, 1};
    typed_log(ctx, &p->shown, 4, 4, 6, shown_users, shown_items, shown_types);
}

static void parts_release(parts *p) {
    support_log_release(&p->known);
    support_log_release(&p->targets);
    support_log_release(&p->shown);
}

static void an_impression_is_counted_once(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    parts p;
    pal_clicks clicks;
    parts_make(ctx, &p);
    assert_int_equal(pal_clicks_make(ctx, &p.known.log, &p.targets.log, &p.shown.log, &clicks),
                     PAL_OK);
    static const int64_t starts[] = {0, 4, 6, 7, 8};
    static const int32_t items[] = {0, 1, 2, 3, 0, 2, 1, 3};
    static const uint8_t clicked[] = {1, 1, 0, 0, 0, 1, 0, 0};
    assert_int_equal(clicks.n_users, 4);
    assert_int_equal(clicks.n, 8);
    assert_int_equal(clicks.n_clicked, 3);
    assert_memory_equal(clicks.starts, starts, sizeof starts);
    assert_memory_equal(clicks.items, items, sizeof items);
    assert_memory_equal(clicks.clicked, clicked, sizeof clicked);
    assert_int_equal(clicks.queries[0].n_events, 1);
    assert_int_equal(clicks.queries[3].n_events, 0);
    assert_int_equal(clicks.queries[3].user_plus_1, 0);
    pal_clicks_release(&clicks);
    /* Without shown events, or without clicks, there is nothing to tell apart. */
    support_log none;
    typed_log(ctx, &none, 4, 4, 0, NULL, NULL, NULL);
    assert_int_equal(pal_clicks_make(ctx, &p.known.log, &p.targets.log, &none.log, &clicks),
                     PAL_OK);
    assert_int_equal(clicks.n, 0);
    assert_int_equal(pal_clicks_make(ctx, &p.known.log, &none.log, &p.shown.log, &clicks), PAL_OK);
    assert_int_equal(clicks.n, 0);
    support_log_release(&none);
    parts_release(&p);
    support_close(ctx);
}

static void assert_near(const char *what, double value, double expected) {
    if (!(fabs(value - expected) < 1e-6)) fail_msg("%s is %.7f, not %.7f", what, value, expected);
}

/* Popularity scores i0 3, i1 2, i2 1; i3, which it does not know, gets the mean of the six others
 * that it scores: (3 + 2 + 1 + 3 + 1 + 2) / 6 = 2. Clicked: 3, 2, 1; shown: 1, 2, 3, 2, 2. */
static void the_toy_has_the_numbers_of_the_hand(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    parts p;
    pal_clicks clicks;
    pal_model *model;
    parts_make(ctx, &p);
    assert_int_equal(pal_clicks_make(ctx, &p.known.log, &p.targets.log, &p.shown.log, &clicks),
                     PAL_OK);
    pal_train_input input = {.log = &p.known.log, .histories = &p.known.log};
    if (pal_model_train(ctx, "popular", &input, &model) != PAL_OK) fail_msg("%s", ctx->error);
    double scores[8];
    static const double expected[] = {3, 2, 1, 2, 3, 1, 2, 2};
    assert_int_equal(pal_clicks_score(ctx, model, &clicks, scores), PAL_OK);
    for (int i = 0; i < 8; i++) assert_near("a score", scores[i], expected[i]);
    pal_click_curve curve = {.a = 0, .b = 1, .center = 2, .scale = 1};
    pal_click_errors errors;
    assert_int_equal(pal_clicks_judge(ctx, &clicks, scores, &curve, 1000, &errors), PAL_OK);
    /* 3 is above four of five and level with one, 2 above one and level with three, 1 level with
     * one: (4.5 + 2.5 + 0.5) / 15. */
    assert_near("auc", errors.auc.mean, 7.5 / 15);
    assert_true(errors.auc.low < 0.5 && errors.auc.high > 0.5);
    /* u0: (2 + 1.5) / 4 over 4 impressions, u1: 0 over 2; the others have one class. */
    assert_near("gauc", errors.gauc.mean, (3.5 / 4 * 4 + 0 * 2) / 6);
    double up = 1 / (1 + exp(-1.0)), down = 1 - up;
    assert_near(
        "logloss", errors.logloss.mean,
        -(log(up) + log(.5) + log(1 - down) + log(.5) + log(1 - up) + log(down) + 2 * log(.5)) / 8);
    /* Ten bins of at most one: 2 are 1/2 clicked where p is low, 2 where it is high, and of the
     * four in the middle a quarter. */
    assert_near("calibration", errors.calibration,
                (2 * fabs(down - .5) + 4 * fabs(.5 - .25) + 2 * fabs(up - .5)) / 8);
    pal_model_free(model);
    pal_clicks_release(&clicks);
    parts_release(&p);
    support_close(ctx);
}

/* Scores of 0 are clicked once in four, of 1 three times: the likelihood is largest where the
 * probabilities are the shares. */
static void newton_finds_the_shares(void **state) {
    (void)state;
    static uint8_t clicked[] = {1, 0, 0, 0, 1, 1, 1, 0};
    static const double scores[] = {0, 0, 0, 0, 1, 1, 1, 1}, same[8] = {5, 5, 5, 5, 5, 5, 5, 5};
    pal_clicks clicks = {.n = 8, .n_clicked = 4, .clicked = clicked};
    pal_click_curve curve;
    pal_clicks_fit(&clicks, scores, &curve);
    assert_true(fabs(pal_click_probability(&curve, 0) - .25) < 1e-5);
    assert_true(fabs(pal_click_probability(&curve, 1) - .75) < 1e-5);
    /* A score that tells nothing leaves the share of clicks. */
    pal_clicks_fit(&clicks, same, &curve);
    assert_near("a constant", pal_click_probability(&curve, 5), .5);
    /* One that tells all stays finite, and huge scores do no harm. */
    static uint8_t apart[] = {0, 0, 0, 0, 1, 1, 1, 1};
    static const double huge[] = {-1e30, -1e30, -1e30, -1e30, 1e30, 1e30, 1e30, 1e30};
    clicks.clicked = apart;
    pal_clicks_fit(&clicks, huge, &curve);
    assert_true(isfinite(curve.a) && isfinite(curve.b) && curve.b > 1);
    assert_true(pal_click_probability(&curve, 1e30) > 0.99);
    assert_true(pal_click_probability(&curve, -1e30) < 0.01);
    pal_clicks nobody = {0};
    pal_clicks_fit(&nobody, NULL, &curve);
    assert_true(isnan(curve.a));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_impression_is_counted_once),
        cmocka_unit_test(the_toy_has_the_numbers_of_the_hand),
        cmocka_unit_test(newton_finds_the_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
