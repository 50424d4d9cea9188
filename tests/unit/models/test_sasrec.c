/* test_sasrec.c - what conformance does not see of sasrec: all losses learn what follows, histories
 * of any length are answered, windows, and what it refuses. */
#include "support_models.h"

#include <math.h>

#include "models/train.h"

enum { USERS = 24, LONG = 9, ITEMS = 12 };

static void score(const pal_model *model, const int32_t *items, int32_t n, float *scores) {
    pal_query query = {.items = items, .n_events = n};
    const pal_kind *kind = model->kind;
    void *scratch = calloc(1, kind->scratch_bytes(model->params, model->state, 1));
    assert_non_null(scratch);
    kind->score(model->params, model->state, &query, 1, scratch, scores);
    free(scratch);
}

static int32_t best_of(const float *scores) {
    int32_t best = 0;
    for (int32_t i = 0; i < ITEMS; i++) {
        assert_true(isfinite(scores[i]));
        if (scores[i] > scores[best]) best = i;
    }
    return best;
}

#define SMALL "sasrec factors=16 batch=8 epochs=60 learning_rate=0.01 dropout=0 "

static void every_loss_learns_what_follows(void **state) {
    (void)state;
    static const char *const specs[] = {
        SMALL "length=9 loss=softmax", SMALL "length=9 loss=sampled negatives=4",
        SMALL "length=9 loss=bpr negatives=4", SMALL "length=9 loss=gbce negatives=4",
        SMALL "loss=softmax length=4 heads=2 blocks=1 inner=24"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_circle_make(ctx, USERS, LONG, ITEMS, &log);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = support_train_log(ctx, specs[i], &log.log);
        int32_t history[] = {3, 4, 5, 6};
        float scores[ITEMS];
        score(model, history, 4, scores);
        /* One's own items are spared: seen ones may come higher, lists hide them. */
        for (int32_t h = 0; h < 4; h++) scores[history[h]] = -100;
        assert_int_equal(best_of(scores), 7);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* What lies before the window does not matter; one event, none and repeats are answered. */
static void histories_may_be_of_any_length(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    support_circle_make(ctx, USERS, LONG, ITEMS, &log);
    pal_model *model = support_train_log(ctx, SMALL "length=8 loss=softmax", &log.log);
    int32_t history[30];
    for (int32_t i = 0; i < 30; i++) history[i] = (i * i + 1) % ITEMS;
    float whole[ITEMS], window[ITEMS], other[ITEMS];
    score(model, history, 30, whole);
    score(model, history + 22, 8, window);
    assert_memory_equal(whole, window, sizeof whole);
    score(model, history + 23, 7, other);
    assert_memory_not_equal(whole, other, sizeof whole);
    score(model, history, 1, other);
    best_of(other);
    score(model, NULL, 0, other);
    best_of(other);
    const int32_t repeats[] = {2, 2, 2, 2};
    score(model, repeats, 4, other);
    best_of(other);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

/* Nobody has two events: what histories begin with is all that there is to learn. */
static void single_events_teach_beginnings(void **state) {
    (void)state;
    static const int32_t users[] = {0, 1, 2, 3}, items[] = {1, 1, 1, 0};
    static const int64_t times[] = {5, 6, 7, 8};
    pal_ctx *ctx = support_open(1);
    support_log log;
    support_log_make(ctx, &log, 4, 2, 4, users, items, times, NULL);
    pal_model *model = support_train_log(ctx, SMALL, &log.log);
    float scores[2];
    score(model, NULL, 0, scores);
    assert_true(scores[1] > scores[0]);
    score(model, items, 2, scores);
    assert_true(isfinite(scores[0]) && isfinite(scores[1]));
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void what_cannot_be_is_refused(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    support_circle_make(ctx, USERS, LONG, ITEMS, &log);
    pal_model *model = NULL;
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "sasrec factors=10 heads=4", &input, &model), PAL_EUSAGE);
    assert_string_equal(ctx->error, "sasrec: heads 4 does not divide factors 10: use factors=12");
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_loss_learns_what_follows),
                                       cmocka_unit_test(histories_may_be_of_any_length),
                                       cmocka_unit_test(single_events_teach_beginnings),
                                       cmocka_unit_test(what_cannot_be_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
