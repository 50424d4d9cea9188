/* test_als.c - alternating least squares through the interface: the loss is the objective written
 * out and falls, a folded-in history gives the trained row, solvers agree. */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "models/explain.h"
#include "models/rank.h"
#include "models/train.h"

enum { N_USERS = 60, N_ITEMS = 50, N_EVENTS = 900 };

/* Four tastes; values follow taste; some pairs come twice. */
static void tastes(pal_ctx *ctx, support_log *out) {
    static int32_t users[N_EVENTS], items[N_EVENTS];
    static int64_t times[N_EVENTS];
    static float values[N_EVENTS];
    pal_rng rng = pal_rng_at(5, 0);
    for (int32_t e = 0; e < N_EVENTS; e++) {
        users[e] = e < N_USERS ? e : (int32_t)pal_rng_below(&rng, N_USERS);
        items[e] = (int32_t)pal_rng_below(&rng, N_ITEMS);
        bool likes = items[e] % 4 == users[e] % 4;
        if (!likes && pal_rng_uniform(&rng) < 0.6)
            items[e] = items[e] / 4 * 4 % (N_ITEMS - 4) + users[e] % 4;
        values[e] = items[e] % 4 == users[e] % 4 ? 5 : 2;
        times[e] = e;
    }
    support_log_make(ctx, out, N_USERS, N_ITEMS, N_EVENTS, users, items, times, values);
}

static const float *tensor(const pal_model *model, const char *name, int64_t *width) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    for (int32_t i = 0; i < n; i++) {
        *width = tensors[i].n_dims > 1 ? tensors[i].dims[1] : 1;
        if (!strcmp(tensors[i].name, name)) return *tensors[i].data;
    }
    fail_msg("no tensor %s", name);
    return NULL;
}

static double product(const float *a, const float *b, int64_t n) {
    double sum = 0;
    for (int64_t f = 0; f < n; f++) sum += (double)a[f] * (double)b[f];
    return sum;
}

/* The objective of the file's first comment with weight 1, pair by pair. */
static double objective(const pal_model *model, double l2, double alpha0, double nu) {
    int64_t k = 0;
    const float *users = tensor(model, "users", &k), *items = tensor(model, "items", &k);
    const pal_log *log = model->log;
    static uint8_t happened[N_USERS][N_ITEMS];
    double sum = 0, n_user[N_USERS] = {0}, n_item[N_ITEMS] = {0};
    memset(happened, 0, sizeof happened);
    for (int32_t u = 0; u < N_USERS; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++)
            happened[u][log->items[e]] = 1;
    }
    for (int32_t u = 0; u < N_USERS; u++) {
        for (int32_t i = 0; i < N_ITEMS; i++) {
            double x = product(users + u * k, items + i * k, k);
            sum += alpha0 * x * x + (happened[u][i] ? (1 - x) * (1 - x) : 0);
            n_user[u] += happened[u][i];
            n_item[i] += happened[u][i];
        }
    }
    for (int32_t u = 0; u < N_USERS; u++)
        sum +=
            l2 * pow(n_user[u] + alpha0 * N_ITEMS, nu) * product(users + u * k, users + u * k, k);
    for (int32_t i = 0; i < N_ITEMS; i++)
        sum +=
            l2 * pow(n_item[i] + alpha0 * N_USERS, nu) * product(items + i * k, items + i * k, k);
    return sum;
}

static void the_loss_is_the_objective_and_falls(void **state) {
    (void)state;
    static const char *const solvers[] = {"exact", "cg", "blocks block=16"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    double reached[3];
    tastes(ctx, &log);
    for (int s = 0; s < 3; s++) {
        char spec[160];
        snprintf(spec, sizeof spec,
                 "als factors=37 l2=0.02 alpha0=0.2 nu=0.7 epochs=40 tolerance=0 solver=%s",
                 solvers[s]);
        pal_model *model = support_train_log(ctx, spec, &log.log);
        const pal_curve *curve = &model->curve;
        for (int32_t e = 1; e < curve->n; e++)
            assert_true(curve->loss[e] <= curve->loss[e - 1] * (1 + 1e-5));
        reached[s] = curve->loss[curve->n - 1];
        double written_out = objective(model, 0.02, 0.2, 0.7);
        if (!(fabs(written_out - reached[s]) <= 1e-4 * written_out))
            fail_msg("%s: loss %g, objective %g", spec, reached[s], written_out);
        pal_model_free(model);
    }
    assert_true(fabs(reached[1] - reached[0]) < 0.02 * reached[0]);
    assert_true(fabs(reached[2] - reached[0]) < 0.02 * reached[0]);
    support_log_release(&log);
    support_close(ctx);
}

/* The trained row and the row of the same history are the same bits, short of the factors or not.
 */
static void a_history_gives_the_trained_row(void **state) {
    (void)state;
    static const char *const specs[] = {"als factors=8", "als factors=64",
                                        "als factors=20 confidence=value alpha=2",
                                        "als factors=20 target=value"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    tastes(ctx, &log);
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        pal_model *model = support_train_log(ctx, specs[s], &log.log);
        for (int32_t u = 0; u < N_USERS; u++) {
            pal_query queries[2] = {pal_query_of_user(model, u), pal_query_of_user(model, u)};
            queries[1].user_plus_1 = 0;
            pal_lists lists;
            pal_rank_options options = {.k = N_ITEMS, .hide = PAL_HIDE_NONE};
            assert_int_equal(pal_rank(ctx, model, queries, 2, &options, &arena, &lists), PAL_OK);
            assert_memory_equal(lists.scores, lists.scores + lists.k,
                                (size_t)lists.k * sizeof *lists.scores);
            assert_memory_equal(lists.items, lists.items + lists.k,
                                (size_t)lists.k * sizeof *lists.items);
        }
        pal_model_free(model);
    }
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* Every part of a score is an item of the history where the row is exact; what steps have not
 * reached has a part of its own. */
static void reasons_are_items_used(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    tastes(ctx, &log);
    pal_model *model = support_train_log(ctx, "als factors=16", &log.log);
    for (int32_t u = 0; u < N_USERS; u += 7) {
        pal_query query = pal_query_of_user(model, u);
        pal_explanation found;
        assert_int_equal(pal_explain(ctx, model, &query, 3, &arena, &found), PAL_OK);
        double sum = 0;
        for (int32_t r = 0; r < found.n; r++) {
            assert_true(found.reasons[r].item >= 0);
            sum += found.reasons[r].amount;
        }
        assert_true(found.is_sum && fabs(sum - found.score) < 1e-4);
    }
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void values_are_predicted(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    tastes(ctx, &log);
    pal_model *model = support_train_log(ctx, "als target=value factors=8", &log.log);
    assert_true(pal_model_predicts_values(model));
    pal_query query = pal_query_of_user(model, 2);
    pal_lists lists;
    pal_rank_options options = {.k = N_ITEMS, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
    double liked = 0, other = 0, n_liked = 0;
    for (int32_t i = 0; i < N_ITEMS; i++) {
        bool likes = lists.items[i] % 4 == 2;
        *(likes ? &liked : &other) += (double)lists.scores[i];
        n_liked += likes;
    }
    liked /= n_liked;
    other /= N_ITEMS - n_liked;
    if (!(liked > other + 0.5 && fabs(liked - 5) < 0.7)) fail_msg("%g, %g", liked, other);
    pal_explanation found;
    assert_int_equal(pal_explain(ctx, model, &query, 3, &arena, &found), PAL_OK);
    double sum = 0;
    for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
    assert_true(found.is_sum && fabs(sum - found.score) < 1e-4);
    pal_model_free(model);

    log.log.values = NULL;
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "als target=value", &input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "target=event"));
    /* Without values it counts how often a pair happened. */
    model = support_train_log(ctx, "als confidence=value factors=8", &log.log);
    pal_model_free(model);
    assert_int_equal(pal_model_train(ctx, "als l2=-0.5", &input, &model), PAL_EUSAGE);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* The estimate is what the arenas come to, and the work is counted as it is estimated. */
static void the_estimate_is_what_it_takes(void **state) {
    (void)state;
    static const char *const specs[] = {
        "als factors=64 epochs=2 tolerance=0",
        "als factors=100 epochs=2 tolerance=0",
        "als factors=200 epochs=2 tolerance=0 solver=cg",
        "als factors=256 epochs=2 tolerance=0 solver=blocks block=32",
        "als factors=64 epochs=2 tolerance=0 target=value",
        "als factors=40 epochs=2 tolerance=0 confidence=value",
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_ctx *ctx = support_open(3);
        support_log log;
        tastes(ctx, &log);
        pal_model *model = support_train_log(ctx, specs[i], &log.log);
        pal_estimate found = pal_kind_estimate(model->kind, model->params, &log.log, 3);
        double ratio = (double)model->cost.peak_bytes / found.bytes;
        if (!(ratio > 0.9 && ratio < 1.1)) fail_msg("%s: %g of the estimate", specs[i], ratio);
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
}

/* Every row has fewer events than factors, or more: n²k/2 + n³/6, or nk²/2 + k³/6. */
static void work_is_counted_by_row(void **state) {
    (void)state;
    enum { N = 24, FEW = 16, MANY = 64 };
    pal_ctx *ctx = support_open(1);
    support_log log;
    static int32_t users[N * N], items[N * N];
    for (int32_t e = 0; e < N * N; e++) users[e] = e / N, items[e] = e % N;
    support_log_make(ctx, &log, N, N, N * N, users, items, NULL, NULL);
    double n = N, few = FEW, many = MANY;
    const struct {
        const char *spec;
        double rows, turn; /* of a row; what a row adds to the turn */
        double k;
    } cases[] = {
        {"als factors=16 epochs=1", n * few * few / 2 + few * few * few / 6, 1.5, few},
        {"als factors=64 epochs=1", n * n * many / 2 + n * n * n / 6, 1.5, many},
        {"als factors=64 epochs=1 solver=cg steps=2", 2 * n * many * 3, 2.5, many},
        {"als factors=64 epochs=1 solver=blocks block=16",
         n * many * 16 / 2 + many * 16 * 16 / 6 + 2 * n * many, 2.5, many},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double k = cases[i].k, turns = 2 * n * k * k * cases[i].turn + 6 * k * k * k;
        pal_model *model = support_train_log(ctx, cases[i].spec, &log.log);
        double expected = 2 * n * cases[i].rows + turns;
        if (!(fabs(model->cost.multiply_adds / expected - 1) < 1e-9))
            fail_msg("%s: %g, not %g", cases[i].spec, model->cost.multiply_adds, expected);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_loss_is_the_objective_and_falls),
        cmocka_unit_test(a_history_gives_the_trained_row),
        cmocka_unit_test(reasons_are_items_used),
        cmocka_unit_test(values_are_predicted),
        cmocka_unit_test(the_estimate_is_what_it_takes),
        cmocka_unit_test(work_is_counted_by_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
