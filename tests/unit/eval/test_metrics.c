/* test_metrics.c - the toy cases of docs/metrics.md, whose trec_eval rows were checked with
 * trec_eval itself. */
#include "support.h"

#include <math.h>

#include "eval/categories.h"
#include "eval/evaluation.h"
#include "eval/gains.h"

static double mean_of(const char *name) {
    /* k = 10; A hits at 1 and 3 of 2 relevant, B at 2, 5 and 9 of 20, C nowhere of 4. */
    static const uint8_t hits[3][10] = {
        {1, 0, 1, 0, 0, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 1, 0, 0, 0, 1, 0}, {0}};
    static const int32_t relevant[] = {2, 20, 4};
    const pal_metric *metric = pal_metric_find(name);
    assert_non_null(metric);
    double sum = 0;
    for (int u = 0; u < 3; u++) {
        pal_judged list = {.hits = hits[u], .n = 10, .n_relevant = relevant[u]};
        sum += metric->of_list(&list, 10);
    }
    return sum / 3;
}

static void ranking_metrics_have_their_toy_values(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double value;
    } expected[] = {{"ndcg", .4033},       {"ndcg_fixed", .2068}, {"recall", .3833},
                    {"recall_cap", .4333}, {"map", .2983},        {"map_cap", .3189},
                    {"precision", .1667},  {"mrr", .5},           {"hit", .6667}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (fabs(mean_of(expected[i].name) - expected[i].value) > 6e-5) {
            fail_msg("%s is %.5f, not %.4f", expected[i].name, mean_of(expected[i].name),
                     expected[i].value);
        }
    }
}

static void a_short_list_counts_misses(void **state) {
    (void)state;
    const uint8_t hits[] = {1};
    pal_judged list = {.hits = hits, .n = 1, .n_relevant = 2};
    assert_true(fabs(pal_metric_find("precision")->of_list(&list, 10) - 0.1) < 1e-12);
    pal_judged none = {.hits = hits, .n = 0, .n_relevant = 2};
    for (int32_t m = 0; pal_metrics[m]; m++) {
        if (pal_metrics[m]->of_list) assert_true(pal_metrics[m]->of_list(&none, 10) == 0);
    }
}

/* Hits worth 5 at place 1 and 2.5 at place 3, as a catalog says them. */
static void value_sums_what_hits_are_worth(void **state) {
    (void)state;
    const uint8_t hits[] = {1, 0, 1};
    const double gains[] = {5, 0, 2.5};
    pal_judged list = {.hits = hits, .gains = gains, .n = 3, .n_relevant = 4};
    const pal_metric *value = pal_metric_find("value");
    assert_true(value->of_list(&list, 10) == 7.5);
    assert_true(value->of_list(&list, 2) == 5);
    /* It is a measure when --gain asks, and only then. */
    pal_protocol protocol;
    pal_measures measures;
    pal_params_init(pal_protocol_params, &protocol);
    protocol.k = (pal_ints){.n = 1, .at = {10}};
    pal_measures_list(&protocol, &measures);
    int32_t before = measures.n;
    for (int32_t m = 0; m < before; m++) assert_string_not_equal(measures.at[m].name, "value@10");
    protocol.gain = "price";
    pal_measures_list(&protocol, &measures);
    assert_int_equal(measures.n, before + 1);
}

/* A catalog of i0 at 5 and i1 at 2.5; i2 has no price, i3 is not in it. */
static void gains_come_from_the_catalog(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    static const int32_t users[] = {0, 0, 0, 0}, items[] = {0, 1, 2, 3};
    static const float values[] = {1, 2, 3, 4};
    support_log_make(ctx, &log, 1, 4, 4, users, items, NULL, values);
    const char *cells[] = {"5", "2.5", ""}, *words[] = {"7", "cheap", ""};
    pal_column columns[] = {{.name = "price", .cells = cells}, {.name = "word", .cells = words}};
    pal_data data = {.n_parts = 1};
    data.parts[0] = log.log;
    pal_protocol protocol = {.gain = "price"};
    assert_int_equal(pal_gains_check(ctx, &protocol, &data), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "--items"));
    data.catalog = (pal_catalog){.n_columns = 2, .columns = columns};
    for (int32_t i = 0; i < 3; i++)
        assert_int_equal(pal_ids_add(&data.catalog.ids, pal_ids_at(&log.items, i), 2), i);
    assert_int_equal(pal_catalog_settle(ctx, &data.catalog, "", NULL), PAL_OK);
    assert_int_equal(pal_gains_check(ctx, &protocol, &data), PAL_OK);
    int32_t relevant[] = {0, 1, 2, 3};
    float relevant_values[] = {1, 2, 3, 4};
    pal_questions q = {.targets = &log.log,
                       .n_pairs = 4,
                       .relevant = relevant,
                       .relevant_values = relevant_values};
    assert_int_equal(pal_gains_make(ctx, &protocol, &data, &q), PAL_OK);
    static const double expected[] = {5, 2.5, 0, 0};
    assert_memory_equal(q.gains, expected, sizeof expected);
    protocol.gain = "value";
    assert_int_equal(pal_gains_make(ctx, &protocol, &data, &q), PAL_OK);
    assert_true(q.gains[3] == 4);
    protocol.gain = "word";
    assert_int_equal(pal_gains_check(ctx, &protocol, &data), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "taken for token, not for numbers"));
    assert_non_null(strstr(ctx->error, "--item-columns word=number"));
    protocol.gain = "margin";
    assert_int_equal(pal_gains_check(ctx, &protocol, &data), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "it has price, word"));
    pal_arena_release(&q.arena);
    pal_catalog_release(&data.catalog);
    support_log_release(&log);
    support_close(ctx);
}

/* Two users, four candidates a to d used by 4, 2, 1 and 1 of 4 training users; lists (a, b) and (a,
 * c). */
static void metrics_of_all_lists_have_their_toy_values(void **state) {
    (void)state;
    int32_t items[] = {0, 1, 0, 2}, counts[] = {2, 2}, history[] = {1, 1};
    pal_lists lists = {.n = 2, .k = 2, .items = items, .counts = counts};
    pal_query queries[] = {{.n_events = 1, .items = history},
                           {.n_events = 1, .items = history + 1}};
    pal_questions questions = {.n_candidates = 4, .n_queries = 2, .queries = queries};
    const double popularity[] = {4, 2, 1, 1};
    pal_shown shown = {.lists = &lists,
                       .questions = &questions,
                       .popularity = popularity,
                       .n_training_users = 4,
                       .seed = 1};
    static const struct {
        const char *name;
        double value;
    } expected[] = {{"coverage", .75},
                    {"gini", .375},
                    {"novelty", .75},
                    {"popularity_lift", .375},
                    {"personalization", .66667}};
    pal_ctx *ctx = support_open(1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = pal_metric_find(expected[i].name)->of_all(ctx, &shown, 2);
        if (fabs(value - expected[i].value) > 1e-5)
            fail_msg("%s is %.5f, not %.5f", expected[i].name, value, expected[i].value);
    }
    assert_true(isnan(pal_metric_find("disliked")->of_all(ctx, &shown, 2)));
    support_close(ctx);
}

/* Columns a = {0, 1}, b = {0, 1}, c = {1}: cosines 1, 1/√2 and 1/√2. */
static void diversity_is_one_minus_the_mean_cosine(void **state) {
    (void)state;
    const int64_t starts[] = {0, 2, 4, 5};
    const int32_t users[] = {0, 1, 0, 1, 1};
    const pal_csr by_item = {.n_rows = 3, .n_cols = 2, .starts = starts, .cols = users};
    int32_t items[] = {0, 1, 2}, counts[] = {3};
    pal_lists lists = {.n = 1, .k = 3, .items = items, .counts = counts};
    pal_questions questions = {0};
    pal_shown shown = {.lists = &lists, .questions = &questions, .by_item = &by_item};
    double expected = (0 + 2 * (1 - 1 / sqrt(2))) / 3;
    assert_true(fabs(pal_metric_find("diversity")->of_all(NULL, &shown, 3) - expected) < 1e-12);
}

/* Six items of genres "a|b", "a", "b" twice over; colours are nearly all different, so that only
 * genres sort. Of a list of i0, i1 and i2: cosines 1/√2, 1/√2 and 0. */
static void diversity_goes_by_categories_where_there_are_any(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    static const int32_t users[] = {0, 0, 0}, items[] = {0, 1, 2};
    support_log_make(ctx, &log, 1, 15, 3, users, items, NULL, NULL);
    static const char *const genres[] = {"a | b", "a", "b", "a|b|a", "a", "b", "a", "b",
                                         "a",     "b", "a", "b",     "",  "a", "b"};
    static const char *const names[] = {"n0", "n1", "n2", "n3", "n4",  "n5",  "n6", "n7",
                                        "n8", "n9", "n9", "n9", "n10", "n11", "n12"};
    pal_column columns[] = {{.name = "genre", .cells = genres}, {.name = "colour", .cells = names}};
    pal_catalog catalog = {.n_columns = 2, .columns = columns, .title = -1};
    for (int32_t i = 0; i < 15; i++) {
        const char *id = pal_ids_at(&log.items, i);
        assert_int_equal(pal_ids_add(&catalog.ids, id, strlen(id)), i);
    }
    assert_int_equal(pal_catalog_settle(ctx, &catalog, "", NULL), PAL_OK);
    pal_questions q = {.targets = &log.log, .history = &log.log};
    assert_int_equal(pal_questions_categorize(ctx, &catalog, &q), PAL_OK);
    assert_int_equal(q.categories.n_cols, 2);
    assert_int_equal(q.categories.starts[4] - q.categories.starts[3], 2); /* "a" counts once */
    assert_int_equal(q.categories.starts[13] - q.categories.starts[12], 0);
    int32_t listed[] = {0, 1, 2}, counts[] = {3};
    pal_lists lists = {.n = 1, .k = 3, .items = listed, .counts = counts};
    pal_shown shown = {.lists = &lists, .questions = &q};
    double expected = (2 * (1 - 1 / sqrt(2)) + 1) / 3;
    assert_true(fabs(pal_metric_find("diversity")->of_all(NULL, &shown, 3) - expected) < 1e-12);
    /* A catalog that sorts nothing leaves it to training. */
    catalog.columns = columns + 1;
    catalog.n_columns = 1;
    assert_int_equal(pal_questions_categorize(ctx, &catalog, &q), PAL_OK);
    assert_int_equal(q.categories.n_cols, 0);
    pal_arena_release(&q.arena);
    catalog.n_columns = 2;
    catalog.columns = columns;
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranking_metrics_have_their_toy_values),
        cmocka_unit_test(a_short_list_counts_misses),
        cmocka_unit_test(value_sums_what_hits_are_worth),
        cmocka_unit_test(gains_come_from_the_catalog),
        cmocka_unit_test(metrics_of_all_lists_have_their_toy_values),
        cmocka_unit_test(diversity_is_one_minus_the_mean_cosine),
        cmocka_unit_test(diversity_goes_by_categories_where_there_are_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
