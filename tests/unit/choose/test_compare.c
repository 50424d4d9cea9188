/* test_compare.c - a comparison from options to its rows: what stands there when a budget or a
 * request to stop cuts it short, and who answers strangers in the end. */
#include "support.h"

#include "choose/compare.h"
#include "models/rank.h"

enum { USERS = 40, EVENTS = 1200 };

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_data data;
    pal_comparison comparison;
} bench;

/* The earlier an item's row, the more it is used. */
static void bench_open(bench *b) {
    static int32_t users[EVENTS], items[EVENTS];
    static int64_t times[EVENTS];
    static float values[EVENTS];
    memset(b, 0, sizeof *b);
    b->ctx = support_open(2);
    uint32_t state = 1;
    for (int32_t e = 0; e < EVENTS; e++) {
        state = state * 1664525u + 1013904223u;
        users[e] = e % USERS;
        items[e] = (int32_t)((state >> 16) % 30 * ((state >> 8) % 30) / 30);
        times[e] = 1000000 + 3600 * (int64_t)e;
        values[e] = (float)(1 + (state >> 20) % 5);
    }
    support_log_make(b->ctx, &b->log, USERS, 30, EVENTS, users, items, times, values);
    b->data.n_parts = 1;
    b->data.parts[0] = b->log.log;
}

static pal_status bench_run(bench *b, const char *options) {
    static const char *const specs[] = {"popular", "item_knn", NULL};
    return pal_compare_run(b->ctx, &b->data, specs, options, NULL, NULL, &b->comparison);
}

static void bench_close(bench *b) {
    support_log_release(&b->log);
    support_close(b->ctx);
}

static void a_budget_that_skips_all_is_an_error_with_its_reason(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    assert_int_equal(bench_run(&b, "task=both allow_drop hide=none budget=0.000000001"), PAL_EDATA);
    assert_non_null(strstr(b.ctx->error, "no model could be compared"));
    assert_non_null(strstr(b.ctx->error, "raise --budget"));
    bench_close(&b);
}

static void strangers_are_answered_by_the_fallback_that_was_asked_for(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    if (bench_run(&b, "hide=none fallback='popular half_life=1d'") != PAL_OK)
        fail_msg("%s", b.ctx->error);
    const pal_table *table = &b.comparison.tables[0];
    assert_int_equal(table->winner_strangers, -1); /* validation has none */
    const pal_model *model = table->rows[table->winner_known].model;
    assert_non_null(model->fallback);
    assert_string_equal(model->fallback->spec, "popular half_life=1d");
    assert_int_equal(pal_model_fallback_use(model), PAL_FALLBACK_MODEL);
    pal_comparison_release(&b.comparison);
    bench_close(&b);
}

static void a_fold_may_be_asked_for_by_its_initial_value(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    if (bench_run(&b, "hide=none task=window split='kfold folds=3 fold=0'") != PAL_OK)
        fail_msg("%s", b.ctx->error);
    assert_int_equal(b.comparison.n_folds, 3);
    pal_comparison_release(&b.comparison);
    bench_close(&b);
}

typedef struct {
    pal_ctx *ctx;
    const char *at;
} stopper;

static void stop_in_fold(void *arg, pal_notice_type type, const char *text) {
    const stopper *stop = arg;
    (void)type;
    if (!strcmp(text, stop->at)) atomic_store(&stop->ctx->cancelled, true);
}

static void folds_that_are_done_are_kept_when_stopped(void **state) {
    (void)state;
    static const char *const stops[] = {"fold 2 of 4", "fold 4 of 4"};
    static const int32_t left[] = {0, 3};
    for (int i = 0; i < 2; i++) {
        bench b;
        bench_open(&b);
        stopper stop = {b.ctx, stops[i]};
        b.ctx->notice = stop_in_fold;
        b.ctx->notice_arg = &stop;
        if (bench_run(&b, "hide=none task=window split='kfold folds=4'") != PAL_OK)
            fail_msg("%s", b.ctx->error);
        assert_true(b.comparison.interrupted);
        assert_int_equal(b.comparison.n_folds, left[i]);
        assert_true(b.comparison.tables[0].winner_known >= 0);
        for (int32_t r = 0; r < 2; r++)
            assert_int_equal(b.comparison.tables[0].rows[r].status, PAL_ROW_DONE);
        pal_comparison_release(&b.comparison);
        bench_close(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_that_skips_all_is_an_error_with_its_reason),
        cmocka_unit_test(strangers_are_answered_by_the_fallback_that_was_asked_for),
        cmocka_unit_test(a_fold_may_be_asked_for_by_its_initial_value),
        cmocka_unit_test(folds_that_are_done_are_kept_when_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
