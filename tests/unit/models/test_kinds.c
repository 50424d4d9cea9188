/* test_kinds.c - kinds on logs small enough to work out by hand. */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "data/read.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

/* u0: a b; u1: a b c; u2: a c; u3: d. Times 0, 100, 200, 300 by user. */
static void small_log(pal_ctx *ctx, support_log *out) {
    const int32_t users[] = {0, 0, 1, 1, 1, 2, 2, 3}, items[] = {0, 1, 0, 1, 2, 0, 2, 3};
    const int64_t times[] = {0, 0, 100, 100, 100, 200, 200, 300};
    support_log_make(ctx, out, 4, 4, 8, users, items, times, NULL);
}

/* The score of `item` for somebody who used `history`. */
static float score_of(pal_ctx *ctx, const pal_log *log, const char *spec, int32_t history,
                      int32_t item) {
    pal_model *model = support_train_log(ctx, spec, log);
    pal_arena arena = {0};
    pal_lists lists;
    pal_query query = {.n_events = 1, .items = &history};
    assert_int_equal(pal_rank(ctx, model, &query, 1,
                              &(pal_rank_options){.k = 4, .hide = PAL_HIDE_NONE}, &arena, &lists),
                     PAL_OK);
    float score = NAN;
    for (int32_t i = 0; i < lists.counts[0]; i++)
        score = lists.items[i] == item ? lists.scores[i] : score;
    pal_arena_release(&arena);
    pal_model_free(model);
    return score;
}

static void similarities_are_their_formulas(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    small_log(ctx, &log);
    /* a: 3 users, b: 2, both: 2; 4 users in all. */
    const double expected[][2] = {{2 / sqrt(6.0), 0},
                                  {2.0 / 3, 0},
                                  {(2 - 3 * 2 / 4.0) / sqrt((3 - 9 / 4.0) * (2 - 4 / 4.0)), 0}};
    const char *const specs[] = {"item_knn metric=cosine shrink=0",
                                 "item_knn metric=jaccard shrink=0",
                                 "item_knn metric=pearson shrink=0"};
    for (int i = 0; i < 3; i++)
        assert_true(fabs(score_of(ctx, &log.log, specs[i], 1, 0) - expected[i][0]) < 1e-6);
    assert_true(fabs(score_of(ctx, &log.log, "item_knn shrink=2", 1, 0) - 2 / sqrt(6.0) * 2 / 4) <
                1e-6);
    /* k = 1: b's only neighbour is a, but a's is b (equal to c, smaller row), so that c does not
     * follow from a. */
    assert_true(score_of(ctx, &log.log, "item_knn k=1 shrink=0", 0, 1) > 0);
    assert_true(score_of(ctx, &log.log, "item_knn k=1 shrink=0", 1, 2) == 0);
    /* tfidf: users who used less weigh more; the columns' cosine with weights log(4) - log(1 + n).
     */
    double w2 = pow(log1p(3) - log1p(2), 2), w3 = pow(fmax(0, log1p(3) - log1p(3)), 2);
    double tfidf = (w2 + w3) / sqrt((w2 + w3 + w2) * (w2 + w3));
    assert_true(fabs(score_of(ctx, &log.log, "item_knn metric=tfidf shrink=0", 1, 0) - tfidf) <
                1e-5);
    assert_true(score_of(ctx, &log.log, "item_knn metric=bm25 shrink=0", 1, 0) > 0);
    support_log_release(&log);
    support_close(ctx);
}

static void popular_counts_users_and_halves(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    small_log(ctx, &log);
    assert_true(score_of(ctx, &log.log, "popular", 3, 0) == 3);
    /* a was used 300, 200 and 100 seconds before the end. */
    assert_true(fabs(score_of(ctx, &log.log, "popular half_life=100s", 3, 0) -
                     (0.125 + 0.25 + 0.5)) < 1e-6);
    assert_true(score_of(ctx, &log.log, "popular half_life=100s", 3, 3) == 1);
    support_log_release(&log);
    support_close(ctx);
}

/* B_ij = -P_ij / P_jj with P the inverse of the Gram matrix plus l2 on its diagonal, worked out by
 * Gauss and Jordan. */
static void ease_is_its_closed_form(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    small_log(ctx, &log);
    double a[4][8] = {{3 + 2, 2, 2, 0, 1},
                      {2, 2 + 2, 1, 0, 0, 1},
                      {2, 1, 2 + 2, 0, 0, 0, 1},
                      {0, 0, 0, 1 + 2, 0, 0, 0, 1}};
    for (int p = 0; p < 4; p++) {
        double pivot = a[p][p];
        for (int c = 0; c < 8; c++) a[p][c] /= pivot;
        for (int r = 0; r < 4; r++) {
            double factor = a[r][p];
            for (int c = 0; r != p && c < 8; c++) a[r][c] -= factor * a[p][c];
        }
    }
    for (int j = 0; j < 4; j++) {
        for (int i = 0; i < 4; i++) {
            double expected = i == j ? 0 : -a[j][4 + i] / a[i][4 + i];
            assert_true(fabs(score_of(ctx, &log.log, "ease l2=2", j, i) - expected) < 1e-5);
        }
    }
    support_log_release(&log);
    support_close(ctx);
}

/* Solved on all other items, a column of the sparse form is the dense one's. */
static void ease_sparse_on_all_items_is_dense(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    small_log(ctx, &log);
    for (int j = 0; j < 4; j++) {
        for (int i = 0; i < 4; i++) {
            double dense = score_of(ctx, &log.log, "ease l2=2", j, i);
            double sparse = score_of(ctx, &log.log, "ease form=sparse l2=2", j, i);
            assert_true(fabs(dense - sparse) < 1e-5);
        }
    }
    support_log_release(&log);
    support_close(ctx);
}

/* Where the dense matrix does not fit, auto takes the sparse form; its file is whole. */
static void ease_goes_sparse_by_itself(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    enum { USERS = 300, ITEMS = 200, EACH = 8 };
    static int32_t users[USERS * EACH], items[USERS * EACH];
    pal_rng rng = pal_rng_at(5, 0);
    for (int32_t e = 0; e < USERS * EACH; e++) {
        users[e] = e / EACH;
        items[e] = (int32_t)(e < ITEMS ? (uint32_t)e : pal_rng_below(&rng, ITEMS));
    }
    support_log_make(ctx, &log, USERS, ITEMS, USERS * EACH, users, items, NULL, NULL);
    ctx->memory_limit = 4 * ITEMS * ITEMS - 1;
    pal_model *model = NULL;
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "ease k=16", &input, &model), PAL_OK);
    assert_true(pal_model_state_bytes(model) < 4 * ITEMS * ITEMS / 2);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

/* Walks of the small log by hand: items 0 and 1 share users 0 and 1. */
static void rp3beta_is_its_walks(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    small_log(ctx, &log);
    const double x[4][4] = {{1, 1}, {1, 1, 1}, {1, 0, 1}, {0, 0, 0, 1}};
    double by_user[4] = {0}, by_item[4] = {0};
    for (int u = 0; u < 4; u++) {
        for (int i = 0; i < 4; i++) {
            by_user[u] += x[u][i];
            by_item[i] += x[u][i];
        }
    }
    for (int j = 0; j < 4; j++) {
        for (int i = 0; i < 4; i++) {
            double expected = 0;
            for (int u = 0; u < 4 && i != j; u++) {
                if (x[u][j] > 0 && x[u][i] > 0)
                    expected += pow(1 / by_item[j], .5) * pow(1 / by_user[u], .5);
            }
            expected /= pow(by_item[i], .8);
            double score = score_of(ctx, &log.log, "rp3beta alpha=0.5 beta=0.8", j, i);
            assert_true(fabs(score - expected) < 1e-6);
        }
    }
    support_log_release(&log);
    support_close(ctx);
}

static void ease_says_what_it_would_need(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    small_log(ctx, &log);
    ctx->memory_limit = 10;
    pal_model *model = NULL;
    assert_int_equal(
        pal_model_train(ctx, "ease form=dense", &(pal_train_input){.log = &log.log}, &model),
        PAL_ENOMEM);
    assert_non_null(strstr(ctx->error, "--memory"));
    support_log_release(&log);
    support_close(ctx);
}

/* Events whose weights are next to nothing divide columns by their norms all the same. */
static void faded_events_leave_scores_finite(void **state) {
    (void)state;
    static const char *const specs[] = {"item_knn shrink=0",
                                        "item_knn metric=jaccard shrink=0",
                                        "item_knn metric=pearson shrink=0",
                                        "item_knn metric=tfidf shrink=0",
                                        "item_knn metric=bm25 shrink=0",
                                        "user_knn",
                                        "user_knn metric=jaccard",
                                        "markov",
                                        "popular",
                                        "ease"};
    pal_ctx *ctx = support_open(1);
    support_log log;
    small_log(ctx, &log);
    for (int half_life = 1; half_life < 20; half_life++) {
        pal_log weighed;
        assert_int_equal(pal_log_weigh(ctx, &log.log, half_life, 0, &weighed), PAL_OK);
        for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
            for (int32_t item = 0; item < 16; item++) {
                float score = score_of(ctx, &weighed, specs[i], item / 4, item % 4);
                if (isnan(score)) continue; /* not listed */
                if (!isfinite(score) || score > 100) fail_msg("%s: %g", specs[i], (double)score);
            }
        }
        pal_log_release(&weighed);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* A judge who likes the second epoch best. */
static double judge_second(void *arg, const pal_model *model) {
    (void)model;
    return ++*(int32_t *)arg == 2;
}

static void only_patience_keeps_the_best_epoch(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    small_log(ctx, &log);
    const char *const specs[] = {"mf epochs=6 patience=0", "mf epochs=6 patience=3"};
    for (int i = 0; i < 2; i++) {
        int32_t asked = 0;
        pal_train_input input = {.log = &log.log, .judge = judge_second, .judge_arg = &asked};
        pal_model *model = NULL;
        if (pal_model_train(ctx, specs[i], &input, &model) != PAL_OK) fail_msg("%s", ctx->error);
        assert_int_equal(model->curve.best, 2);
        assert_int_equal(model->curve.n, i ? 5 : 6);
        assert_int_equal(model->curve.is_best_kept, i);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* What is held against --memory is not less than what the arenas then take, by more than a few
 * rows. */
static void estimates_cover_what_is_taken(void **state) {
    (void)state;
    enum { USERS = 3000, ITEMS = 1000, N = 40000 };
    static int32_t users[N], items[N];
    static int64_t times[N];
    static float values[N];
    pal_rng rng = pal_rng_at(7, 0);
    for (int32_t e = 0; e < N; e++) {
        users[e] = e < USERS ? e : (int32_t)pal_rng_below(&rng, USERS);
        items[e] = e < ITEMS ? e : (int32_t)pal_rng_below(&rng, ITEMS);
        times[e] = e;
        values[e] = (float)(1 + e % 5);
    }
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_log_make(ctx, &log, USERS, ITEMS, N, users, items, times, values);
    pal_catalog catalog;
    support_catalog_make(ctx, &log, &catalog);
    int32_t n = 0;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        const pal_kind *kind = pal_kinds[k];
        if (!kind->estimate || (kind->traits & PAL_FITS_MEMORY)) continue;
        char spec[64];
        bool has_epochs = pal_param_find(kind->params, "epochs") != NULL;
        snprintf(spec, sizeof spec, has_epochs ? "%s epochs=1" : "%s", kind->name);
        pal_model *model = NULL;
        bool needs_catalog = kind->traits & PAL_NEEDS_CATALOG;
        pal_train_input input = {.log = &log.log, .items = needs_catalog ? &catalog : NULL};
        if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) fail_msg("%s", ctx->error);
        pal_estimate found = pal_kind_estimate(kind, model->params, &log.log, 2);
        double ratio = (double)model->cost.peak_bytes / found.bytes;
        if (!(ratio < 1.1)) fail_msg("%s takes %g of its estimate", spec, ratio);
        pal_model_free(model);
        n++;
    }
    assert_true(n > 8);
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(similarities_are_their_formulas),
        cmocka_unit_test(popular_counts_users_and_halves),
        cmocka_unit_test(ease_is_its_closed_form),
        cmocka_unit_test(ease_sparse_on_all_items_is_dense),
        cmocka_unit_test(ease_goes_sparse_by_itself),
        cmocka_unit_test(rp3beta_is_its_walks),
        cmocka_unit_test(ease_says_what_it_would_need),
        cmocka_unit_test(faded_events_leave_scores_finite),
        cmocka_unit_test(only_patience_keeps_the_best_epoch),
        cmocka_unit_test(estimates_cover_what_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
