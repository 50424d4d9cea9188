/* test_case.c - what the article's case promises whatever its numbers are. */
#include "support.h"

#include <math.h>

#include "choose/case.h"

static const pal_case_options few = {.iterations = 6, .factors = 10, .learning_rate = 0.01};

static void run_case(int32_t n_threads, const pal_case_options *options, pal_case_results *out) {
    pal_ctx *ctx = support_open(n_threads);
    memset(out, 0, sizeof *out);
    if (pal_case_compute(ctx, options, out) != PAL_OK) fail_msg("%s", ctx->error);
    support_close(ctx);
}

static void matrices_are_as_told(void **state) {
    (void)state;
    static pal_case_results results;
    run_case(1, &few, &results);
    const pal_case_matrix *full = &results.parts[PAL_CASE_FULL].matrix,
                          *sparse = &results.parts[PAL_CASE_SPARSE].matrix;
    assert_int_equal(full->train.n, PAL_CASE_CELLS);
    assert_int_equal(full->held.n, 0);
    assert_true(full->lowest >= 0 && full->highest < 1);
    /* 2000 cells are filled and 400 of them held out, give or take five standard deviations. */
    assert_in_range(sparse->train.n + sparse->held.n, 1800, 2200);
    assert_in_range(sparse->held.n, 310, 490);
    assert_true(sparse->lowest == 1 && sparse->highest == 5);
    for (int64_t t = 0; t < sparse->held.n; t++) {
        int32_t c = sparse->held.users[t] * PAL_CASE_ITEMS + sparse->held.items[t];
        assert_int_equal(sparse->cells[c], PAL_CELL_HELD);
        assert_true(sparse->held.targets[t] == round(sparse->held.targets[t]));
    }
    pal_case_release(&results);
}

static const pal_case_run *find_run(const pal_case_part *part, const char *model,
                                    pal_step_order order, bool is_largest) {
    for (int32_t r = 2; r < part->n_runs; r++) {
        const pal_case_run *run = &part->runs[r];
        if (!strcmp(run->model, model) && run->order == order && run->is_largest == is_largest)
            return run;
    }
    return NULL;
}

static void divergence_is_told_and_mended(void **state) {
    (void)state;
    static pal_case_results results;
    run_case(2, &few, &results);
    const pal_case_part *part = &results.parts[PAL_CASE_FULL];
    const pal_case_run *wild = find_run(part, "mf", PAL_STEP_WHOLE, false),
                       *tame = find_run(part, "mf", PAL_STEP_WHOLE, true);
    assert_true(wild && wild->outcome == PAL_CASE_DIVERGED && !wild->predicted);
    double last = wild->losses[wild->n_iterations];
    assert_true(!isfinite(last) || last > 1e6 * wild->losses[0]);
    assert_true(isnan(wild->train_rmse));
    assert_true(tame && tame->outcome != PAL_CASE_DIVERGED && tame->predicted);
    assert_true(tame->rate > 0 && tame->rate < 0.01);

    /* An eighth above what was found diverges: the rate is the largest to that. */
    pal_case_options above = few;
    static pal_case_results again;
    above.learning_rate = tame->rate * 1.13;
    run_case(2, &above, &again);
    const pal_case_run *next = find_run(&again.parts[PAL_CASE_FULL], "mf", PAL_STEP_WHOLE, false);
    assert_int_equal(next->outcome, PAL_CASE_DIVERGED);
    pal_case_release(&again);
    pal_case_release(&results);
}

static void best_and_lists_are_right(void **state) {
    (void)state;
    static pal_case_results results;
    run_case(2, &few, &results);
    const pal_case_part *part = &results.parts[PAL_CASE_SPARSE];
    assert_in_range(part->best, 2, part->n_runs - 1);
    for (int32_t r = 2; r < part->n_runs; r++)
        assert_false(part->runs[r].held_rmse < part->runs[part->best].held_rmse);
    const double *predicted = part->runs[part->best].predicted;
    for (int32_t user = 0; user < PAL_CASE_LISTS; user++) {
        double lowest = INFINITY;
        for (int32_t p = 0; p < PAL_CASE_PICKS; p++) {
            const pal_case_pick *pick = &part->lists[user][p];
            assert_int_not_equal(part->matrix.cells[user * PAL_CASE_ITEMS + pick->item],
                                 PAL_CELL_TRAIN);
            assert_true(pick->predicted == predicted[user * PAL_CASE_ITEMS + pick->item]);
            assert_true(pick->predicted <= lowest);
            lowest = pick->predicted;
        }
        int32_t n_above = 0;
        for (int32_t i = 0; i < PAL_CASE_ITEMS; i++) {
            int32_t c = user * PAL_CASE_ITEMS + i;
            n_above += part->matrix.cells[c] != PAL_CELL_TRAIN && predicted[c] > lowest;
        }
        assert_true(n_above < PAL_CASE_PICKS);
    }
    pal_case_release(&results);
}

static void threads_change_nothing(void **state) {
    (void)state;
    static pal_case_results one, three;
    run_case(1, &few, &one);
    run_case(3, &few, &three);
    for (int p = 0; p < PAL_CASE_MATRICES; p++) {
        assert_int_equal(one.parts[p].n_runs, three.parts[p].n_runs);
        for (int32_t r = 0; r < one.parts[p].n_runs; r++) {
            const pal_case_run *a = &one.parts[p].runs[r], *b = &three.parts[p].runs[r];
            assert_int_equal(a->n_iterations, b->n_iterations);
            assert_true(a->rate == b->rate && !a->predicted == !b->predicted);
            if (a->predicted)
                assert_memory_equal(a->predicted, b->predicted, PAL_CASE_CELLS * sizeof(double));
        }
    }
    pal_case_release(&one);
    pal_case_release(&three);
}

static void stops_on_request(void **state) {
    (void)state;
    static pal_case_results results;
    pal_ctx *ctx = support_open(1);
    atomic_store(&ctx->cancelled, true);
    assert_int_equal(pal_case_compute(ctx, &few, &results), PAL_ECANCELLED);
    pal_case_release(&results);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_are_as_told),     cmocka_unit_test(divergence_is_told_and_mended),
        cmocka_unit_test(best_and_lists_are_right), cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(stops_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
