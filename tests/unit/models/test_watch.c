/* test_watch.c - early stopping: the best epoch is kept, its state is that of training so long. */
#include "support.h"

#include <math.h>

#include "models/train.h"

enum { USERS = 12, ITEMS = 20 };

static void make_log(pal_ctx *ctx, support_log *out) {
    static int32_t users[USERS * 8], items[USERS * 8];
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t i = 0; i < 8; i++, n++) {
            users[n] = u;
            items[n] = (u * 3 + i * i) % ITEMS;
        }
    }
    support_log_make(ctx, out, USERS, ITEMS, n, users, items, NULL, NULL);
}

typedef struct {
    int32_t calls, best; /* the judgement rises to this epoch and falls after it */
} peak;

static double judge_peak(void *arg, const pal_model *model) {
    peak *p = arg;
    assert_non_null(model->state);
    return -fabs((double)(++p->calls - p->best));
}

static pal_model *train(pal_ctx *ctx, const pal_log *log, const char *spec, peak *judge,
                        int64_t epochs) {
    pal_model *model = NULL;
    pal_train_input input = {
        .log = log, .judge = judge ? judge_peak : NULL, .judge_arg = judge, .epochs = epochs};
    if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) fail_msg("%s", ctx->error);
    return model;
}

static void assert_same_state(const pal_model *a, const pal_model *b) {
    pal_tensor of_a[PAL_TENSORS_MAX], of_b[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(a, of_a);
    assert_int_equal(pal_model_tensors(b, of_b), n);
    for (int32_t i = 0; i < n; i++)
        assert_memory_equal(*of_a[i].data, *of_b[i].data, (size_t)pal_tensor_bytes(&of_a[i]));
}

static void the_best_epoch_is_kept(void **state) {
    (void)state;
    static const char *const specs[] = {"mf tolerance=0 patience=4", "gmf tolerance=0 patience=4",
                                        "nn tolerance=0 patience=4 layers=4"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    make_log(ctx, &log);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        peak judge = {.best = 5};
        pal_model *watched = train(ctx, &log.log, specs[i], &judge, 0);
        assert_int_equal(watched->curve.best, 5);
        assert_int_equal(watched->curve.n, 9); /* and four more that were no better */
        assert_false(watched->curve.is_budget_limited);
        assert_true(watched->curve.loss[8] < watched->curve.loss[0]);
        assert_true(watched->curve.judged[4] == 0 && watched->curve.judged[0] == -4);
        pal_model *again = train(ctx, &log.log, specs[i], NULL, watched->curve.best);
        assert_same_state(watched, again);
        assert_non_null(strstr(again->spec, "epochs=5"));
        assert_int_equal(again->curve.n, 5);
        assert_int_equal(again->curve.best, 0);
        pal_model_free(watched);
        pal_model_free(again);
    }
    support_log_release(&log);
    support_close(ctx);
}

static void what_still_rises_is_said(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    make_log(ctx, &log);
    peak judge = {.best = 100};
    pal_model *model = train(ctx, &log.log, "mf epochs=6 tolerance=0", &judge, 0);
    assert_int_equal(model->curve.n, 6);
    assert_int_equal(model->curve.best, 6);
    assert_true(model->curve.is_budget_limited);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void a_deadline_ends_training(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    make_log(ctx, &log);
    pal_model *model;
    pal_train_input input = {.log = &log.log, .deadline = 1e-9};
    assert_int_equal(pal_model_train(ctx, "mf tolerance=0", &input, &model), PAL_OK);
    assert_int_equal(model->curve.n, 1);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static double judge_and_cancel(void *arg, const pal_model *model) {
    (void)model;
    atomic_store(&((pal_ctx *)arg)->cancelled, true);
    return 1;
}

static void a_request_to_stop_ends_it_with_a_sentence(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    make_log(ctx, &log);
    pal_model *model;
    pal_train_input input = {.log = &log.log, .judge = judge_and_cancel, .judge_arg = ctx};
    assert_int_equal(pal_model_train(ctx, "mf", &input, &model), PAL_ECANCELLED);
    assert_null(ctx->listener);
    support_log_release(&log);
    support_close(ctx);
}

static void divergence_is_said(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    const int32_t users[] = {0, 0, 1, 1}, items[] = {0, 1, 0, 1};
    const float values[] = {1000, 900, 800, 700};
    support_log_make(ctx, &log, 2, 2, 4, users, items, NULL, values);
    pal_model *model;
    pal_train_input input = {.log = &log.log};
    assert_int_equal(
        pal_model_train(ctx, "mf target=value learning_rate=1 biases=0", &input, &model),
        PAL_EDATA);
    assert_non_null(strstr(ctx->error, "diverged in epoch"));
    assert_non_null(strstr(ctx->error, "learning_rate under 1"));
    support_log_release(&log);
    support_close(ctx);
}

/* The loss of an event is bounded whatever the rows are. */
static void rows_that_are_no_numbers_are_said(void **state) {
    (void)state;
    static const char *const kinds[] = {"mf", "gmf", "nn"};
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_model *model;
    make_log(ctx, &log);
    for (int32_t k = 0; k < 3; k++) {
        char spec[80], expected[80];
        snprintf(spec, sizeof spec, "%s target=event learning_rate=10 epochs=9 tolerance=0",
                 kinds[k]);
        snprintf(expected, sizeof expected, "%s: diverged in epoch ", kinds[k]);
        assert_int_equal(pal_model_train(ctx, spec, &(pal_train_input){.log = &log.log}, &model),
                         PAL_EDATA);
        assert_non_null(strstr(ctx->error, expected));
        assert_non_null(strstr(ctx->error, "learning_rate under 10"));
    }
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_epoch_is_kept),
        cmocka_unit_test(what_still_rises_is_said),
        cmocka_unit_test(a_deadline_ends_training),
        cmocka_unit_test(a_request_to_stop_ends_it_with_a_sentence),
        cmocka_unit_test(divergence_is_said),
        cmocka_unit_test(rows_that_are_no_numbers_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
