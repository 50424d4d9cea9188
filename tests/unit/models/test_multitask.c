/* test_multitask.c - gradients, a common taste that is carried over, several targets, the
 * single-domain twin, threads, files, explanations. */
#include "support_domains.h"

#include "models/explain.h"
#include "models/registry.h"
#include "models/transfer/multitask.h"

/* --- gradients --- */

/* Events of two types; the first is what is evaluated. */
static void typed_log(pal_ctx *ctx, support_log *out) {
    enum { USERS = 12, ITEMS = 10, EACH = 6 };
    int32_t users[USERS * EACH], items[USERS * EACH], n = 0;
    uint8_t types[USERS * EACH];
    support_log_make(ctx, out, USERS, ITEMS, 0, users, items, NULL, NULL);
    pal_log_about about = out->log.about;
    pal_log_release(&out->log);
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t e = 0; e < EACH; e++, n++) {
            users[n] = u;
            items[n] = (u * 3 + e * 2) % ITEMS;
            types[n] = (uint8_t)(e % 2);
        }
    }
    about.n_types = 2;
    strcpy(about.type_names[0], "buy");
    strcpy(about.type_names[1], "view");
    about.target_types = 1;
    pal_events events = {.n = n, .users = users, .items = items, .types = types};
    assert_int_equal(pal_log_build(ctx, &events, &about, &out->log), PAL_OK);
}

/* The number's derivative against the difference of the losses beside it. */
static void check_number(multitask_job *job, const pal_step *step, float *number, double gradient,
                         const char *what) {
    float before = *number, h = 1e-2f;
    *number = before + h;
    double above = pal_multitask_batch(job, step);
    *number = before - h;
    double below = pal_multitask_batch(job, step);
    *number = before;
    double by_difference = (above - below) / (2 * (double)h);
    gradient *= (double)step->n;
    if (fabs(by_difference - gradient) > 4e-3 * (1 + fabs(gradient)))
        fail_msg("%s: %g, by difference %g", what, gradient, by_difference);
}

static void check_table(multitask_job *job, const pal_step *step, pal_table *table,
                        const char *what) {
    pal_multitask_batch(job, step);
    assert_true(table->n_touched > 0);
    for (int32_t t = 0; t < table->n_touched && t < 15; t++) {
        for (int32_t f = 0; f < table->width; f++) {
            pal_multitask_batch(job, step);
            check_number(job, step, table->values + (int64_t)table->touched[t] * table->width + f,
                         (double)table->gradient[t * table->width + f], what);
        }
    }
}

static void gradients_are_those_of_the_loss(void **state) {
    (void)state;
    const char *const specs[] = {
        "multitask factors=4 targets=view,buy weights=2,1 own source_weight=0.7 dropout=0.5",
        "multitask factors=4 layers=6,5 activation=tanh dropout=0.5 hide=0.4"};
    pal_ctx *ctx = support_open(2);
    support_log log, other;
    pal_arena arena = {0};
    typed_log(ctx, &log);
    domains_log(ctx, 20, 12, 5, 3, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    pal_train_input input = {.log = &log.log, .source = &source};
    const int64_t people[] = {0, 3, 5, 7, 11, 12, 13, 19};
    pal_step step = {.epoch = 1, .number = 1, .n_steps = 1, .examples = people, .n = 8};
    for (int32_t i = 0; i < 2; i++) {
        const pal_kind *kind;
        void *params;
        pal_person_state s = {0};
        multitask_job job;
        assert_int_equal(pal_kind_parse(ctx, specs[i], &arena, &kind, &params), PAL_OK);
        assert_int_equal(pal_multitask_open(ctx, params, &input, &arena, &arena, &s, &job), PAL_OK);
        assert_int_equal(job.n_tasks, i == 0 ? 3 : 2);
        pal_draw_normal(1, "a", job.items.values, (int64_t)job.items.n_rows * 4, 0.7);
        pal_draw_normal(2, "a", job.users.values, (int64_t)job.users.n_rows * 4, 0.7);
        pal_draw_normal(3, "a", job.network.values, job.network.n, 0.7);
        check_table(&job, &step, &job.history, "history");
        check_table(&job, &step, &job.items, "items");
        check_table(&job, &step, &job.biases, "biases");
        if (i == 0) check_table(&job, &step, &job.users, "users");
        for (int64_t f = 0; f < job.network.n; f++) {
            pal_multitask_batch(&job, &step);
            check_number(&job, &step, &job.network.values[f], (double)job.network.gradient[f],
                         "network");
        }
    }
    pal_arena_release(&arena);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

/* --- what is learned --- */

static void a_common_taste_is_carried_over(void **state) {
    (void)state;
    const char *const specs[] = {"multitask", "multitask layers=32", "multitask own"};
    enum { N = PEOPLE - KNOWN };
    pal_ctx *ctx = support_open(2);
    support_log log, other;
    double hits[N], by_popularity[N];
    domains_log(ctx, KNOWN, THINGS, 8, 11, &log);
    domains_log(ctx, PEOPLE, THINGS, 12, 12, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    pal_train_input input = {.log = &log.log, .source = &source};
    for (int32_t i = 0; i < 3; i++) {
        pal_model *model = support_train(ctx, specs[i], &input);
        pal_model *twin = support_train(ctx, "multitask source=0 epochs=3", &input);
        assert_int_equal(domains_hits(ctx, model, &other.log, KNOWN, PEOPLE, CAMPS, 10, hits), N);
        /* The twin knows nothing of the source: popularity answers. */
        assert_int_equal(
            domains_hits(ctx, twin, &other.log, KNOWN, PEOPLE, CAMPS, 10, by_popularity), 0);
        double gain = domains_least_gain(hits, by_popularity, N);
        if (!(gain > 0.2)) fail_msg("%s: %g more of the camp at the least", specs[i], gain);
        pal_model_free(model);
        pal_model_free(twin);
    }
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

/* Items are shared instead of people: few events of the log stand on many of the source. */
static void shared_items_are_one_row(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log, other;
    pal_arena arena = {0};
    domains_log(ctx, 12, THINGS, 4, 21, &log);
    domains_log(ctx, PEOPLE, THINGS, 12, 22, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_ITEMS};
    pal_train_input input = {.log = &log.log, .source = &source};
    pal_model *models[2] = {support_train(ctx, "multitask", &input),
                            support_train(ctx, "multitask source=off", &input)};
    double hits[2][CAMPS * 5];
    for (int32_t m = 0; m < 2; m++) {
        for (int32_t q = 0; q < CAMPS * 5; q++) { /* a history of two items of a camp */
            int32_t items[] = {q, (q + 5 * CAMPS) % THINGS};
            pal_query query = {.n_events = 2, .items = items};
            pal_lists lists;
            assert_int_equal(pal_rank(ctx, models[m], &query, 1,
                                      &(pal_rank_options){.k = 10, .hide = PAL_HIDE_ANY}, &arena,
                                      &lists),
                             PAL_OK);
            hits[m][q] = 0;
            for (int32_t i = 0; i < 10; i++) hits[m][q] += lists.items[i] % CAMPS == q % CAMPS;
        }
    }
    assert_true(domains_least_gain(hits[0], hits[1], CAMPS * 5) > 1);
    pal_model_free(models[0]);
    pal_model_free(models[1]);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

/* --- the twin, threads, files, reasons --- */

static void without_the_source_it_is_the_twin(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1), *three = support_open(3);
    support_log log, other, nobody;
    domains_log(ctx, KNOWN, THINGS, 6, 31, &log);
    domains_log(ctx, PEOPLE, THINGS, 6, 32, &other);
    domains_log(ctx, 5, THINGS, 6, 33, &nobody);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS},
               apart = {.log = &nobody.log, .shared = PAL_SHARED_NONE};
    pal_train_input with = {.log = &log.log, .source = &source}, without = {.log = &log.log},
                    beside = {.log = &log.log, .source = &apart};
    pal_model *off = support_train(ctx, "multitask epochs=5 source=0", &with),
              *none = support_train(ctx, "multitask epochs=5", &without),
              *on = support_train(ctx, "multitask epochs=5 layers=16", &with),
              *on_three = support_train(three, "multitask epochs=5 layers=16", &with),
              *useless = support_train(ctx, "multitask epochs=5", &beside);
    domains_same_tensors(off, none);
    domains_same_tensors(useless, none);
    domains_same_tensors(on, on_three);
    assert_true(pal_model_state_bytes(on) > pal_model_state_bytes(none));
    pal_model *const models[] = {off, none, on, on_three, useless};
    for (int32_t i = 0; i < 5; i++) pal_model_free(models[i]);
    support_log_release(&log);
    support_log_release(&other);
    support_log_release(&nobody);
    support_close(ctx);
    support_close(three);
}

static void reasons_of_both_domains_sum_to_the_score(void **state) {
    (void)state;
    const char *const specs[] = {"multitask epochs=20", "multitask epochs=20 own",
                                 "multitask epochs=20 layers=8"};
    pal_ctx *ctx = support_open(2);
    support_log log, other;
    pal_arena arena = {0};
    domains_log(ctx, KNOWN, THINGS, 6, 41, &log);
    domains_log(ctx, PEOPLE, THINGS, 6, 42, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    pal_train_input input = {.log = &log.log, .source = &source};
    for (int32_t i = 0; i < 3; i++) {
        pal_model *model = support_train(ctx, specs[i], &input);
        for (int32_t user = 0; user < PEOPLE; user += 23) {
            pal_query query = user < KNOWN ? pal_query_of_user(model, user) : (pal_query){0},
                      stranger = domains_stranger(&other.log, user);
            query.source_user_plus_1 = stranger.source_user_plus_1;
            query.n_source = stranger.n_source;
            query.source_items = stranger.source_items;
            pal_explanation found;
            assert_int_equal(pal_explain(ctx, model, &query, 7, &arena, &found), PAL_OK);
            assert_true(found.is_sum);
            double sum = 0;
            int32_t n_of_source = 0;
            for (int32_t r = 0; r < found.n; r++) {
                sum += found.reasons[r].amount;
                n_of_source += found.reasons[r].is_of_source;
            }
            if (fabs(sum - found.score) > 1e-5 * (1 + fabs(sum)))
                fail_msg("%s, user %d: %g, score %g", specs[i], user, sum, found.score);
            assert_true(n_of_source > 0);
        }
        pal_model_free(model);
    }
    pal_arena_release(&arena);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

static void a_file_answers_as_the_model_did(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log, other;
    double before[PEOPLE - KNOWN], after[PEOPLE - KNOWN];
    domains_log(ctx, KNOWN, THINGS, 6, 51, &log);
    domains_log(ctx, PEOPLE, THINGS, 6, 52, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    pal_train_input input = {.log = &log.log, .source = &source};
    pal_model *model = support_train(ctx, "multitask epochs=5 own layers=8", &input), *again;
    char path[] = "/tmp/palate-multitask-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    assert_int_equal(pal_model_load(ctx, path, &again), PAL_OK);
    unlink(path);
    domains_same_tensors(model, again);
    domains_hits(ctx, model, &other.log, KNOWN, PEOPLE, CAMPS, 10, before);
    assert_int_equal(domains_hits(ctx, again, &other.log, KNOWN, PEOPLE, CAMPS, 10, after),
                     PEOPLE - KNOWN);
    assert_memory_equal(before, after, sizeof before);
    pal_model_free(model);
    pal_model_free(again);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

static void wrong_targets_are_told(void **state) {
    (void)state;
    const struct {
        const char *spec, *says;
    } cases[] = {
        {"multitask targets=view", "what --target"},
        {"multitask targets=buy,vew", "view"},
        {"multitask targets=buy,buy", "twice"},
        {"multitask targets=buy,view weights=1", "each of the 2 targets"},
        {"multitask targets=buy,view weights=1,x", "each of the 2 targets"},
        {"multitask targets=buy,view weights=1,2,3", "each of the 2 targets"},
        {"multitask targets=buy,view weights=0,1", "nothing to learn the target from"},
        {"multitask weights=1,2", "each of the 1 targets"},
    };
    pal_ctx *ctx = support_open(1);
    support_log log, plain;
    pal_model *model = NULL;
    typed_log(ctx, &log);
    domains_log(ctx, 10, THINGS, 3, 61, &plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_train_input input = {.log = &log.log};
        assert_int_not_equal(pal_model_train(ctx, cases[i].spec, &input, &model), PAL_OK);
        if (!strstr(ctx->error, cases[i].says)) fail_msg("%s: %s", cases[i].spec, ctx->error);
    }
    pal_train_input input = {.log = &plain.log};
    assert_int_not_equal(pal_model_train(ctx, "multitask targets=buy", &input, &model), PAL_OK);
    assert_non_null(strstr(ctx->error, "have no types"));
    support_log_release(&log);
    support_log_release(&plain);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_loss),
        cmocka_unit_test(a_common_taste_is_carried_over),
        cmocka_unit_test(shared_items_are_one_row),
        cmocka_unit_test(without_the_source_it_is_the_twin),
        cmocka_unit_test(reasons_of_both_domains_sum_to_the_score),
        cmocka_unit_test(a_file_answers_as_the_model_did),
        cmocka_unit_test(wrong_targets_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
