/* test_pairs.c - what bpr and lightgcn promise beyond conformance: gradients, losses that fall in
 * every mode, strangers that are answered as if they had been there, propagation worked out again.
 */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "math/kernels.h"
#include "models/pairwise.h"
#include "models/rank.h"
#include "models/train.h"

/* Two camps of users and items; a tenth of the events crosses over. */
enum { USERS = 120, ITEMS = 80, EVENTS_OF_USER = 12 };

static void camps(pal_ctx *ctx, support_log *out) {
    static int32_t users[USERS * EVENTS_OF_USER], items[USERS * EVENTS_OF_USER];
    pal_rng rng = pal_rng_at(5, 0);
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t e = 0; e < EVENTS_OF_USER; e++) {
            int32_t camp = pal_rng_below(&rng, 10) ? u % 2 : 1 - u % 2;
            users[n] = u;
            items[n++] = (int32_t)pal_rng_below(&rng, ITEMS / 2) * 2 + camp;
        }
    }
    support_log_make(ctx, out, USERS, ITEMS, n, users, items, NULL, NULL);
}

static void steps_go_down_the_gradient(void **state) {
    (void)state;
    enum { K = 16 };
    float rows[3 * K], moved[3 * K], e;
    pal_rng rng = pal_rng_at(9, 0);
    for (int32_t f = 0; f < 3 * K; f++) rows[f] = (float)pal_rng_normal(&rng) * 0.5f;
    const pal_kernels *kernels = pal_kernels_best();
    pal_pair_logistic(kernels->pair_margin(rows, rows + K, rows + 2 * K, K), &e);
    memcpy(moved, rows, sizeof rows);
    kernels->pair_step(moved, moved + K, moved + 2 * K, K,
                       &(pal_pair_step){.pull = e, .keep_user = 1, .keep_a = 1, .keep_b = 1});
    for (int32_t f = 0; f < 3 * K; f++) {
        double loss[2];
        for (int32_t side = 0; side < 2; side++) {
            double x = 0;
            for (int32_t g = 0; g < K; g++) {
                double h[3] = {0};
                if (f % K == g) h[f / K] = side ? 1e-5 : -1e-5;
                x += ((double)rows[g] + h[0]) *
                     ((double)rows[K + g] + h[1] - (double)rows[2 * K + g] - h[2]);
            }
            loss[side] = log1p(exp(-x));
        }
        double by_difference = (loss[1] - loss[0]) / 2e-5;
        assert_true(fabs((double)(rows[f] - moved[f]) - by_difference) < 1e-5);
    }
}

static void losses_fall_in_every_mode(void **state) {
    (void)state;
    const char *const specs[] = {"bpr epochs=40 factors=8 tolerance=0",
                                 "bpr epochs=40 factors=17 tolerance=0 draw=popular biases=0",
                                 "bpr epochs=40 factors=8 tolerance=0 draw=adaptive",
                                 "bpr epochs=40 factors=8 tolerance=0 loss=warp",
                                 "lightgcn epochs=40 factors=8 tolerance=0 batch=200",
                                 "lightgcn epochs=40 factors=70 tolerance=0 layers=2"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        pal_ctx *ctx = support_open(2);
        support_log log;
        camps(ctx, &log);
        pal_model *model = support_train_log(ctx, specs[s], &log.log);
        assert_int_equal(model->curve.n, 40);
        if (!(model->curve.loss[39] < model->curve.loss[0] * 0.999)) fail_msg("%s", specs[s]);
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
}

/* The mean share of a known user's ten first items that a stranger with his history gets too. */
static double agreement(pal_ctx *ctx, const pal_model *model) {
    pal_arena arena = {0};
    double same = 0;
    for (int32_t u = 0; u < USERS; u++) {
        pal_query pair[2] = {pal_query_of_user(model, u)};
        pair[1] = pair[0];
        pair[1].user_plus_1 = 0;
        pal_lists lists;
        assert_int_equal(
            pal_rank(ctx, model, pair, 2, &(pal_rank_options){.k = 10}, &arena, &lists), PAL_OK);
        for (int32_t i = 0; i < 10; i++) {
            for (int32_t j = 0; j < 10; j++) same += lists.items[i] == lists.items[10 + j];
        }
    }
    pal_arena_release(&arena);
    return same / (10 * USERS);
}

static void strangers_are_answered_like_known_users(void **state) {
    (void)state;
    const char *const specs[] = {"bpr epochs=100 factors=8 tolerance=0",
                                 "lightgcn epochs=100 factors=8 tolerance=0 batch=200"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        pal_ctx *ctx = support_open(2);
        support_log log;
        camps(ctx, &log);
        pal_model *model = support_train_log(ctx, specs[s], &log.log);
        double same = agreement(ctx, model);
        if (same < 0.7) fail_msg("%s: %.3f of the lists agree", specs[s], same);
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
}

/* With one layer E can be had back from the hops and F: what it gives must be F again. */
static void one_layer_is_the_sum_over_neighbours(void **state) {
    (void)state;
    enum { K = 8 };
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    pal_csr pairs;
    camps(ctx, &log);
    pal_model *model = support_train_log(ctx, "lightgcn layers=1 epochs=3 factors=8", &log.log);
    pal_tensor tensors[PAL_TENSORS_MAX];
    assert_int_equal(pal_model_tensors(model, tensors), 3);
    const float *users = *tensors[0].data, *items = *tensors[1].data, *hops = *tensors[2].data;
    assert_int_equal(pal_log_pairs(ctx, &log.log, UINT32_MAX, &arena, &pairs), PAL_OK);
    static double degrees[ITEMS], e_items[ITEMS][K], e_users[USERS][K], sums[ITEMS][K];
    for (int64_t e = 0; e < pairs.starts[USERS]; e++) degrees[pairs.cols[e]]++;
    for (int32_t i = 0; i < ITEMS; i++) {
        for (int32_t f = 0; f < K; f++)
            sums[i][f] = e_items[i][f] = 2 * sqrt(degrees[i]) * (double)hops[i * K + f];
    }
    for (int32_t u = 0; u < USERS; u++) {
        double degree = (double)(pairs.starts[u + 1] - pairs.starts[u]);
        for (int32_t f = 0; f < K; f++) {
            e_users[u][f] = 2 * (double)users[u * K + f];
            for (int64_t e = pairs.starts[u]; e < pairs.starts[u + 1]; e++)
                e_users[u][f] -= e_items[pairs.cols[e]][f] / sqrt(degree * degrees[pairs.cols[e]]);
            for (int64_t e = pairs.starts[u]; e < pairs.starts[u + 1]; e++)
                sums[pairs.cols[e]][f] += e_users[u][f] / sqrt(degree * degrees[pairs.cols[e]]);
        }
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        for (int32_t f = 0; degrees[i] > 0 && f < K; f++)
            assert_true(fabs(sums[i][f] / 2 - (double)items[i * K + f]) < 1e-5);
    }
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void divergence_is_said(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    camps(ctx, &log);
    pal_model *model = NULL;
    assert_int_equal(pal_model_train(ctx, "bpr learning_rate=10 l2_users=10 l2_positives=10",
                                     &(pal_train_input){.log = &log.log}, &model),
                     PAL_EDATA);
    assert_non_null(strstr(ctx->error, "learning_rate"));
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_go_down_the_gradient),
        cmocka_unit_test(losses_fall_in_every_mode),
        cmocka_unit_test(strangers_are_answered_like_known_users),
        cmocka_unit_test(one_layer_is_the_sum_over_neighbours),
        cmocka_unit_test(divergence_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
