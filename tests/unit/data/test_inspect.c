/* test_inspect.c - small logs with one thing about each, and what inspecting them must say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/json.h"
#include "data/inspect.h"

enum { EVENTS_MAX = 20000, DAY = 86400 };

typedef struct { /* a log in the making */
    int32_t users[EVENTS_MAX], items[EVENTS_MAX];
    float values[EVENTS_MAX];
    int64_t times[EVENTS_MAX];
    uint8_t types[EVENTS_MAX];
    int64_t n;
    bool has_values, has_times, ratings;
    int32_t n_types;
} draft;

static void add(draft *log, int32_t user, int32_t item, int64_t time, uint8_t type, float value) {
    int64_t e = log->n++;
    assert_true(e < EVENTS_MAX);
    log->users[e] = user;
    log->items[e] = item;
    log->times[e] = time;
    log->types[e] = type;
    log->values[e] = value;
}

static pal_ctx ctx = {.memory_limit = 1 << 28};

static void name_rows(pal_ids *ids, const char *format, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        char id[32];
        snprintf(id, sizeof id, format, i);
        assert_int_equal(pal_ids_add(ids, id, strlen(id)), i);
    }
}

static pal_data *finish(const draft *log) {
    int32_t n_users = 0, n_items = 0;
    for (int64_t e = 0; e < log->n; e++) {
        if (log->users[e] >= n_users) n_users = log->users[e] + 1;
        if (log->items[e] >= n_items) n_items = log->items[e] + 1;
    }
    pal_data *data = calloc(1, sizeof *data);
    data->catalog.title = -1;
    data->n_parts = 1;
    snprintf(data->name, sizeof data->name, "events");
    snprintf(data->source, sizeof data->source, "my events.csv");
    name_rows(&data->user_ids, "user-%d", n_users);
    name_rows(&data->item_ids, "item-%d", n_items);
    pal_log_about about = {.n_users = n_users,
                           .n_items = n_items,
                           .n_types = log->n_types,
                           .target_types = UINT32_MAX,
                           .type_names = {"purchase", "view", "review"},
                           .values_are_ratings = log->ratings,
                           .user_ids = &data->user_ids,
                           .item_ids = &data->item_ids};
    if (log->n_types) about.target_types = 1;
    if (log->has_values) snprintf(about.value_name, sizeof about.value_name, "amount");
    pal_events events = {.n = log->n,
                         .users = log->users,
                         .items = log->items,
                         .values = log->has_values ? log->values : NULL,
                         .times = log->has_times ? log->times : NULL,
                         .types = log->n_types ? log->types : NULL};
    assert_int_equal(pal_log_build(&ctx, &events, &about, &data->parts[0]), PAL_OK);
    return data;
}

/* --- the logs --- */

/* 100 users, 20 events each on different items, spread over a year; nothing is odd about it. */
static void make_plain(draft *log) {
    log->has_times = true;
    for (int32_t u = 0; u < 100; u++) {
        for (int32_t k = 0; k < 20; k++)
            add(log, u, (u * 7 + k * 3) % 80, (int64_t)k * 18 * DAY + u * 50, 0, 0);
    }
}

static void make_without_times(draft *log) {
    make_plain(log);
    log->has_times = false;
}

static void make_one_time(draft *log) {
    make_plain(log);
    for (int64_t e = 0; e < log->n; e++) log->times[e] = 1000;
}

static void make_same_seconds(draft *log) {
    make_plain(log);
    for (int64_t e = 0; e < log->n; e++) log->times[e] = log->users[e] * DAY;
}

/* Visits of five events within the hour, one after the other over months. */
static void make_sessions(draft *log) {
    log->has_times = true;
    for (int32_t u = 0; u < 400; u++) {
        for (int32_t k = 0; k < 5; k++)
            add(log, u, (u + k * 3) % 80, (int64_t)u * 12 * 3600 + k * 60, 0, 0);
    }
}

/* As short, but spread: few events a user ask for the next one too. */
static void make_short_histories(draft *log) {
    log->has_times = true;
    for (int32_t u = 0; u < 400; u++) {
        for (int32_t k = 0; k < 5; k++)
            add(log, u, (u + k * 3) % 80, (int64_t)k * 40 * DAY + u * 60, 0, 0);
    }
}

static void make_single_events(draft *log) {
    make_plain(log);
    for (int32_t u = 100; u < 200; u++) add(log, u, u % 80, (int64_t)u * DAY, 0, 0);
}

/* Everybody buys the same four things every week. */
static void make_repeats(draft *log) {
    log->has_times = true;
    for (int32_t u = 0; u < 100; u++) {
        for (int32_t k = 0; k < 20; k++)
            add(log, u, (u + k % 4) % 80, (int64_t)k * 7 * DAY + u, 0, 0);
    }
}

/* Views repeat, purchases do not. */
static void make_repeated_views(draft *log) {
    log->has_times = true;
    log->n_types = 2;
    for (int32_t u = 0; u < 100; u++) {
        for (int32_t k = 0; k < 40; k++) {
            add(log, u, (u + k / 4) % 80, (int64_t)k * 7 * DAY + u, k % 4 == 3 ? 0 : 1, 0);
        }
    }
}

static void make_one_user(draft *log) {
    make_plain(log);
    for (int32_t k = 0; k < 1000; k++) add(log, 100, k % 80, (int64_t)k * 9 * 3600, 0, 0);
}

static void make_bot(draft *log) {
    make_repeated_views(log);
    for (int32_t k = 0; k < 600; k++) add(log, 100, k % 80, (int64_t)k * 9 * 3600, 1, 0);
}

/* Ten columns of people in the place of users: thousands of "items" with one or two events. */
static void make_swapped(draft *log) {
    log->has_times = true;
    for (int32_t person = 0; person < 3000; person++) {
        for (int32_t k = 0; k < 2; k++)
            add(log, (person * 3 + k) % 40, person, (int64_t)person * 3600 + k * 60, 0, 0);
    }
}

/* Whoever comes at the end was not there before. */
static void make_newcomers(draft *log) {
    make_plain(log);
    for (int32_t u = 100; u < 150; u++) {
        for (int32_t k = 0; k < 4; k++)
            add(log, u, (u + k * 3) % 80, 345 * DAY + u * 60 + k * 7000, 0, 0);
    }
}

static void make_launch(draft *log) {
    make_plain(log);
    for (int32_t u = 0; u < 100; u++) add(log, u, 80, 350 * DAY + u * 60, 0, 0);
}

/* Two shops in one file: 80 items each, no customer in common. */
static void make_two_shops(draft *log) {
    make_plain(log);
    for (int64_t e = 0, n = log->n; e < n; e++)
        add(log, log->users[e] + 100, log->items[e] + 80, log->times[e], 0, 0);
}

static void make_one_value(draft *log) {
    make_plain(log);
    log->has_values = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = 1;
}

static void make_ratings(draft *log) {
    make_plain(log);
    log->has_values = log->ratings = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = (float)(1 + e % 5);
    for (int64_t e = 0; e < log->n; e++)
        log->times[e] = log->users[e] * 3 * DAY + e % 20; /* one sitting each */
}

static void make_id_values(draft *log) {
    make_plain(log);
    log->has_values = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = (float)(5000 + e);
}

static void make_time_values(draft *log) {
    make_plain(log);
    log->has_values = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = (float)(1.7e9 + 128.0 * (double)(e / 3));
}

static void make_prices(draft *log) {
    make_plain(log);
    log->has_values = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = (float)(e % 300) + 0.9f;
}

static void make_quantities(draft *log) {
    make_plain(log);
    log->has_values = true;
    for (int64_t e = 0; e < log->n; e++) log->values[e] = (float)(1 + e % 60);
}

static void make_leak(draft *log) {
    log->has_times = true;
    log->n_types = 3;
    for (int32_t u = 0; u < 100; u++) {
        for (int32_t k = 0; k < 20; k++) {
            add(log, u, (u + k * 3) % 80, (int64_t)k * 18 * DAY + u, 0, 0);
            add(log, u, (u + k * 3) % 80, (int64_t)k * 18 * DAY + u + 5, 2, 0);
        }
    }
}

static void make_duplicates(draft *log) {
    make_plain(log);
    for (int32_t e = 0; e < 200; e++) add(log, log->users[e], log->items[e], log->times[e], 0, 0);
}

static void make_tiny(draft *log) {
    log->has_times = true;
    for (int32_t k = 0; k < 60; k++) add(log, k / 10, k % 10, (int64_t)k * DAY, 0, 0);
}

static void make_one_event(draft *log) {
    log->has_times = log->has_values = true;
    add(log, 0, 0, 5, 0, 3);
}

static void make_empty(draft *log) { log->has_times = log->has_values = true; }

static const struct {
    const char *name;
    void (*make)(draft *log);
    const char *split, *task, *hide;
    const char *kind;
    const char *warning; /* part of the only warning; NULL: none; "*": any */
} cases[] = {
    {"plain", make_plain, "time", "window", "target", "events", NULL},
    {"without times", make_without_times, "random", "window", "target", "events", "no times"},
    {"one time", make_one_time, "random", "window", "target", "events", "the same time"},
    {"same seconds", make_same_seconds, "time", "window", "target", "sessions",
     "share their second"},
    {"sessions", make_sessions, "time", "next", "target", "sessions", NULL},
    {"short histories", make_short_histories, "time", "next", "target", "events", NULL},
    {"single events", make_single_events, "time", "window", "target", "events", "--min-user 2"},
    {"repeats", make_repeats, "time", "window", "none", "repeated consumption", NULL},
    {"repeated views", make_repeated_views, "time", "window", "target", "events of several types",
     NULL},
    {"one user", make_one_user, "time", "window", "none", "repeated consumption",
     "user user-100 alone has 33 %"},
    {"bot", make_bot, "time", "window", "target", "events of several types",
     "such as user-100 with 600 events"},
    {"swapped", make_swapped, "time", "window", "target", "events", "columns are swapped"},
    {"ratings", make_ratings, "time", "window", "target", "ratings on 5 levels",
     "mostly judges lists for strangers"},
    {"ids as values", make_id_values, "time", "window", "target", "events",
     "look like ids or times"},
    {"times as values", make_time_values, "time", "window", "target", "events",
     "look like ids or times"},
    {"prices", make_prices, "time", "window", "target", "events", NULL},
    {"quantities", make_quantities, "time", "window", "target", "events", NULL},
    {"leak", make_leak, "time", "window", "target", "events of several types",
     "events of type review"},
    {"newcomers", make_newcomers, "time", "window", "target", "events",
     "mostly judges lists for strangers"},
    {"launch", make_launch, "time", "window", "target", "events",
     "such as item-80 with 100 events"},
    {"two shops", make_two_shops, "time", "window", "target", "events", "2 groups of users"},
    {"one value", make_one_value, "time", "window", "target", "events", "are 1 and so say nothing"},
    {"duplicates", make_duplicates, "time", "window", "target", "events", "--dedupe"},
    {"tiny", make_tiny, "time", "window", "target", "events", "only 60 events"},
    {"one event", make_one_event, "random", "window", "target", "events", "*"},
    {"empty", make_empty, "random", "window", "target", "events", "*"},
};

static void check_warnings(const json_t *json, const char *name, const char *expected) {
    const json_t *warnings = json_object_get(json, "warnings");
    if (expected && !strcmp(expected, "*")) return;
    const char *first = json_string_value(json_array_get(warnings, 0));
    if (json_array_size(warnings) != (expected != NULL)) {
        const char *second = json_string_value(json_array_get(warnings, 1));
        fail_msg("%s: %zu warnings: %s; %s", name, json_array_size(warnings), first ? first : "",
                 second ? second : "");
    }
    if (expected && !strstr(first, expected)) fail_msg("%s: %s", name, first);
}

static void test_cases(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        draft *log = calloc(1, sizeof *log);
        cases[c].make(log);
        pal_data *data = finish(log);
        json_t *json = NULL;
        assert_int_equal(pal_inspect_json(&ctx, data, &json), PAL_OK);
        print_message("%s\n", cases[c].name);
        assert_string_equal(pal_json_text_at(json, "proposal/split", ""), cases[c].split);
        assert_string_equal(pal_json_text_at(json, "proposal/task", ""), cases[c].task);
        assert_string_equal(pal_json_text_at(json, "proposal/hide", ""), cases[c].hide);
        if (log->n > 1 && cases[c].kind)
            assert_string_equal(pal_json_text_at(json, "kind", ""), cases[c].kind);
        check_warnings(json, cases[c].name, cases[c].warning);
        json_decref(json);
        pal_text text = {0};
        assert_int_equal(pal_inspect_text(&ctx, data, &text), PAL_OK);
        assert_non_null(strstr(text.bytes, "palate compare 'my events.csv'"));
        pal_text_release(&text);
        pal_data_free(data);
        free(log);
    }
}

static void test_measures(void **state) {
    (void)state;
    draft *log = calloc(1, sizeof *log);
    log->has_times = log->has_values = true;
    /* User 0: item 0 three times, once a duplicate; user 1: items 1 and 2 in one second; user 2:
     * one event at the end. */
    add(log, 0, 0, 0, 0, 1), add(log, 0, 0, 10 * DAY, 0, 2), add(log, 0, 0, 10 * DAY, 0, 2);
    add(log, 1, 1, 50 * DAY, 0, 4), add(log, 1, 2, 50 * DAY, 0, 1);
    add(log, 2, 0, 100 * DAY, 0, 4);
    pal_data *data = finish(log);
    pal_inspection found;
    assert_int_equal(pal_inspect_log(&ctx, &data->parts[0], &found), PAL_OK);
    assert_int_equal(found.n_events, 6);
    assert_int_equal(found.n_pairs, 4);
    assert_int_equal(found.n_targets, 6);
    assert_float_equal(found.density, 4.0 / 9, 1e-6);
    assert_float_equal(found.median_user_events, 2, 1e-6);
    assert_float_equal(found.median_item_events, 1, 1e-6);
    assert_float_equal(found.largest_user_share, 0.5, 1e-6);
    assert_float_equal(found.repeat_share, 2.0 / 6, 1e-6);
    assert_float_equal(found.duplicate_share, 1.0 / 6, 1e-6);
    assert_float_equal(found.session_share, 0.5, 1e-6);
    assert_float_equal(found.constant_time_share, 4.0 / 6, 1e-6);
    assert_float_equal(found.head_share, 4.0 / 6, 1e-6);
    assert_float_equal(found.churn_share, 2.0 / 3, 1e-6);
    assert_float_equal(found.single_event_share, 1.0 / 3, 1e-6);
    assert_int_equal(found.n_levels, 3);
    assert_true(found.levels[0] == 1 && found.levels[1] == 2 && found.levels[2] == 4);
    assert_int_equal(found.level_events[0], 2);
    assert_int_equal(found.level_events[1], 2);
    assert_int_equal(found.level_events[2], 2);
    assert_int_equal(found.last_time - found.first_time, 100 * DAY);
    pal_data_free(data);
    free(log);
}

/* The second numbers of [[x, n]…] add up to `total`. */
static void check_total(const json_t *json, const char *key, int64_t total) {
    size_t i;
    json_t *point;
    int64_t sum = 0;
    json_array_foreach(json_object_get(json, key), i, point) sum +=
        json_integer_value(json_array_get(point, 1));
    assert_int_equal(sum, total);
}

static void test_what_is_drawn(void **state) {
    (void)state;
    draft *log = calloc(1, sizeof *log);
    make_prices(log);
    pal_data *data = finish(log);
    json_t *json = NULL;
    assert_int_equal(pal_inspect_json(&ctx, data, &json), PAL_OK);
    check_total(json, "timeline", log->n);
    check_total(json, "values", log->n);
    check_total(json, "history_lengths", 100);
    const json_t *tail = json_object_get(json, "long_tail");
    assert_true(json_array_size(tail) <= 200 && json_array_size(tail) > 1);
    json_int_t rank = 0, events = INT64_MAX;
    for (size_t i = 0; i < json_array_size(tail); i++) {
        const json_t *point = json_array_get(tail, i);
        assert_true(json_integer_value(json_array_get(point, 0)) > rank);
        assert_true(json_integer_value(json_array_get(point, 1)) <= events);
        rank = json_integer_value(json_array_get(point, 0));
        events = json_integer_value(json_array_get(point, 1));
    }
    assert_int_equal(rank, data->item_ids.n);
    json_decref(json);
    pal_data_free(data);
    free(log);
}

static void test_text_cannot_drive_a_terminal(void **state) {
    (void)state;
    draft *log = calloc(1, sizeof *log);
    make_plain(log);
    pal_data *data = finish(log);
    snprintf(data->columns, sizeof data->columns, "x");
    snprintf(data->source, sizeof data->source,
             "a\033[31mb\xc2\x9b"
             "c\xff.csv");
    pal_text text = {0};
    assert_int_equal(pal_inspect_text(&ctx, data, &text), PAL_OK);
    assert_null(strchr(text.bytes, '\033'));
    assert_null(strstr(text.bytes, "\xc2\x9b"));
    assert_int_equal(pal_utf8_valid_prefix(text.bytes, text.length), text.length);
    pal_text_release(&text);
    pal_data_free(data);
    free(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_measures),
        cmocka_unit_test(test_what_is_drawn),
        cmocka_unit_test(test_text_cannot_drive_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
