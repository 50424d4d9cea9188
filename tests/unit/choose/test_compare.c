/* test_compare.c - a comparison from options to its rows: what stands there when a budget or a
 * request to stop cuts it short, who answers strangers in the end, how new items are judged beside
 * used ones, and whether a second domain helps. */
#include "support.h"

#include <math.h>

#include "choose/compare.h"
#include "models/rank.h"

enum { USERS = 40, EVENTS = 1200 };

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_data data;
    pal_comparison comparison;
} bench;

/* The earlier an item's row, the more it is used. */
static void bench_open(bench *b) {
    static int32_t users[EVENTS], items[EVENTS];
    static int64_t times[EVENTS];
    static float values[EVENTS];
    memset(b, 0, sizeof *b);
    b->ctx = support_open(2);
    uint32_t state = 1;
    for (int32_t e = 0; e < EVENTS; e++) {
        state = state * 1664525u + 1013904223u;
        users[e] = e % USERS;
        items[e] = (int32_t)((state >> 16) % 30 * ((state >> 8) % 30) / 30);
        times[e] = 1000000 + 3600 * (int64_t)e;
        values[e] = (float)(1 + (state >> 20) % 5);
    }
    support_log_make(b->ctx, &b->log, USERS, 30, EVENTS, users, items, times, values);
    b->data.n_parts = 1;
    b->data.parts[0] = b->log.log;
}

static pal_status bench_run(bench *b, const char *options) {
    static const char *const specs[] = {"popular", "item_knn", NULL};
    return pal_compare_run(b->ctx, &b->data, specs, options, NULL, NULL, &b->comparison);
}

static void bench_close(bench *b) {
    support_log_release(&b->log);
    support_close(b->ctx);
}

static void a_budget_that_skips_all_is_an_error_with_its_reason(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    assert_int_equal(bench_run(&b, "task=both allow_drop hide=none budget=0.000000001"), PAL_EDATA);
    assert_non_null(strstr(b.ctx->error, "no model could be compared"));
    assert_non_null(strstr(b.ctx->error, "raise --budget"));
    bench_close(&b);
}

static void strangers_are_answered_by_the_fallback_that_was_asked_for(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    if (bench_run(&b, "hide=none fallback='popular half_life=1d'") != PAL_OK)
        fail_msg("%s", b.ctx->error);
    const pal_table *table = &b.comparison.tables[0];
    assert_int_equal(table->winner_strangers, -1); /* validation has none */
    const pal_model *model = table->rows[table->winner_known].model;
    assert_non_null(model->fallback);
    assert_string_equal(model->fallback->spec, "popular half_life=1d");
    assert_int_equal(pal_model_fallback_use(model), PAL_FALLBACK_MODEL);
    pal_comparison_release(&b.comparison);
    bench_close(&b);
}

static void a_fold_may_be_asked_for_by_its_initial_value(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    if (bench_run(&b, "hide=none task=window split='kfold folds=3 fold=0'") != PAL_OK)
        fail_msg("%s", b.ctx->error);
    assert_int_equal(b.comparison.n_folds, 3);
    pal_comparison_release(&b.comparison);
    bench_close(&b);
}

typedef struct {
    pal_ctx *ctx;
    const char *at;
} stopper;

static void stop_in_fold(void *arg, pal_notice_type type, const char *text) {
    const stopper *stop = arg;
    (void)type;
    if (!strcmp(text, stop->at)) atomic_store(&stop->ctx->cancelled, true);
}

static void folds_that_are_done_are_kept_when_stopped(void **state) {
    (void)state;
    static const char *const stops[] = {"fold 2 of 4", "fold 4 of 4"};
    static const int32_t left[] = {0, 3};
    for (int i = 0; i < 2; i++) {
        bench b;
        bench_open(&b);
        stopper stop = {b.ctx, stops[i]};
        b.ctx->notice = stop_in_fold;
        b.ctx->notice_arg = &stop;
        if (bench_run(&b, "hide=none task=window split='kfold folds=4'") != PAL_OK)
            fail_msg("%s", b.ctx->error);
        assert_true(b.comparison.interrupted);
        assert_int_equal(b.comparison.n_folds, left[i]);
        assert_true(b.comparison.tables[0].winner_known >= 0);
        for (int32_t r = 0; r < 2; r++)
            assert_int_equal(b.comparison.tables[0].rows[r].status, PAL_ROW_DONE);
        pal_comparison_release(&b.comparison);
        bench_close(&b);
    }
}

/* --- items that nobody had used --- */

enum { NEW_FROM = 30, NEW_ITEMS = 20 };

/* People of even rows use even items; from the last fifth on a third of the events is on new ones.
 */
static void bench_open_new(bench *b, int32_t n_described) {
    static int32_t users[EVENTS], items[EVENTS];
    static int64_t times[EVENTS];
    memset(b, 0, sizeof *b);
    b->ctx = support_open(2);
    uint32_t state = 7;
    for (int32_t e = 0; e < EVENTS; e++) {
        state = state * 1664525u + 1013904223u;
        bool is_new = e >= EVENTS * 8 / 10 && (state >> 20) % 3 == 0;
        int32_t first = !is_new               ? 0
                        : e < EVENTS * 9 / 10 ? NEW_FROM
                                              : NEW_FROM + NEW_ITEMS / 2,
                n = is_new ? NEW_ITEMS / 2 : NEW_FROM;
        users[e] = (int32_t)((state >> 8) % USERS);
        items[e] = first + (int32_t)((state >> 16) % (uint32_t)n) / 2 * 2 + users[e] % 2;
        times[e] = 1000000 + 3600 * (int64_t)e;
    }
    support_log_make(b->ctx, &b->log, USERS, NEW_FROM + NEW_ITEMS, EVENTS, users, items, times,
                     NULL);
    b->data.n_parts = 1;
    b->data.parts[0] = b->log.log;
    support_log described = b->log;
    described.items.n = n_described; /* the catalog tells nothing of the others */
    support_catalog_make(b->ctx, &described, &b->data.catalog);
}

static void bench_compare(bench *b, const char *const *specs, const char *options) {
    if (pal_compare_run(b->ctx, &b->data, specs, options, NULL, NULL, &b->comparison) != PAL_OK)
        fail_msg("%s", b->ctx->error);
}

static void new_items_are_judged_beside_used_ones(void **state) {
    (void)state;
    static const char *const specs[] = {"popular",       "keyword", "feature_count",
                                        "item_features", "random",  NULL};
    bench with, without;
    bench_open_new(&with, NEW_FROM + NEW_ITEMS);
    bench_open_new(&without, NEW_FROM + NEW_ITEMS / 2);
    bench_compare(&with, specs, "hide=none task=window");
    bench_compare(&without, specs, "hide=none task=window");
    const pal_table *table = &with.comparison.tables[0], *other = &without.comparison.tables[0];
    assert_true(table->new_slice >= 0);
    assert_int_equal(other->new_slice, -1);
    assert_int_equal(table->test.n_candidates, other->test.n_candidates);
    for (int32_t r = 0; r < 4; r++) { /* the main numbers are those of a world without new items */
        const pal_row *row = &table->rows[r];
        assert_int_equal(row->status, PAL_ROW_DONE);
        for (int32_t m = 0; m < with.comparison.measures.n; m++) {
            double a = row->test.mean[m], b = other->rows[r].test.mean[m];
            if (memcmp(&a, &b, sizeof a))
                fail_msg("%s %s: %.17g, not %.17g", row->name, with.comparison.measures.at[m].name,
                         a, b);
        }
    }
    int64_t keyword = (int64_t)table->new_slice * table->test.n_users;
    assert_true(isnan(table->rows[0].slice_intervals[table->new_slice].mean)); /* cannot */
    assert_null(table->rows[0].new_by_user);
    assert_true(isfinite(table->rows[1].slice_intervals[table->new_slice].mean));
    double sum = 0;
    for (int32_t u = 0; u < table->test.n_users; u++) {
        double value = table->rows[1].test.slice_by_user[keyword + u];
        sum += isnan(value) ? 0 : 1;
    }
    assert_true(fabs(sum - table->new_test.n_users) < 0.5);
    assert_true(table->winner_new == 1 || table->winner_new == 3);
    assert_int_equal(table->control_new, 2);
    assert_true(table->over_control.low < table->over_control.high);
    assert_int_equal(table->random_new, 4);
    assert_true(table->over_random.low > 0 && table->over_random.low < table->over_random.high);
    /* Words tell the camps apart, their number does not. */
    assert_true(table->rows[1].new_alone.mean > table->rows[2].new_alone.mean + 0.1);
    pal_model *model = table->rows[1].model;
    assert_int_equal(pal_model_n_listed(model), table->test.n_candidates);
    assert_true(model->log->n_items > table->test.n_candidates);
    pal_comparison_release(&with.comparison);
    pal_comparison_release(&without.comparison);
    pal_catalog_release(&with.data.catalog);
    pal_catalog_release(&without.data.catalog);
    bench_close(&with);
    bench_close(&without);
}

static void items_that_were_dropped_are_not_new(void **state) {
    (void)state;
    static const char *const specs[] = {"keyword", NULL};
    bench b;
    bench_open_new(&b, NEW_FROM + NEW_ITEMS);
    assert_int_equal(pal_ids_add(&b.data.catalog.ids, "was dropped", 11), NEW_FROM + NEW_ITEMS);
    assert_int_equal(pal_ids_add(&b.data.dropped_items, "was dropped", 11), 0);
    bench_compare(&b, specs, "hide=none task=window candidates=catalog");
    assert_int_equal(b.comparison.split.item_ids.n, NEW_FROM + NEW_ITEMS);
    pal_comparison_release(&b.comparison);
    pal_ids_release(&b.data.dropped_items);
    pal_catalog_release(&b.data.catalog);
    bench_close(&b);
}

/* --- a second domain --- */

enum { SOURCE_EVENTS = 1600 };

/* The same people in another domain: with the taste that they have here, or with none. */
static void bench_open_source(bench *b, bool has_taste, pal_data *second, support_log *log) {
    static int32_t users[SOURCE_EVENTS], items[SOURCE_EVENTS];
    static int64_t times[SOURCE_EVENTS];
    uint32_t state = 3;
    bench_open_new(b, NEW_FROM);
    pal_catalog_release(&b->data.catalog);
    memset(&b->data.catalog, 0, sizeof b->data.catalog);
    for (int32_t e = 0; e < SOURCE_EVENTS; e++) {
        state = state * 1664525u + 1013904223u;
        users[e] = e % USERS;
        int32_t camp = has_taste ? users[e] % 2 : (int32_t)((state >> 9) % 2);
        items[e] = (int32_t)((state >> 16) % 40) / 2 * 2 + camp;
        times[e] = 900000 + 60 * (int64_t)e;
    }
    support_log_make(b->ctx, log, USERS, 40, SOURCE_EVENTS, users, items, times, NULL);
    *second = (pal_data){.n_parts = 1, .is_second = true};
    second->parts[0] = log->log;
    b->data.second = second;
    b->data.shared = PAL_SHARED_USERS;
}

static void the_source_is_tested_beside_its_twin(void **state) {
    (void)state;
    static const char *const specs[] = {"popular", "merged(item_knn)", NULL};
    for (int has_taste = 0; has_taste < 2; has_taste++) {
        bench b;
        pal_data second;
        support_log log;
        bench_open_source(&b, has_taste, &second, &log);
        bench_compare(&b, specs,
                      "hide=none task=window split='cold_users valid=0.3 test=0.3' sweep");
        const pal_table *table = &b.comparison.tables[0];
        assert_int_equal(table->n_rows, 3);
        assert_string_equal(table->rows[2].name, "merged(item_knn) source=off");
        const pal_row *row = &table->rows[1];
        assert_int_equal(row->twin, 2);
        assert_int_equal(table->rows[2].twin, -1);
        assert_int_equal(row->n_effects, 2); /* nobody has few events here */
        assert_string_equal(row->effects[1].name, "new users with source history");
        assert_true((row->source_verdict == PAL_SOURCE_HELPS) == has_taste);
        assert_int_equal(table->rows[0].n_growth, 0); /* no pair: not swept */
        assert_int_equal(row->n_growth, PAL_GROWTH_POINTS);
        assert_true(row->growth[2].has_gain && row->growth[2].users > row->growth[0].users);
        if (has_taste) {
            assert_true(row->growth[2].gain.low > 0);
            assert_int_equal(table->winner_strangers, 1);
        }
        pal_comparison_release(&b.comparison);
        support_log_release(&log);
        bench_close(&b);
    }
}

/* --- people without history --- */

/* In the next task somebody's later events have a history: they tell nothing of strangers. */
static void first_events_are_judged_by_themselves(void **state) {
    (void)state;
    static const char *const specs[] = {"popular", NULL};
    bench b;
    bench_open(&b);
    bench_compare(&b, specs, "hide=none task=next split='cold_users valid=0.3 test=0.3'");
    const pal_table *table = &b.comparison.tables[0];
    const pal_questions *q = &table->test;
    const pal_lists *lists = &table->rows[0].test.lists;
    double sum = 0;
    int32_t n = 0;
    for (int32_t i = 0; i < q->n_queries; i++) {
        if (q->queries[i].n_events > 0) continue;
        const int32_t *items = lists->items + (int64_t)i * lists->k;
        for (int32_t k = 0; k < 10 && k < lists->counts[i]; k++)
            if (items[k] == q->relevant[q->relevant_starts[i]]) sum += 1 / log2(k + 2.0);
        n++;
    }
    assert_true(n > 0 && n < q->n_queries);
    assert_string_equal(b.comparison.measures.at[0].name, "ndcg@10");
    assert_true(fabs(table->rows[0].strangers_own.mean - sum / n) < 1e-9);
    assert_true(fabs(table->rows[0].strangers_own.mean - table->rows[0].test.mean[0]) > 1e-3);
    assert_int_equal(table->winner_strangers, 0);
    pal_comparison_release(&b.comparison);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_budget_that_skips_all_is_an_error_with_its_reason),
        cmocka_unit_test(strangers_are_answered_by_the_fallback_that_was_asked_for),
        cmocka_unit_test(a_fold_may_be_asked_for_by_its_initial_value),
        cmocka_unit_test(folds_that_are_done_are_kept_when_stopped),
        cmocka_unit_test(new_items_are_judged_beside_used_ones),
        cmocka_unit_test(items_that_were_dropped_are_not_new),
        cmocka_unit_test(the_source_is_tested_beside_its_twin),
        cmocka_unit_test(first_events_are_judged_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
