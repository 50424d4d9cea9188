/* test_questions.c - what is asked, what the mask takes, what stays relevant though nobody can list
 * it. */
#include "support.h"

#include "data/source.h"
#include "eval/questions.h"

static pal_protocol protocol_with(pal_hide hide) {
    pal_protocol protocol;
    pal_params_init(pal_protocol_params, &protocol);
    protocol.hide = hide;
    return protocol;
}

typedef struct {
    support_log history, test;
} parts;

/* History: u0 used i0, i1, i2; u1 used i3. Test: u0 uses i1 again, then i3 and i4 (new); u2, a
 * stranger, uses i0. */
static void parts_make(pal_ctx *ctx, parts *p) {
    const int32_t users[] = {0, 0, 0, 1}, items[] = {0, 1, 2, 3};
    const int64_t times[] = {1, 2, 3, 4};
    support_log_make(ctx, &p->history, 2, 4, 4, users, items, times, NULL);
    const int32_t test_users[] = {0, 0, 0, 2}, test_items[] = {1, 3, 4, 0};
    const int64_t test_times[] = {10, 11, 12, 13};
    support_log_make(ctx, &p->test, 3, 5, 4, test_users, test_items, test_times, NULL);
}

static void parts_release(parts *p) {
    support_log_release(&p->history);
    support_log_release(&p->test);
}

static void a_window_asks_once_a_user(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    parts p;
    parts_make(ctx, &p);
    pal_questions q;
    pal_protocol protocol = protocol_with(PAL_HIDE_TARGET);
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &p.history.log, &p.test.log, 0, 4, &q),
        PAL_OK);
    assert_int_equal(q.n_users, 2);
    assert_int_equal(q.n_strangers, 1);
    assert_int_equal(q.n_masked, 1);      /* i1 again */
    assert_int_equal(q.n_unreachable, 1); /* i4 is no candidate and stays relevant */
    assert_int_equal(q.relevant_starts[1] - q.relevant_starts[0], 2);
    assert_int_equal(q.relevant[0], 3);
    assert_int_equal(q.relevant[1], 4);
    assert_int_equal(q.queries[0].n_events, 3);
    assert_int_equal(q.queries[0].user_plus_1, 1);
    assert_int_equal(q.queries[1].n_events, 0);
    assert_int_equal(q.queries[1].user_plus_1, 0);
    pal_questions_release(&q);
    protocol.hide = PAL_HIDE_NONE;
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &p.history.log, &p.test.log, 0, 4, &q),
        PAL_OK);
    assert_int_equal(q.n_masked, 0);
    assert_int_equal(q.n_pairs, 4);
    pal_questions_release(&q);
    parts_release(&p);
    support_close(ctx);
}

static void next_asks_before_each_event_with_all_that_came_before(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    parts p;
    parts_make(ctx, &p);
    pal_questions q;
    pal_protocol protocol = protocol_with(PAL_HIDE_NONE);
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_NEXT, &p.history.log, &p.test.log, 0, 4, &q),
        PAL_OK);
    assert_int_equal(q.n_queries, 4);
    assert_int_equal(q.n_users, 2);
    const int32_t before[] = {0, 1, 2, 1, 3};
    for (int32_t i = 0; i < 3; i++) {
        assert_int_equal(q.queries[i].n_events, 3 + i);
        assert_memory_equal(q.queries[i].items, before, (size_t)(3 + i) * sizeof *before);
        assert_int_equal(q.queries[i].now, 10 + i);
    }
    assert_int_equal(q.queries[3].n_events, 0);
    pal_questions_release(&q);
    parts_release(&p);
    support_close(ctx);
}

static void a_mask_that_takes_much_is_refused(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log history, test;
    const int32_t users[] = {0, 0}, items[] = {0, 1};
    const int64_t times[] = {1, 2};
    support_log_make(ctx, &history, 1, 2, 2, users, items, times, NULL);
    const int32_t test_users[] = {0, 0}, test_items[] = {0, 2};
    support_log_make(ctx, &test, 1, 3, 2, test_users, test_items, times, NULL);
    pal_questions q;
    pal_protocol protocol = protocol_with(PAL_HIDE_TARGET);
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 2, &q),
        PAL_EDATA);
    assert_non_null(strstr(ctx->error, "--hide none"));
    protocol.allow_drop = true;
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 2, &q),
        PAL_OK);
    assert_int_equal(q.n_pairs, 1);
    pal_questions_release(&q);
    support_log_release(&history);
    support_log_release(&test);
    support_close(ctx);
}

static void a_masked_pair_counts_once(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log history, test;
    const int32_t zero[] = {0, 0, 0}, items[] = {0, 0, 1};
    const int64_t times[] = {1, 2, 3};
    support_log_make(ctx, &history, 1, 2, 1, zero, zero, times, NULL);
    support_log_make(ctx, &test, 1, 2, 3, zero, items, times, NULL);
    pal_questions q;
    pal_protocol protocol = protocol_with(PAL_HIDE_TARGET);
    protocol.allow_drop = true;
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 2, &q),
        PAL_OK);
    assert_int_equal(q.n_masked, 1);
    pal_questions_release(&q);
    support_log_release(&history);
    support_log_release(&test);
    support_close(ctx);
}

static void ratings_can_be_asked_by_rule(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log history, test;
    const int32_t users[] = {0, 0, 0}, items[] = {0, 1, 2};
    const int64_t times[] = {1, 2, 3};
    const float values[] = {1, 4, 5};
    support_log_make(ctx, &history, 1, 3, 1, users, items, times, values);
    support_log_make(ctx, &test, 1, 3, 2, users, items + 1, times + 1, values + 1);
    pal_protocol protocol = protocol_with(PAL_HIDE_TARGET);
    pal_questions q;
    protocol.relevant = "value>=5";
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 3, &q),
        PAL_OK);
    assert_int_equal(q.n_pairs, 1);
    assert_int_equal(q.relevant[0], 2);
    pal_questions_release(&q);
    protocol.relevant = "value>=";
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 3, &q),
        PAL_EUSAGE);
    protocol.relevant = "value>9";
    assert_int_equal(
        pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &history.log, &test.log, 0, 3, &q),
        PAL_EDATA);
    support_log_release(&history);
    support_log_release(&test);
    support_close(ctx);
}

/* As where each person's last event is the test: somebody else's history goes on after it. */
static void searches_after_what_is_asked_are_not_known(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log history, test;
    const int32_t users[] = {0, 1}, items[] = {0, 1};
    const int64_t times[] = {1, 100};
    support_log_make(ctx, &history, 2, 3, 2, users, items, times, NULL);
    const int32_t test_users[] = {0, 0}, test_items[] = {1, 2};
    const int64_t test_times[] = {10, 20};
    support_log_make(ctx, &test, 2, 3, 2, test_users, test_items, test_times, NULL);
    pal_search_list heard = {0};
    assert_true(pal_search_list_add(&heard, "u0", 2, 9, 0, "before", 6));
    assert_true(pal_search_list_add(&heard, "u0", 2, 15, 0, "between", 7));
    assert_true(pal_search_list_add(&heard, "u0", 2, 50, 0, "after", 5));
    pal_searches searches;
    int64_t n_others;
    assert_int_equal(pal_searches_build(ctx, &heard, &history.users, &searches, &n_others), PAL_OK);
    const pal_background background = {.searches = &searches, .search_ids = &history.users};
    const struct {
        pal_task task;
        const char *texts[2];
    } cases[] = {{PAL_TASK_WINDOW, {"before"}}, {PAL_TASK_NEXT, {"before", "before between"}}};
    pal_protocol protocol = protocol_with(PAL_HIDE_NONE);
    for (int c = 0; c < 2; c++) {
        pal_questions q;
        assert_int_equal(
            pal_questions_make(ctx, &protocol, cases[c].task, &history.log, &test.log, 0, 3, &q),
            PAL_OK);
        assert_int_equal(pal_questions_describe(ctx, &background, &history.users, &q), PAL_OK);
        assert_int_equal(q.n_queries, c + 1);
        for (int32_t i = 0; i < q.n_queries; i++)
            assert_string_equal(q.queries[i].text, cases[c].texts[i]);
        pal_questions_release(&q);
    }
    pal_searches_release(&searches);
    pal_search_list_release(&heard);
    support_log_release(&history);
    support_log_release(&test);
    support_close(ctx);
}

/* u0 did something in the source before the test, while it ran before he was asked, and after
 * that; u2 only after the test began. */
static void a_source_that_goes_on_is_cut_in_queries(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    parts p;
    parts_make(ctx, &p);
    support_log log;
    const int32_t users[] = {0, 0, 0, 2, 2}, items[] = {0, 1, 2, 0, 1};
    const int64_t times[] = {5, 9, 10, 11, 20};
    support_log_make(ctx, &log, 3, 3, 5, users, items, times, NULL);
    const pal_source source = {.log = &log.log, .shared = PAL_SHARED_USERS};
    static const struct {
        bool cuts;
        int64_t until;
        int32_t n[2]; /* events of u0 and u2 that queries know */
    } cases[] = {
        {false, 0, {3, 2}}, {true, 9, {1, 0}}, {true, 10, {2, 0}}, {true, INT64_MAX, {2, 1}}};
    pal_protocol protocol = protocol_with(PAL_HIDE_NONE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_questions q;
        assert_int_equal(pal_questions_make(ctx, &protocol, PAL_TASK_WINDOW, &p.history.log,
                                            &p.test.log, 0, 4, &q),
                         PAL_OK);
        const pal_background background = {
            .source = &source, .cuts_source = cases[i].cuts, .source_until = cases[i].until};
        assert_int_equal(pal_questions_describe(ctx, &background, &p.test.users, &q), PAL_OK);
        for (int32_t u = 0; u < 2; u++) {
            assert_int_equal(q.queries[u].n_source, cases[i].n[u]);
            assert_int_equal(q.queries[u].source_user_plus_1, cases[i].n[u] ? q.users[u] + 1 : 0);
        }
        pal_questions_release(&q);
    }
    support_log_release(&log);
    parts_release(&p);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_asks_once_a_user),
        cmocka_unit_test(a_source_that_goes_on_is_cut_in_queries),
        cmocka_unit_test(next_asks_before_each_event_with_all_that_came_before),
        cmocka_unit_test(a_mask_that_takes_much_is_refused),
        cmocka_unit_test(a_masked_pair_counts_once),
        cmocka_unit_test(ratings_can_be_asked_by_rule),
        cmocka_unit_test(searches_after_what_is_asked_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
