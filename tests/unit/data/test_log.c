/* test_log.c - events in any order become a log in user and time order, and parts of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "data/log.h"
#include "data/read.h"

enum { N_EVENTS = 7 };

/* Seven events of three users on four items; user 1 and item 3 have none. */
static const int32_t users[N_EVENTS] = {2, 0, 2, 0, 2, 0, 2};
static const int32_t items[N_EVENTS] = {0, 1, 2, 1, 0, 0, 0};
static const float values[N_EVENTS] = {5, 4, 3, 2, 1, 0, -1};
static const int64_t times[N_EVENTS] = {50, 10, 40, 10, 60, 5, 50};
static const uint8_t types[N_EVENTS] = {0, 1, 0, 1, 1, 0, 0};
static const float weights[N_EVENTS] = {1, 3, 1, 2, 3, 1, 2};

static const pal_events all_columns = {.n = N_EVENTS,
                                       .users = users,
                                       .items = items,
                                       .values = values,
                                       .times = times,
                                       .types = types,
                                       .weights = weights};

static pal_ids user_ids, item_ids;

static int make_ids(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 3; i++) pal_ids_add(&user_ids, names[i], 1);
    for (int i = 0; i < 4; i++) pal_ids_add(&item_ids, names[i], 1);
    return 0;
}

static int release_ids(void **state) {
    (void)state;
    pal_ids_release(&user_ids);
    pal_ids_release(&item_ids);
    return 0;
}

static pal_log_about about_all(void) {
    pal_log_about about = {.n_users = 3,
                           .n_items = 4,
                           .n_types = 2,
                           .target_types = 1u << 1,
                           .user_ids = &user_ids,
                           .item_ids = &item_ids};
    strcpy(about.type_names[0], "view");
    strcpy(about.type_names[1], "buy");
    return about;
}

static void build(const pal_events *events, pal_log *out) {
    pal_ctx ctx = {0};
    pal_log_about about = about_all();
    assert_int_equal(pal_log_build(&ctx, events, &about, out), PAL_OK);
}

static void test_events_stand_by_user_and_time(void **state) {
    (void)state;
    pal_log log;
    build(&all_columns, &log);
    assert_int_equal(log.n_users, 3);
    assert_int_equal(log.n_items, 4);
    assert_int_equal(log.n_events, N_EVENTS);
    static const int64_t starts[] = {0, 3, 3, 7};
    /* Events at one time keep the order given: user 0's values 4, 2 at 10, user 2's 5, -1 at 50. */
    static const float sorted_values[] = {0, 4, 2, 3, 5, -1, 1};
    static const int32_t sorted_items[] = {0, 1, 1, 2, 0, 0, 0};
    static const int64_t sorted_times[] = {5, 10, 10, 40, 50, 50, 60};
    assert_memory_equal(log.starts, starts, sizeof starts);
    assert_memory_equal(log.values, sorted_values, sizeof sorted_values);
    assert_memory_equal(log.items, sorted_items, sizeof sorted_items);
    assert_memory_equal(log.times, sorted_times, sizeof sorted_times);
    int32_t of[N_EVENTS];
    pal_log_users(&log, of);
    static const int32_t sorted_users[] = {0, 0, 0, 2, 2, 2, 2};
    assert_memory_equal(of, sorted_users, sizeof sorted_users);
    assert_int_equal(pal_log_end(&log), 60);
    assert_false(pal_log_is_target(&log, 0));
    assert_true(pal_log_is_target(&log, 1));
    pal_log_release(&log);
}

static void test_without_times_order_is_kept(void **state) {
    (void)state;
    pal_events events = {.n = N_EVENTS, .users = users, .items = items, .values = values};
    pal_log log;
    build(&events, &log);
    static const float sorted_values[] = {4, 2, 0, 5, 3, 1, -1};
    assert_memory_equal(log.values, sorted_values, sizeof sorted_values);
    assert_null(log.times);
    assert_null(log.types);
    assert_null(log.weights);
    assert_int_equal(pal_log_end(&log), 0);
    assert_true(pal_log_is_target(&log, 0));
    pal_log_release(&log);
}

static void test_no_events_is_a_log(void **state) {
    (void)state;
    pal_events events = {0};
    pal_log log;
    build(&events, &log);
    assert_int_equal(log.n_events, 0);
    assert_int_equal(log.starts[3], 0);
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    pal_csr pairs;
    assert_int_equal(pal_log_pairs(&ctx, &log, UINT32_MAX, &arena, &pairs), PAL_OK);
    assert_int_equal(pairs.starts[3], 0);
    pal_arena_release(&arena);
    pal_log_release(&log);
}

static void test_select_keeps_and_renumbers(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_log log, part;
    build(&all_columns, &log);
    static const uint8_t keep[N_EVENTS] = {0, 1, 0, 1, 0, 0, 1};
    static const int32_t user_rows[] = {1, -1, 0}, item_rows[] = {2, 0, 1, -1};
    pal_log_about about = about_all();
    about.n_users = 2;
    about.n_items = 3;
    assert_int_equal(pal_log_select(&ctx, &log, keep, user_rows, item_rows, &about, &part), PAL_OK);
    static const int64_t starts[] = {0, 2, 3}, part_times[] = {40, 60, 10};
    static const int32_t part_items[] = {1, 2, 0};
    static const float part_weights[] = {1, 3, 3};
    assert_int_equal(part.n_events, 3);
    assert_memory_equal(part.starts, starts, sizeof starts);
    assert_memory_equal(part.items, part_items, sizeof part_items);
    assert_memory_equal(part.times, part_times, sizeof part_times);
    assert_memory_equal(part.weights, part_weights, sizeof part_weights);
    pal_log_release(&part);
    assert_int_equal(pal_log_select(&ctx, &log, keep, NULL, NULL,
                                    &(pal_log_about){.n_users = 3, .n_items = 4}, &part),
                     PAL_OK);
    assert_int_equal(part.starts[1], 1);
    assert_int_equal(part.starts[3], 3);
    pal_log_release(&part);
    pal_log_release(&log);
}

static void test_pairs_are_distinct_with_the_largest_weight(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_arena arena = {0};
    pal_log log;
    pal_csr pairs;
    build(&all_columns, &log);
    assert_int_equal(pal_log_pairs(&ctx, &log, UINT32_MAX, &arena, &pairs), PAL_OK);
    static const int64_t starts[] = {0, 2, 2, 4};
    static const int32_t cols[] = {0, 1, 0, 2};
    static const float largest[] = {1, 3, 3, 1};
    assert_int_equal(pairs.n_rows, 3);
    assert_int_equal(pairs.n_cols, 4);
    assert_memory_equal(pairs.starts, starts, sizeof starts);
    assert_memory_equal(pairs.cols, cols, sizeof cols);
    assert_memory_equal(pairs.values, largest, sizeof largest);
    /* Only views. */
    assert_int_equal(pal_log_pairs(&ctx, &log, 1u << 0, &arena, &pairs), PAL_OK);
    static const int64_t view_starts[] = {0, 1, 1, 3};
    static const float view_largest[] = {1, 2, 1};
    assert_memory_equal(pairs.starts, view_starts, sizeof view_starts);
    assert_memory_equal(pairs.values, view_largest, sizeof view_largest);
    pal_arena_release(&arena);
    pal_log_release(&log);
    pal_events plain = {.n = N_EVENTS, .users = users, .items = items};
    build(&plain, &log);
    assert_int_equal(pal_log_pairs(&ctx, &log, UINT32_MAX, &arena, &pairs), PAL_OK);
    assert_null(pairs.values);
    assert_int_equal(pairs.starts[3], 4);
    pal_arena_release(&arena);
    pal_log_release(&log);
}

static uint64_t hash_of(const pal_events *events, const pal_log_about *about) {
    pal_ctx ctx = {0};
    pal_log log;
    assert_int_equal(pal_log_build(&ctx, events, about, &log), PAL_OK);
    uint64_t hash = pal_log_hash(&log);
    pal_log_release(&log);
    return hash;
}

static void test_hash_tells_every_change(void **state) {
    (void)state;
    pal_log_about about = about_all();
    uint64_t hash = hash_of(&all_columns, &about);
    assert_true(hash == hash_of(&all_columns, &about));
    float other_values[N_EVENTS];
    int64_t other_times[N_EVENTS];
    int32_t other_items[N_EVENTS];
    memcpy(other_values, values, sizeof values);
    memcpy(other_times, times, sizeof times);
    memcpy(other_items, items, sizeof items);
    other_values[3] = 2.5f;
    other_times[6]++;
    other_items[5] = 3;
    pal_events changed[5];
    for (int i = 0; i < 5; i++) changed[i] = all_columns;
    changed[0].values = other_values;
    changed[1].times = other_times;
    changed[2].items = other_items;
    changed[3].weights = NULL;
    changed[4].n = N_EVENTS - 1;
    for (int i = 0; i < 5; i++) assert_true(hash != hash_of(&changed[i], &about));
    about.target_types = 1u << 0;
    assert_true(hash != hash_of(&all_columns, &about));
    about = about_all();
    strcpy(about.type_names[0], "look");
    assert_true(hash != hash_of(&all_columns, &about));
    about = about_all();
    about.item_ids = &user_ids;
    about.n_items = 3;
    assert_true(hash != hash_of(&all_columns, &about));
}

/* --- weights of training events --- */

static void test_weigh_halves_and_cuts(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_log log, weighed;
    build(&all_columns, &log);
    assert_int_equal(pal_log_weigh(&ctx, &log, 10, 0, &weighed), PAL_OK);
    assert_int_equal(weighed.n_events, N_EVENTS);
    /* Ages before 60, the newest: 55, 50, 50, 20, 10, 10, 0; weights before: 1, 3, 2, 1, 1, 2, 3.
     */
    static const double expected[] = {0.02209709, 0.09375, 0.0625, 0.25, 0.5, 1, 3};
    for (int e = 0; e < N_EVENTS; e++) {
        assert_true(fabs(weighed.weights[e] - expected[e]) < 1e-6);
    }
    pal_log_release(&weighed);
    assert_int_equal(pal_log_weigh(&ctx, &log, 0, 20, &weighed), PAL_OK);
    assert_int_equal(weighed.n_events, 4);
    assert_int_equal(weighed.starts[1], 0);
    assert_int_equal(weighed.n_users, 3);
    static const float kept_weights[] = {1, 1, 2, 3};
    assert_memory_equal(weighed.weights, kept_weights, sizeof kept_weights);
    pal_log_release(&weighed);
    assert_int_equal(pal_log_weigh(&ctx, &log, 0, 0, &weighed), PAL_OK);
    assert_true(pal_log_hash(&weighed) == pal_log_hash(&log));
    pal_log_release(&weighed);
    /* However old: a weight stays above 0. */
    assert_int_equal(pal_log_weigh(&ctx, &log, 0.001, 0, &weighed), PAL_OK);
    assert_true(weighed.weights[0] > 0);
    pal_log_release(&weighed);
    pal_log_release(&log);
}

static void test_weigh_needs_times(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_events events = {.n = N_EVENTS, .users = users, .items = items};
    pal_log log, weighed;
    build(&events, &log);
    assert_int_equal(pal_log_weigh(&ctx, &log, 10, 0, &weighed), PAL_EDATA);
    assert_string_equal(ctx.error, "half-life and train-window need times, and the log has none");
    assert_int_equal(pal_log_weigh(&ctx, &log, 0, 0, &weighed), PAL_OK);
    pal_log_release(&weighed);
    pal_log_release(&log);
}

/* Few events and many of a user, of catalogues of one level of marks and of two, with and without
 * weights, beside a plain loop. */
static void test_pairs_of_many_events(void **state) {
    (void)state;
    enum { USERS = 8, MOST_ITEMS = 9000, MOST_EVENTS = 3000 };
    static const int64_t event_starts[USERS + 1] = {0,   1,    24,   49,         149,
                                                    149, 1149, 1174, MOST_EVENTS};
    static int32_t event_items[MOST_EVENTS];
    static float event_weights[MOST_EVENTS], largest[MOST_ITEMS];
    pal_rng rng = pal_rng_at(3, 0);
    for (int run = 0; run < 4; run++) {
        int32_t n_items = run & 1 ? MOST_ITEMS : 70;
        for (int64_t e = 0; e < MOST_EVENTS; e++) {
            event_items[e] = (int32_t)pal_rng_below(&rng, (uint32_t)n_items);
            event_weights[e] = 1 + (float)pal_rng_below(&rng, 5);
        }
        pal_ctx ctx = {0};
        pal_arena arena = {0};
        pal_csr pairs;
        pal_log log = {.n_users = USERS,
                       .n_items = n_items,
                       .n_events = MOST_EVENTS,
                       .starts = (int64_t *)(uintptr_t)event_starts,
                       .items = event_items,
                       .weights = run & 2 ? event_weights : NULL};
        assert_int_equal(pal_log_pairs(&ctx, &log, UINT32_MAX, &arena, &pairs), PAL_OK);
        int64_t at = 0;
        for (int32_t u = 0; u < USERS; u++) {
            assert_int_equal(pairs.starts[u], at);
            memset(largest, 0, sizeof largest);
            for (int64_t e = event_starts[u]; e < event_starts[u + 1]; e++)
                largest[event_items[e]] = fmaxf(largest[event_items[e]], event_weights[e]);
            for (int32_t i = 0; i < n_items; i++) {
                if (!(largest[i] > 0)) continue;
                assert_int_equal(pairs.cols[at], i);
                if (pairs.values) assert_true(pairs.values[at] == largest[i]);
                at++;
            }
        }
        assert_int_equal(pairs.starts[USERS], at);
        assert_true((pairs.values != NULL) == (run & 2 ? true : false));
        pal_arena_release(&arena);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_stand_by_user_and_time),
        cmocka_unit_test(test_without_times_order_is_kept),
        cmocka_unit_test(test_no_events_is_a_log),
        cmocka_unit_test(test_select_keeps_and_renumbers),
        cmocka_unit_test(test_pairs_are_distinct_with_the_largest_weight),
        cmocka_unit_test(test_pairs_of_many_events),
        cmocka_unit_test(test_hash_tells_every_change),
        cmocka_unit_test(test_weigh_halves_and_cuts),
        cmocka_unit_test(test_weigh_needs_times),
    };
    return cmocka_run_group_tests(tests, make_ids, release_ids);
}
