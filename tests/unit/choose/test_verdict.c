/* test_verdict.c - the verdict's sentences on tables made by hand: each says what the numbers say
 * and nothing that they do not. */
#include "support.h"

#include <math.h>

#include "choose/verdict.h"

enum { ROWS = 4, SLICES = 4, KNOWN = 0, STRANGERS = 1, FRESH = 2, OLD = 3 };
enum { POPULAR, EASE, KNN, RUN };

/* A comparison of 200 test users, 160 of them with a history; ease wins with ndcg 0.150 and hit
 * 0.25 over popular's 0.100 and 0.20. item_knn was a little worse, and certainly so; the run
 * failed. */
typedef struct {
    pal_comparison comparison;
    pal_row rows[ROWS];
    double mean[ROWS][PAL_MEASURES_MAX], by_slice[ROWS][SLICES * PAL_MEASURES_MAX];
    pal_interval intervals[ROWS][PAL_MEASURES_MAX], slice_intervals[ROWS][SLICES];
    int32_t users[200];
    pal_verdict verdict;
} bench;

static int32_t measure_of(const bench *b, const char *metric) {
    for (int32_t m = 0; m < b->comparison.measures.n; m++) {
        if (!strcmp(b->comparison.measures.at[m].metric->name, metric)) return m;
    }
    fail_msg("no metric %s", metric);
    return 0;
}

/* The same numbers for everybody and for people with a history. */
static void bench_set(bench *b, int32_t r, double ndcg, double hit) {
    pal_interval interval = {ndcg, ndcg - 0.01, ndcg + 0.01};
    const int32_t at[] = {measure_of(b, "ndcg"), measure_of(b, "hit")};
    const double values[] = {ndcg, hit};
    for (int i = 0; i < 2; i++) {
        b->mean[r][at[i]] = values[i];
        b->by_slice[r][KNOWN * b->comparison.measures.n + at[i]] = values[i];
    }
    b->intervals[r][0] = interval;
    for (int32_t s = 0; s < SLICES; s++) b->slice_intervals[r][s] = interval;
}

/* Winner minus the row. */
static void bench_differ(bench *b, int32_t r, double mean, double low, double high) {
    b->rows[r].known_difference = b->rows[r].difference = (pal_interval){mean, low, high};
    b->rows[r].tied = low <= 0 && high >= 0;
}

static void bench_slice(bench *b, int32_t s, const char *name, int32_t n_users) {
    pal_slice *slice = &b->comparison.tables[0].slices.at[s];
    snprintf(slice->name, sizeof slice->name, "%s", name);
    slice->n_users = n_users;
}

static void bench_rows(bench *b) {
    static const char *const names[] = {"popular", "ease l2=500", "item_knn k=50", "today.run"};
    static const char *const kinds[] = {"popular", "ease", "item_knn", "run"};
    for (int32_t r = 0; r < ROWS; r++) {
        pal_row *row = &b->rows[r];
        snprintf(row->name, sizeof row->name, "%s", names[r]);
        row->kind = row->family = kinds[r];
        row->test.mean = b->mean[r];
        row->test.by_slice = b->by_slice[r];
        row->intervals = b->intervals[r];
        row->slice_intervals = b->slice_intervals[r];
        row->model_bytes = r == POPULAR ? 4000 : 2000000;
        row->parameters = row->model_bytes / 4;
        row->multiply_adds = r == POPULAR ? 1e3 : 2.5e9;
        row->strangers_own = (pal_interval){NAN, NAN, NAN};
    }
    b->rows[POPULAR].traits = PAL_SCORES_STRANGERS;
    b->rows[POPULAR].strangers_own = (pal_interval){0.08, 0.06, 0.1};
    b->rows[RUN].status = PAL_ROW_FAILED;
    b->rows[RUN].is_run = true;
}

static bench *bench_new(void) {
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->comparison.options.protocol.k = (pal_ints){.n = 2, .at = {10, 20}};
    pal_measures_list(&b->comparison.options.protocol, &b->comparison.measures);
    b->comparison.options.worth = 0.02;
    b->comparison.n_tables = 1;
    assert_int_equal(pal_ids_add(&b->comparison.split.user_ids, "anna", 4), 0);
    pal_table *table = &b->comparison.tables[0];
    *table = (pal_table){.task = PAL_TASK_WINDOW,
                         .n_rows = ROWS,
                         .rows = b->rows,
                         .winner_known = EASE,
                         .most_accurate = EASE,
                         .winner_strangers = POPULAR,
                         .winner_new = -1,
                         .control_new = -1,
                         .random_new = -1,
                         .new_slice = -1};
    table->test.n_users = 200;
    table->test.users = b->users;
    table->slices.n = SLICES;
    bench_rows(b);
    bench_slice(b, KNOWN, "known users", 160);
    bench_slice(b, STRANGERS, "strangers", 40);
    bench_slice(b, FRESH, "day 1", 10);
    bench_slice(b, OLD, "days 8-30", 10);
    bench_set(b, POPULAR, 0.1, 0.2);
    bench_set(b, EASE, 0.15, 0.25);
    bench_set(b, KNN, 0.145, 0.24);
    bench_set(b, RUN, 0.12, 0.22);
    bench_differ(b, POPULAR, 0.05, 0.04, 0.06);
    bench_differ(b, KNN, 0.005, 0.001, 0.009);
    bench_differ(b, RUN, 0.03, 0.02, 0.04);
    return b;
}

static void bench_free(bench *b) {
    pal_ids_release(&b->comparison.split.user_ids);
    free(b);
}

static const pal_verdict *bench_judge(bench *b) {
    pal_verdict_make(&b->comparison, 0, &b->verdict);
    assert_true(b->verdict.n_lines >= 1 && b->verdict.n_lines <= PAL_VERDICT_LINES);
    return &b->verdict;
}

static bool says(const bench *b, const char *sentence) {
    for (int32_t i = 0; i < b->verdict.n_lines; i++) {
        if (strstr(b->verdict.lines[i], sentence)) return true;
    }
    return false;
}

static void assert_says(const bench *b, const char *sentence) {
    if (says(b, sentence)) return;
    for (int32_t i = 0; i < b->verdict.n_lines; i++) print_message("  %s\n", b->verdict.lines[i]);
    fail_msg("it does not say: %s", sentence);
}

static void assert_silent(const bench *b, const char *sentence) {
    if (says(b, sentence)) fail_msg("it says: %s", sentence);
}

/* --- tests --- */

static void a_clear_winner_is_named_with_what_it_gains(void **state) {
    (void)state;
    bench *b = bench_new();
    const pal_verdict *verdict = bench_judge(b);
    static const char *const lines[] = {
        "Use ease l2=500: of people with a history, 1 in 4 finds something in the top 10 (ndcg@10 "
        "0.150, 95 % interval 0.140 to 0.160).",
        "It beats popular by 0.050 (0.040 to 0.060), a gain of 50 %.",
        "For the 40 of 200 test users without history use popular: by its own list ndcg@10 0.080 "
        "(0.060 to 0.100); the table shows the fallback's.",
        "ease l2=500 costs 2.5 billion multiply-adds to train and 2.0 MB to keep (500 thousand "
        "learned "
        "numbers).",
    };
    assert_int_equal(verdict->n_lines, 4);
    for (int32_t i = 0; i < 4; i++) assert_string_equal(verdict->lines[i], lines[i]);
    assert_string_equal(verdict->known, "ease l2=500");
    assert_string_equal(verdict->strangers, "popular");
    assert_int_equal(verdict->n_tied, 0);
    bench_free(b);
}

static void popularity_can_be_enough(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.tables[0].winner_known = b->comparison.tables[0].most_accurate = POPULAR;
    bench_judge(b);
    assert_says(b, "Use popular (popularity is enough here): of people with a history, 1 in 5 ");
    assert_silent(b, "It beats");       /* nothing is better than itself */
    assert_silent(b, "cannot be told"); /* or worse */
    snprintf(b->rows[POPULAR].name, sizeof b->rows[POPULAR].name, "popular half_life=7d");
    bench_judge(b);
    assert_says(b, "Use popular half_life=7d (what is popular lately is enough here: recency");
    /* Where --prefer cost passed over something better, it is not said to be enough. */
    b->comparison.tables[0].most_accurate = EASE;
    bench_judge(b);
    assert_silent(b, "enough here");
    bench_free(b);
}

static void too_little_data_is_said_first(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_slice(b, KNOWN, "known users", 30);
    bench_judge(b);
    assert_silent(b, "Too little data");
    bench_slice(b, KNOWN, "known users", 29);
    const pal_verdict *verdict = bench_judge(b);
    assert_string_equal(verdict->lines[0], "Too little data to tell: only 29 users with a history "
                                           "have something in the test.");
    assert_string_equal(verdict->known, "ease l2=500");
    bench_slice(b, KNOWN, "nobody known", 0); /* the slice is left out when it is empty */
    b->mean[EASE][measure_of(b, "hit")] = 0.5;
    verdict = bench_judge(b);
    assert_non_null(strstr(verdict->lines[0], "only 0 users with a history"));
    assert_non_null(strstr(verdict->lines[1], "of all, 1 in 2 finds something"));
    bench_free(b);
}

static void what_cannot_be_told_apart_is_listed(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_differ(b, KNN, 0.003, -0.001, 0.0075);
    const pal_verdict *verdict = bench_judge(b);
    assert_says(b, "This test cannot tell it from item_knn k=50: choosing that instead may cost up "
                   "to 5 %.");
    assert_int_equal(verdict->n_tied, 1);
    assert_string_equal(verdict->tied[0], "item_knn k=50");
    bench_differ(b, POPULAR, 0.01, -0.02, 0.03);
    verdict = bench_judge(b);
    assert_says(b, "It cannot be told from popular: the difference is 0.010, between -0.020 and "
                   "0.030.");
    assert_says(b, "cannot tell it from popular, item_knn k=50: choosing one of them instead may "
                   "cost up to 20 %.");
    assert_int_equal(verdict->n_tied, 2);
    b->rows[KNN].traits = PAL_IS_CONTROL; /* a yardstick is no choice */
    b->rows[POPULAR].is_oracle = true;
    assert_int_equal(bench_judge(b)->n_tied, 0);
    bench_free(b);
}

static void a_test_that_contradicts_validation_is_owned_up_to(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_differ(b, POPULAR, -0.02, -0.03, -0.01);
    bench_judge(b);
    assert_says(b, "On the test popular was better by 0.020 (0.010 to 0.030), although validation "
                   "chose otherwise: compare again");
    assert_silent(b, "It beats");
    bench_free(b);
}

static void another_row_that_was_better_on_the_test_is_named(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_differ(b, KNN, -0.02, -0.03, -0.01);
    b->rows[KNN].model_bytes = 1000;
    bench_judge(b);
    assert_says(b, "But on the test item_knn k=50 was better by 0.020 (0.010 to 0.030): validation "
                   "chose otherwise, so it is unlike the test; compare again");
    assert_silent(b, "is cheaper"); /* once is enough */
    snprintf(b->comparison.split.spec, sizeof b->comparison.split.spec, "%s",
             "files, validation: time valid=0.1");
    bench_judge(b);
    assert_says(b, "so it is unlike the test; cut it as the test is cut and name it with --valid.");
    b->comparison.split.spec[0] = '\0';
    bench_differ(b, KNN, -0.02, -0.05, 0.001); /* that may be chance */
    bench_judge(b);
    assert_silent(b, "But on the test");
    bench_differ(b, KNN, -0.02, -0.03, -0.01);
    b->rows[KNN].traits = PAL_IS_CONTROL;
    bench_judge(b);
    assert_silent(b, "But on the test");
    bench_free(b);
}

static void nothing_found_and_nothing_lost_are_said_so(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_differ(b, KNN, 0, 0, 0);
    bench_judge(b);
    assert_says(b, "cannot tell it from item_knn k=50: choosing that instead costs nothing.");
    bench_differ(b, KNN, 0.1, -0.1, 0.4); /* over the winner's 0.150 */
    bench_judge(b);
    assert_says(b, "choosing that instead may cost up to 100 %.");
    bench_set(b, EASE, 0.15, 0.7);
    bench_judge(b);
    assert_says(b, "of people with a history, 7 in 10 find something in the top 10");
    bench_set(b, EASE, 0, 0);
    bench_judge(b);
    assert_says(b, "Nothing to choose by: ease l2=500, chosen on validation, lists nothing in its "
                   "top 10 that people used in the test;");
    assert_silent(b, "Use ease");
    bench_free(b);
}

static void of_several_folds_all_users_are_spoken_of(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.n_folds = 5;
    b->mean[EASE][measure_of(b, "hit")] = 0.5; /* over folds; the slice is of the first */
    bench_judge(b);
    assert_says(b, "Use ease l2=500: of all, 1 in 2 finds something in the top 10");
    bench_free(b);
}

/* --- cost --- */

static void a_cheaper_model_within_worth_is_shown(void **state) {
    (void)state;
    bench *b = bench_new();
    b->rows[KNN].model_bytes = 1000000; /* half */
    bench_differ(b, KNN, 0.001, 0.0005, 0.0015);
    bench_judge(b);
    assert_says(b, "item_knn k=50 is cheaper (1.0 MB instead of 2.0 MB) and loses at the most 1.0 "
                   "%, less than the 2.0 % that --worth allows.");
    assert_silent(b, "multiply-adds");
    b->rows[KNN].known_difference.high = 0.0031; /* over 2 % of 0.150 */
    bench_judge(b);
    assert_silent(b, "is cheaper");
    assert_says(b, "ease l2=500 costs 2.5 billion multiply-adds to train and 2.0 MB to keep (500 "
                   "thousand learned "
                   "numbers).");
    b->rows[KNN].known_difference.high = 0.0015;
    b->rows[KNN].multiply_adds = 2.6e9; /* smaller, but more work */
    bench_judge(b);
    assert_silent(b, "is cheaper");
    b->rows[KNN].multiply_adds = 1e9;
    b->rows[KNN].model_bytes = 1000001; /* not half */
    bench_judge(b);
    assert_silent(b, "is cheaper");
    b->rows[KNN].model_bytes = 1000;
    b->comparison.limits.train = 1;
    b->rows[KNN].train_seconds = 2; /* past a limit */
    bench_judge(b);
    assert_silent(b, "is cheaper");
    bench_free(b);
}

static void a_winner_by_cost_says_what_it_was_taken_for(void **state) {
    (void)state;
    bench *b = bench_new();
    pal_table *table = &b->comparison.tables[0];
    table->winner_known = KNN;
    table->loss_high = 0.003;
    b->rows[KNN].model_bytes = 500000;
    bench_differ(b, EASE, -0.001, -0.003, 0.0005);
    const pal_verdict *verdict = bench_judge(b);
    assert_string_equal(verdict->known, "item_knn k=50");
    assert_string_equal(verdict->lines[1],
                        "It is cheaper than ease l2=500, the most accurate (500 kB instead of 2.0 "
                        "MB), and loses at the most 2.0 % to it, within --worth.");
    assert_silent(b, "multiply-adds");
    table->loss_high = -0.001; /* it loses nothing */
    bench_judge(b);
    assert_says(b, "loses at the most 0.0 % to it");
    bench_free(b);
}

static void no_winner_within_the_limit_is_said_alone(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.tables[0].winner_known = b->comparison.tables[0].most_accurate = -1;
    b->comparison.options.limit = "model=1kB";
    const pal_verdict *verdict = bench_judge(b);
    assert_int_equal(verdict->n_lines, 1);
    assert_string_equal(verdict->lines[0],
                        "No model can be recommended: none keeps within --limit model=1kB.");
    assert_null(verdict->known);
    assert_null(verdict->strangers);
    b->comparison.options.limit = NULL;
    verdict = bench_judge(b);
    assert_string_equal(verdict->lines[0], "No model can be recommended: none but yardsticks was "
                                           "compared to the end; name one with -m.");
    bench_free(b);
}

/* --- a system in use --- */

static void a_run_is_what_the_winner_is_held_against(void **state) {
    (void)state;
    bench *b = bench_new();
    b->rows[RUN].status = PAL_ROW_DONE;
    const pal_verdict *verdict = bench_judge(b);
    assert_says(b, "It beats the system in use by 0.030 (0.020 to 0.040), a gain of 25 %.");
    assert_silent(b, "beats popular");
    bench_differ(b, RUN, 0.001, -0.01, 0.012);
    verdict = bench_judge(b);
    assert_says(b, "It cannot be told from the system in use: the difference is 0.001, between "
                   "-0.010 and 0.012.");
    assert_int_equal(verdict->n_tied, 0); /* what is in use is no row to choose */
    assert_string_equal(verdict->known, "ease l2=500");
    bench_free(b);
}

static void a_better_system_in_use_stays(void **state) {
    (void)state;
    bench *b = bench_new();
    b->rows[RUN].status = PAL_ROW_DONE;
    bench_differ(b, RUN, -0.02, -0.03, -0.01);
    const pal_verdict *verdict = bench_judge(b);
    assert_string_equal(
        verdict->lines[0],
        "Keep the system in use (today.run): it is better than the best of what was "
        "compared, ease l2=500, by 0.020 (0.010 to 0.030).");
    assert_null(verdict->known);
    assert_silent(b, "Use ease");
    assert_silent(b, "multiply-adds");
    assert_string_equal(verdict->lines[verdict->n_lines - 1],
                        "Next: compare other kinds or options with -m.");
    assert_string_equal(verdict->strangers, "popular");
    bench_free(b);
}

/* --- strangers, new items, age --- */

static void strangers_are_spoken_of_as_far_as_they_were_seen(void **state) {
    (void)state;
    bench *b = bench_new();
    bench_slice(b, STRANGERS, "strangers", 29);
    bench_judge(b);
    assert_says(b, "For people without history validation chose popular; only 29 of 200 test users "
                   "are such: too few to tell.");
    bench_slice(b, STRANGERS, "head items", 29);
    bench_judge(b);
    assert_says(b, "For people without history use popular; this test has none of them, so their "
                   "number was not measured.");
    b->comparison.tables[0].winner_strangers = -1;
    assert_null(bench_judge(b)->strangers);
    assert_silent(b, "without history");
    bench_free(b);
}

static void what_nobody_can_reach_is_said_from_a_twentieth_on(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.tables[0].ceiling = 0.049;
    bench_judge(b);
    assert_silent(b, "training never saw");
    b->comparison.tables[0].ceiling = 0.12;
    bench_judge(b);
    assert_says(b, "12 % of what people did in the test is on items that training never saw: no "
                   "model that knows ids alone can reach it.");
    bench_free(b);
}

static void ageing_says_when_to_retrain(void **state) {
    (void)state;
    bench *b = bench_new();
    pal_table *table = &b->comparison.tables[0];
    bench_slice(b, FRESH, "day 1", 50);
    bench_slice(b, OLD, "days 8-30", 50);
    b->slice_intervals[EASE][FRESH] = (pal_interval){0.2, 0.18, 0.22};
    table->first_day = FRESH;
    table->n_ages = 1;
    table->ages[0] = (pal_ageing){OLD, {0.05, 0.02, 0.08}};
    bench_judge(b);
    assert_says(b,
                "Lists age: from the first day of the test to days 8-30 ndcg@10 falls from 0.200 "
                "by 0.050 (0.020 to 0.080; partly other people): retrain every week.");
    /* No fall, and one of a tenth would have been seen. */
    table->ages[0].fall = (pal_interval){0.005, -0.008, 0.018};
    bench_judge(b);
    assert_says(b,
                "Lists keep: from the first day of the test to days 8-30 ndcg@10 changes by -0.005 "
                "(-0.018 to +0.008): retraining once a month is enough.");
    table->ages[0].fall.high = 0.03;
    bench_judge(b);
    assert_silent(b, "Lists ");
    table->ages[0].fall = (pal_interval){0.05, 0.02, 0.08};
    bench_slice(b, OLD, "days 8-30", 29);
    bench_judge(b);
    assert_silent(b, "Lists ");
    bench_free(b);
}

/* --- form --- */

static void shares_are_said_in_plain_words(void **state) {
    (void)state;
    static const struct {
        double share;
        const char *words;
    } cases[] = {{0.001, "1 in 1000 finds"},
                 {0.11, "1 in 9 finds"},
                 {0.5, "1 in 2 finds"},
                 {0.51, "1 in 2 finds"},
                 {0.74, "7 in 10 find something"},
                 {0.949, "9 in 10 find something"},
                 {0.95, "nearly everybody finds"},
                 {1, "nearly everybody finds"}};
    bench *b = bench_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bench_set(b, EASE, 0.15, cases[i].share);
        bench_judge(b);
        assert_says(b, cases[i].words);
    }
    bench_free(b);
}

static void two_tasks_are_told_by_their_page(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.n_tables = 2;
    bench_judge(b);
    assert_says(b, "Use ease l2=500 on pages computed ahead: of people");
    b->comparison.tables[0].task = PAL_TASK_NEXT;
    bench_judge(b);
    assert_says(b, "Use ease l2=500 on pages computed at each event: ");
    assert_says(b, "For somebody's first event use popular: ndcg@10 0.080 (0.060 to 0.100).");
    b->comparison.tables[0].winner_strangers = KNN;
    b->rows[KNN].strangers_own = (pal_interval){0.11, 0.1, 0.12};
    bench_judge(b);
    assert_says(b, "first event use item_knn k=50: ndcg@10 0.110 (0.100 to 0.120), where popular "
                   "has 0.080 (0.060 to 0.100).");
    bench_free(b);
}

/* All there is to say, with names as long as they may be, is within eight lines: the command that
 * comes next is added by who knows where the model is. */
static void eight_lines_are_enough_for_everything(void **state) {
    (void)state;
    bench *b = bench_new();
    for (int32_t r = 0; r < ROWS; r++) {
        memset(b->rows[r].name, 'a' + r, sizeof b->rows[r].name - 1);
        b->rows[r].name[sizeof b->rows[r].name - 1] = '\0';
    }
    bench_slice(b, KNOWN, "known users", 20);
    bench_slice(b, FRESH, "day 1", 50);
    bench_slice(b, OLD, "days 8-30", 50);
    b->slice_intervals[KNN][FRESH] = (pal_interval){0.2, 0.19, 0.21};
    b->slice_intervals[KNN][OLD] = (pal_interval){0.1, 0.09, 0.11};
    b->comparison.tables[0].ceiling = 0.5;
    b->comparison.tables[0].winner_known = KNN;
    bench_differ(b, EASE, 0, -0.01, 0.01);
    bench_differ(b, POPULAR, 0, -0.01, 0.01);
    const pal_verdict *verdict = bench_judge(b);
    assert_int_equal(verdict->n_lines, PAL_VERDICT_LINES - 1);
    assert_non_null(strstr(verdict->lines[0], "Too little data"));
    assert_int_equal(verdict->n_tied, 2);
    bench_free(b);
}

static void new_items_have_a_line_and_a_warning(void **state) {
    (void)state;
    bench *b = bench_new();
    pal_table *table = &b->comparison.tables[0];
    table->new_slice = OLD;
    table->winner_new = KNN;
    table->new_test.n_users = 50;
    b->rows[KNN].new_alone = (pal_interval){0.2, 0.15, 0.25};
    bench_judge(b);
    assert_true(
        says(b, "For items that nobody has used yet use item_knn k=50: for the 50 test users"));
    assert_false(says(b, "does as well"));
    table->control_new = POPULAR;
    table->over_control = (pal_interval){0.01, -0.01, 0.03};
    bench_judge(b);
    assert_true(says(b, "popular, the number of features alone, does as well"));
    table->over_control.low = 0.001;
    bench_judge(b);
    assert_false(says(b, "does as well"));
    table->random_new = POPULAR;
    table->over_random = (pal_interval){0.01, 0, 0.02};
    bench_judge(b);
    assert_true(says(b, "No kind tells new items apart here: item_knn k=50"));
    assert_false(says(b, "For items that nobody has used yet"));
    table->over_random.low = 0.001;
    bench_judge(b);
    assert_true(says(b, "For items that nobody has used yet use item_knn k=50"));
    table->new_test.n_users = 29;
    bench_judge(b);
    assert_true(says(b, "only 29 test users used such: too few to tell"));
    bench_free(b);
}

static void the_best_row_with_a_source_says_what_it_does(void **state) {
    (void)state;
    bench *b = bench_new();
    b->rows[EASE].valid_choice = 0.1;
    b->rows[KNN].valid_choice = 0.2;
    b->rows[EASE].source_says = "the source helps: much";
    bench_judge(b);
    assert_true(says(b, "ease l2=500: the source helps: much."));
    b->rows[KNN].source_says = "the source does not help, leave it out: nothing";
    bench_judge(b);
    assert_true(says(b, "item_knn k=50: the source does not help, leave it out: nothing."));
    assert_false(says(b, "the source helps"));
    bench_free(b);
}

static void strangers_may_be_answered_by_what_is_known_of_them(void **state) {
    (void)state;
    bench *b = bench_new();
    b->comparison.tables[0].winner_strangers = KNN;
    b->rows[KNN].strangers_own = (pal_interval){0.11, 0.1, 0.12};
    bench_judge(b);
    assert_true(says(b, "use item_knn k=50, which reads what else is known of them"));
    assert_true(says(b, "where popular has 0.080 (0.060 to 0.100)"));
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clear_winner_is_named_with_what_it_gains),
        cmocka_unit_test(popularity_can_be_enough),
        cmocka_unit_test(too_little_data_is_said_first),
        cmocka_unit_test(what_cannot_be_told_apart_is_listed),
        cmocka_unit_test(a_test_that_contradicts_validation_is_owned_up_to),
        cmocka_unit_test(another_row_that_was_better_on_the_test_is_named),
        cmocka_unit_test(nothing_found_and_nothing_lost_are_said_so),
        cmocka_unit_test(of_several_folds_all_users_are_spoken_of),
        cmocka_unit_test(a_cheaper_model_within_worth_is_shown),
        cmocka_unit_test(a_winner_by_cost_says_what_it_was_taken_for),
        cmocka_unit_test(no_winner_within_the_limit_is_said_alone),
        cmocka_unit_test(a_run_is_what_the_winner_is_held_against),
        cmocka_unit_test(a_better_system_in_use_stays),
        cmocka_unit_test(strangers_are_spoken_of_as_far_as_they_were_seen),
        cmocka_unit_test(what_nobody_can_reach_is_said_from_a_twentieth_on),
        cmocka_unit_test(ageing_says_when_to_retrain),
        cmocka_unit_test(shares_are_said_in_plain_words),
        cmocka_unit_test(two_tasks_are_told_by_their_page),
        cmocka_unit_test(eight_lines_are_enough_for_everything),
        cmocka_unit_test(new_items_have_a_line_and_a_warning),
        cmocka_unit_test(the_best_row_with_a_source_says_what_it_does),
        cmocka_unit_test(strangers_may_be_answered_by_what_is_known_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
