/* test_linear.c - slim against the conditions of its optimum, svdpp's learning and fold-in: what
 * the conformance battery does not see. */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "models/explain.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

enum { USERS = 80, ITEMS = 40 };

/* Users and items of four tastes; values are high where tastes agree. */
static void tastes_make(pal_ctx *ctx, support_log *out) {
    static int32_t users[USERS * ITEMS], items[USERS * ITEMS];
    static float values[USERS * ITEMS];
    pal_rng rng = pal_rng_at(5, 0);
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t i = 0; i < ITEMS; i++) {
            bool agrees = u % 4 == i % 4;
            if (pal_rng_uniform(&rng) > (agrees ? 0.8 : 0.3)) continue;
            users[n] = u;
            items[n] = i;
            values[n++] = (float)((agrees ? 4 : 2) + (int)pal_rng_below(&rng, 2));
        }
    }
    support_log_make(ctx, out, USERS, ITEMS, n, users, items, NULL, values);
    out->log.about.values_are_ratings = true;
}

static void *scratch_make(const pal_model *model) {
    return calloc(1, model->kind->scratch_bytes(model->params, model->state, 1));
}

/* weights [i, j]: what item i in a history adds to the score of j. */
static void slim_weights(const pal_model *model, float *weights) {
    void *scratch = scratch_make(model);
    for (int32_t i = 0; i < ITEMS; i++) {
        pal_query query = {.n_events = 1, .items = &i};
        model->kind->score(model->params, model->state, &query, 1, scratch, weights + i * ITEMS);
    }
    free(scratch);
}

static void tastes_gram(const pal_log *log, double *gram) {
    memset(gram, 0, ITEMS * ITEMS * sizeof *gram);
    for (int32_t u = 0; u < USERS; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            for (int64_t f = log->starts[u]; f < log->starts[u + 1]; f++)
                gram[log->items[e] * ITEMS + log->items[f]] += 1;
        }
    }
}

/* Where a weight is not 0 its gradient is l1's, elsewhere no larger. */
static void check_slim_optimum(const char *spec, double l1, double l2, bool positive) {
    static float weights[ITEMS * ITEMS];
    static double gram[ITEMS * ITEMS];
    pal_ctx *ctx = support_open(2);
    support_log log;
    tastes_make(ctx, &log);
    tastes_gram(&log.log, gram);
    pal_model *model = support_train_log(ctx, spec, &log.log);
    slim_weights(model, weights);
    int32_t n_zero = 0, n_negative = 0;
    for (int32_t j = 0; j < ITEMS; j++) {
        assert_true(weights[j * ITEMS + j] == 0);
        for (int32_t k = 0; k < ITEMS; k++) {
            if (k == j) continue;
            double w = (double)weights[k * ITEMS + j], gradient = gram[k * ITEMS + j] - l2 * w;
            for (int32_t i = 0; i < ITEMS; i++)
                gradient -= gram[k * ITEMS + i] * (double)weights[i * ITEMS + j];
            n_zero += w == 0;
            n_negative += w < 0;
            if (w > 0) assert_true(fabs(gradient - l1) < 0.05);
            if (w < 0) assert_true(fabs(gradient + l1) < 0.05);
            if (w == 0) assert_true(gradient < l1 + 0.05 && (positive || gradient > -l1 - 0.05));
        }
    }
    assert_true(n_zero > 0);
    assert_int_equal(n_negative > 0, !positive);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void slim_is_at_its_optimum(void **state) {
    (void)state;
    check_slim_optimum("slim l1=1 l2=5", 1, 5, true);
    check_slim_optimum("slim l1=4 l2=20", 4, 20, true);
    check_slim_optimum("slim l1=0.5 l2=2 positive=0", 0.5, 2, false);
}

/* Many small circles of items: most pairs never meet, and G is mostly zeros. */
enum { CIRCLES = 20, MANY = 10 * CIRCLES };

static void circles_make(pal_ctx *ctx, support_log *out) {
    static int32_t users[10 * MANY], items[10 * MANY];
    pal_rng rng = pal_rng_at(6, 0);
    int64_t n = 0;
    for (int32_t u = 0; u < MANY; u++) {
        for (int32_t i = 0; i < 10; i++) {
            if (pal_rng_uniform(&rng) > 0.6) continue;
            users[n] = u;
            items[n++] = u % CIRCLES * 10 + i;
        }
    }
    support_log_make(ctx, out, MANY, MANY, n, users, items, NULL, NULL);
}

static void slim_is_the_same_with_a_sparse_gram(void **state) {
    (void)state;
    float *scores[2];
    pal_ctx *ctx = support_open(2);
    support_log log;
    circles_make(ctx, &log);
    for (int is_sparse = 0; is_sparse < 2; is_sparse++) {
        ctx->memory_limit = is_sparse ? 4 * MANY * MANY - 1 : INT64_C(1) << 30;
        pal_model *model = support_train_log(ctx, "slim l1=0.5 l2=2", &log.log);
        void *scratch = scratch_make(model);
        scores[is_sparse] = calloc(MANY * MANY, sizeof(float));
        for (int32_t u = 0; u < MANY; u++) {
            pal_query query = pal_query_of_user(model, u);
            model->kind->score(model->params, model->state, &query, 1, scratch,
                               scores[is_sparse] + u * MANY);
        }
        free(scratch);
        pal_model_free(model);
    }
    double sum = 0;
    for (int32_t i = 0; i < MANY * MANY; i++) sum += (double)scores[0][i];
    assert_true(sum > 1);
    assert_memory_equal(scores[0], scores[1], MANY * MANY * sizeof(float));
    free(scores[0]);
    free(scores[1]);
    support_log_release(&log);
    support_close(ctx);
}

static void slim_keeps_the_strongest(void **state) {
    (void)state;
    static float all[ITEMS * ITEMS], few[ITEMS * ITEMS];
    pal_ctx *ctx = support_open(2);
    support_log log;
    tastes_make(ctx, &log);
    pal_model *model = support_train_log(ctx, "slim l1=1 l2=5", &log.log),
              *cut = support_train_log(ctx, "slim l1=1 l2=5 k=3", &log.log);
    slim_weights(model, all);
    slim_weights(cut, few);
    for (int32_t j = 0; j < ITEMS; j++) {
        int32_t n = 0, n_all = 0;
        float least = INFINITY, most_lost = 0;
        for (int32_t i = 0; i < ITEMS; i++) {
            float kept = few[i * ITEMS + j], was = all[i * ITEMS + j];
            n_all += was > 0;
            n += kept > 0;
            if (kept > 0) assert_true(kept == was);
            if (kept > 0) least = fminf(least, kept);
            if (!(kept > 0)) most_lost = fmaxf(most_lost, was);
        }
        assert_int_equal(n, n_all < 3 ? n_all : 3);
        assert_true(n == 0 || least >= most_lost);
    }
    pal_model_free(model);
    pal_model_free(cut);
    support_log_release(&log);
    support_close(ctx);
}

static double squared_error(const pal_model *model, bool known) {
    const pal_log *log = model->log;
    float scores[ITEMS];
    void *scratch = scratch_make(model);
    double sum = 0;
    for (int32_t u = 0; u < USERS; u++) {
        pal_query query = pal_query_of_user(model, u);
        if (!known) query.user_plus_1 = 0;
        model->kind->score(model->params, model->state, &query, 1, scratch, scores);
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            sum += pow((double)log->values[e] - (double)scores[log->items[e]], 2);
    }
    free(scratch);
    return sum / (double)log->n_events;
}

static void svdpp_loss_falls(void **state) {
    (void)state;
    const char *const specs[] = {"svdpp epochs=20", "svdpp epochs=20 target=event"};
    for (int i = 0; i < 2; i++) {
        pal_ctx *ctx = support_open(2);
        support_log log;
        tastes_make(ctx, &log);
        pal_model *model = support_train_log(ctx, specs[i], &log.log);
        const pal_curve *curve = &model->curve;
        assert_int_equal(curve->n, 20);
        assert_true(curve->loss[19] < 0.99 * curve->loss[0]);
        for (int32_t e = 5; e < 20 && i == 0; e++) assert_true(curve->loss[e] < curve->loss[e - 5]);
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
}

/* With all else as it is, a user's row after training and the one from his history explain his
 * values alike. */
static void svdpp_folds_in_what_it_learned(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    tastes_make(ctx, &log);
    pal_model *model = support_train_log(ctx, "svdpp epochs=600 tolerance=0 factors=4", &log.log);
    double known = squared_error(model, true), folded = squared_error(model, false);
    assert_true(known < 0.4);
    assert_true(folded < 1.05 * known);
    /* Without values the history still tells: better than the mean of everything (about 1.2). */
    pal_query query = pal_query_of_user(model, 0);
    query.user_plus_1 = 0;
    query.values = NULL;
    float scores[ITEMS];
    void *scratch = scratch_make(model);
    model->kind->score(model->params, model->state, &query, 1, scratch, scores);
    double own = 0, others = 0;
    for (int32_t i = 0; i < ITEMS; i++) *(i % 4 == 0 ? &own : &others) += (double)scores[i];
    assert_true(own / 10 > others / 30);
    free(scratch);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void svdpp_says_when_it_diverges(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    tastes_make(ctx, &log);
    pal_model *model = NULL;
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "svdpp learning_rate=5", &input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "learning_rate"));
    support_log_release(&log);
    support_log_make(ctx, &log, 2, 2, 2, (const int32_t[]){0, 1}, (const int32_t[]){0, 1}, NULL,
                     NULL);
    assert_int_equal(pal_model_train(ctx, "svdpp target=value", &input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "target=event"));
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slim_is_at_its_optimum),
        cmocka_unit_test(slim_is_the_same_with_a_sparse_gram),
        cmocka_unit_test(slim_keeps_the_strongest),
        cmocka_unit_test(svdpp_loss_falls),
        cmocka_unit_test(svdpp_folds_in_what_it_learned),
        cmocka_unit_test(svdpp_says_when_it_diverges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
