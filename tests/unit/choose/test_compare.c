/* test_compare.c - a comparison from options to its rows: what stands there when a budget or a
 * request to stop cuts it short, who answers strangers in the end, how new items are judged beside
 * used ones, and whether a second domain helps. */
#include "support.h"

#include <math.h>
#include <unistd.h>

#include "choose/compare.h"
#include "data/second.h"
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

/* The same people in another domain: with the taste that they have here, or with none; all of it
 * before what they do here, or at the same time. */
static void bench_open_source(bench *b, bool has_taste, bool is_before, pal_data *second,
                              support_log *log) {
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
        times[e] = 900000 + (is_before ? 60 : 2700) * (int64_t)e;
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
        bench_open_source(&b, has_taste, true, &second, &log);
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

/* No event of a person's source is known from his first event that is asked of him on: not to the
 * models, and not to the queries. */
static void check_source_is_before(const pal_source *source, const pal_questions *questions,
                                   const pal_ids *user_ids) {
    int32_t n_known = 0;
    for (int32_t u = 0; u < questions->n_users; u++) {
        int32_t row = questions->users[u];
        int64_t first = questions->targets->times[questions->targets->starts[row]];
        const char *id = pal_ids_at(user_ids, row);
        int32_t there = pal_ids_find(source->log->about.user_ids, id, strlen(id));
        for (int64_t e = there < 0 ? 0 : source->log->starts[there];
             there >= 0 && e < source->log->starts[there + 1]; e++)
            assert_true(source->log->times[e] < first);
        const pal_query *query = &questions->queries[questions->query_starts[u]];
        for (int32_t e = 0; e < query->n_source; e++) assert_true(query->source_times[e] < first);
        n_known += query->n_source > 0;
    }
    assert_true(n_known > 0);
}

static void nothing_later_is_known_of_a_source_where_a_split_is_not_in_time(void **state) {
    (void)state;
    static const char *const specs[] = {"popular", "merged(item_knn)", NULL};
    static const struct {
        const char *split;
        int32_t until;
        bool is_asked;
    } cases[] = {{"leave_last", PAL_UNTIL_FIRST, false},
                 {"'cold_users valid=0.3 test=0.3'", PAL_UNTIL_FIRST, false},
                 {"'kfold folds=3'", PAL_UNTIL_FIRST, false},
                 {"time", PAL_UNTIL_PART, false},
                 {"leave_last", PAL_UNTIL_ALL, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench b;
        pal_data second;
        support_log log;
        char options[128];
        bench_open_source(&b, true, false, &second, &log);
        snprintf(options, sizeof options, "hide=none task=window split=%s%s", cases[i].split,
                 cases[i].is_asked ? " source_until=all" : "");
        bench_compare(&b, specs, options);
        const pal_comparison *c = &b.comparison;
        assert_int_equal(c->options.source_until, cases[i].until);
        if (cases[i].is_asked) {
            assert_int_equal(c->source_test.log.n_events, SOURCE_EVENTS);
        } else {
            assert_true(c->source_test.log.n_events < SOURCE_EVENTS);
            check_source_is_before(&c->source_valid.source, &c->tables[0].valid,
                                   &c->split.user_ids);
            check_source_is_before(&c->source_test.source, &c->tables[0].test, &c->split.user_ids);
        }
        pal_comparison_release(&b.comparison);
        support_log_release(&log);
        bench_close(&b);
    }
}

static void the_last_point_of_a_sweep_is_what_validation_saw(void **state) {
    (void)state;
    static const char *const specs[] = {
        "popular", "merged(bpr epochs=40)",          "pretrain(bpr epochs=40)",
        "emcdr",   "blend(bpr epochs=40, item_knn)", "bpr epochs=40",
        NULL};
    for (int refit = 0; refit < 2; refit++) {
        bench b;
        pal_data second;
        support_log log;
        bench_open_source(&b, true, true, &second, &log);
        bench_compare(&b, specs,
                      refit ? "hide=none task=window split=random growth sweep"
                            : "hide=none task=window split=random growth sweep refit=none");
        const pal_table *table = &b.comparison.tables[0];
        for (int32_t r = 0; r < table->n_rows; r++) {
            const pal_row *row = &table->rows[r];
            if (row->n_growth != PAL_GROWTH_POINTS) fail_msg("%s has no growth", row->name);
            if (fabs(row->growth[PAL_GROWTH_POINTS - 1].metric - row->valid_choice) > 1e-12)
                fail_msg("%s: %.9f at the end of the sweep, %.9f on validation", row->name,
                         row->growth[PAL_GROWTH_POINTS - 1].metric, row->valid_choice);
        }
        pal_comparison_release(&b.comparison);
        support_log_release(&log);
        bench_close(&b);
    }
}

/* --- who answers strangers --- */

/* People of the last quarter come late, one after the other; others use two items each over and
 * over. All were in the source before. */
static void bench_open_strangers(bench *b, pal_data *second, support_log *log) {
    static int32_t users[EVENTS], items[EVENTS];
    static int64_t times[EVENTS];
    bench_open_source(b, true, true, second, log);
    support_log_release(&b->log);
    uint32_t state = 11;
    for (int32_t e = 0; e < EVENTS; e++) {
        state = state * 1664525u + 1013904223u;
        int32_t n_old = USERS * 3 / 4;
        bool is_late = e >= EVENTS * 7 / 10 && (state >> 20) % 3 == 0;
        users[e] = is_late ? n_old + (e - EVENTS * 7 / 10) * (USERS - n_old) / (EVENTS * 3 / 10)
                           : (int32_t)((state >> 8) % n_old);
        items[e] = (int32_t)((uint32_t)users[e] * 7 + (state >> 16) % 2 * 5) % NEW_FROM;
        times[e] = 1000000 + 3600 * (int64_t)e;
    }
    support_log_make(b->ctx, &b->log, USERS, NEW_FROM, EVENTS, users, items, times, NULL);
    b->data.parts[0] = b->log.log;
}

static void check_same_lists(pal_ctx *ctx, const pal_model *a, pal_fallback_use use_a,
                             const pal_model *b, pal_fallback_use use_b,
                             const pal_questions *questions) {
    enum { K = 5 };
    pal_arena arena = {0};
    pal_lists of_a, of_b;
    const pal_rank_options options_a = {.k = K, .use = use_a}, options_b = {.k = K, .use = use_b};
    int32_t n_strangers = 0;
    for (int32_t q = 0; q < questions->n_queries; q++) {
        const pal_query *query = &questions->queries[q];
        if (query->n_events > 0) continue;
        n_strangers++;
        assert_int_equal(pal_rank(ctx, a, query, 1, &options_a, &arena, &of_a), PAL_OK);
        assert_int_equal(pal_rank(ctx, b, query, 1, &options_b, &arena, &of_b), PAL_OK);
        assert_int_equal(of_a.counts[0], of_b.counts[0]);
        assert_memory_equal(of_a.items, of_b.items, (size_t)of_a.counts[0] * sizeof *of_a.items);
        assert_memory_equal(of_a.scores, of_b.scores, (size_t)of_a.counts[0] * sizeof(float));
    }
    assert_true(n_strangers > 0);
    pal_arena_release(&arena);
}

static void strangers_get_the_lists_of_the_row_chosen_for_them(void **state) {
    (void)state;
    static const char *const specs[][3] = {{"item_knn", "popular half_life=1d", NULL},
                                           {"item_knn", "multitask epochs=30", NULL}};
    static const char *const options[] = {"hide=none task=window split=time",
                                          "hide=none task=window split=time refit=none"};
    for (int i = 0; i < 4; i++) {
        bench b;
        pal_data second;
        support_log log;
        bench_open_strangers(&b, &second, &log);
        bench_compare(&b, specs[i / 2], options[i % 2]);
        const pal_table *table = &b.comparison.tables[0];
        assert_int_equal(table->winner_known, 0);
        assert_int_equal(table->winner_strangers, 1);
        pal_model *chosen = table->rows[0].model, *loaded;
        const pal_model *row = table->rows[1].model;
        assert_non_null(chosen->fallback);
        pal_fallback_use use =
            row->kind->traits & PAL_SCORES_STRANGERS ? PAL_FALLBACK_SELF : PAL_FALLBACK_MODEL;
        check_same_lists(b.ctx, chosen, PAL_FALLBACK_MODEL, row, use, &table->test);
        char path[] = "/tmp/palate-test-XXXXXX";
        int file = mkstemp(path);
        assert_true(file >= 0);
        close(file);
        if (pal_model_save(b.ctx, chosen, path) != PAL_OK) fail_msg("%s", b.ctx->error);
        if (pal_model_load(b.ctx, path, &loaded) != PAL_OK) fail_msg("%s", b.ctx->error);
        unlink(path);
        check_same_lists(b.ctx, loaded, PAL_FALLBACK_MODEL, row, use, &table->test);
        pal_model_free(loaded);
        pal_comparison_release(&b.comparison);
        support_log_release(&log);
        bench_close(&b);
    }
}

/* Those that are answered by a fallback that was named: on the test by what the rows learned. */
static void a_named_fallback_learns_what_its_model_learned(void **state) {
    (void)state;
    static const char *const specs[] = {"item_knn", NULL};
    bench b;
    pal_data second;
    support_log log;
    bench_open_strangers(&b, &second, &log);
    bench_compare(&b, specs,
                  "hide=none task=window split=time refit=none fallback='popular "
                  "half_life=1d'");
    const pal_model *model = b.comparison.tables[0].rows[0].model;
    assert_non_null(model->fallback);
    assert_int_equal(model->fallback->log->n_events, b.comparison.split.train.n_events);
    assert_int_equal(model->fallback->log->n_items, model->log->n_items);
    pal_comparison_release(&b.comparison);
    support_log_release(&log);
    bench_close(&b);
}

/* --- who does worse than popular --- */

static void worse_than_popular_is_told_of_whom_it_is_about(void **state) {
    (void)state;
    static const char *const specs[] = {"popular", "merged(bpr)", NULL};
    bench b;
    pal_data second;
    support_log log;
    bench_open_source(&b, false, true, &second, &log);
    bench_compare(&b, specs,
                  "hide=none task=window split='cold_users valid=0.3 test=0.3' "
                  "source_until=all");
    const pal_table *table = &b.comparison.tables[0];
    const pal_row *row = &table->rows[1];
    if (!row->below)
        fail_msg("not below: %g, popular %g", row->test.mean[0], table->rows[0].test.mean[0]);
    assert_non_null(strstr(row->below, "popular for all test users by"));
    assert_non_null(strstr(row->below, "the source is the cause: merged(bpr) source=off"));
    pal_comparison_release(&b.comparison);
    support_log_release(&log);
    bench_close(&b);
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
        cmocka_unit_test(nothing_later_is_known_of_a_source_where_a_split_is_not_in_time),
        cmocka_unit_test(the_last_point_of_a_sweep_is_what_validation_saw),
        cmocka_unit_test(strangers_get_the_lists_of_the_row_chosen_for_them),
        cmocka_unit_test(a_named_fallback_learns_what_its_model_learned),
        cmocka_unit_test(worse_than_popular_is_told_of_whom_it_is_about),
        cmocka_unit_test(first_events_are_judged_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
