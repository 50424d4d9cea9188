/* test_plan.c - who may begin under a budget, and until when. */
#include "support.h"

#include "base/progress.h"
#include "choose/plan.h"

typedef struct {
    pal_comparison comparison;
    pal_row rows[2];
    pal_estimate plan[2];
} bench;

static void bench_start(bench *b, double budget, double seconds) {
    memset(b, 0, sizeof *b);
    b->comparison.options.budget = budget;
    b->comparison.started = pal_clock();
    b->comparison.tables[0].rows = b->rows;
    b->comparison.plan = b->plan;
    b->comparison.n_plan = 2;
    b->plan[0].seconds = b->plan[1].seconds = seconds;
}

static void without_a_budget_all_may_begin(void **state) {
    (void)state;
    bench b;
    double deadline = 1;
    char reason[PAL_ERROR_MAX] = "";
    bench_start(&b, 0, 1e9);
    assert_true(pal_plan_allows(&b.comparison, 0, 2, &deadline, reason));
    assert_true(deadline == 0);
    assert_string_equal(reason, "");
}

static void what_does_not_fit_is_told_why(void **state) {
    (void)state;
    bench b;
    double deadline;
    char reason[PAL_ERROR_MAX] = "";
    bench_start(&b, 100, 1000);
    assert_false(pal_plan_allows(&b.comparison, 0, 2, &deadline, reason));
    assert_non_null(strstr(reason, "would take about 16 min 40 s"));
    assert_non_null(strstr(reason, "raise --budget"));
    /* Runs and controls past the specs are no training. */
    assert_true(pal_plan_allows(&b.comparison, 2, 2, &deadline, reason));
    b.comparison.started -= 200;
    assert_false(pal_plan_allows(&b.comparison, 0, 2, &deadline, reason));
    assert_non_null(strstr(reason, "the budget of 1 min 40 s was used up"));
}

/* Half of what is left for the first of two rows, and of that half: the other is the final fit. */
static void epochs_end_in_time(void **state) {
    (void)state;
    bench b;
    double deadline;
    char reason[PAL_ERROR_MAX];
    bench_start(&b, 100, 1000);
    b.rows[0].has_epochs = b.rows[1].has_epochs = true;
    double now = pal_clock();
    assert_true(pal_plan_allows(&b.comparison, 0, 2, &deadline, reason));
    assert_true(deadline > now + 20 && deadline < now + 26);
    assert_true(pal_plan_allows(&b.comparison, 1, 2, &deadline, reason));
    assert_true(deadline > now + 40 && deadline < now + 51);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_budget_all_may_begin),
        cmocka_unit_test(what_does_not_fit_is_told_why),
        cmocka_unit_test(epochs_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
