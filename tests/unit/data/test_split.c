/* test_split.c - which event goes where, and that nothing before the test depends on it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "base/text.h"
#include "data/split.h"

typedef struct {
    const char *user, *item;
    int64_t time;
    const char *type; /* NULL: the log has no types */
} event;

/* Adds a part from events; their values count up from 0 over all parts, so that a value tells the
 * event. */
static void add_part(pal_data *data, const event *events, int64_t n, bool has_times) {
    pal_ctx ctx = {0};
    pal_events e = {.n = n};
    pal_arena arena = {0};
    int32_t *users = PAL_ARENA_ARRAY(&arena, int32_t, n),
            *items = PAL_ARENA_ARRAY(&arena, int32_t, n);
    int64_t *times = PAL_ARENA_ARRAY(&arena, int64_t, n), before = 0;
    float *values = PAL_ARENA_ARRAY(&arena, float, n), *weights = PAL_ARENA_ARRAY(&arena, float, n);
    uint8_t *types = PAL_ARENA_ARRAY(&arena, uint8_t, n);
    for (int32_t p = 0; p < data->n_parts; p++) before += data->parts[p].n_events;
    for (int64_t i = 0; i < n; i++) {
        users[i] = pal_ids_add(&data->user_ids, events[i].user, strlen(events[i].user));
        items[i] = pal_ids_add(&data->item_ids, events[i].item, strlen(events[i].item));
        times[i] = events[i].time;
        values[i] = (float)(before + i);
        types[i] = events[i].type && !strcmp(events[i].type, "buy");
        weights[i] = types[i] ? 5 : 1;
    }
    e.users = users;
    e.items = items;
    e.values = values;
    if (has_times) e.times = times;
    bool has_types = n > 0 && events[0].type;
    if (has_types) {
        e.types = types;
        e.weights = weights;
    }
    pal_log_about about = {.n_users = data->user_ids.n,
                           .n_items = data->item_ids.n,
                           .target_types = has_types ? 2 : UINT32_MAX,
                           .n_types = has_types ? 2 : 0,
                           .type_names = {"view", "buy"},
                           .value_name = "number",
                           .user_ids = &data->user_ids,
                           .item_ids = &data->item_ids};
    assert_int_equal(pal_log_build(&ctx, &e, &about, &data->parts[data->n_parts]), PAL_OK);
    data->n_parts++;
    pal_arena_release(&arena);
}

static void release(pal_data *data) {
    for (int32_t p = 0; p < data->n_parts; p++) pal_log_release(&data->parts[p]);
    pal_ids_release(&data->user_ids);
    pal_ids_release(&data->item_ids);
    memset(data, 0, sizeof *data);
}

/* n events of `n_users` users on `n_items` items, many of them at equal times; the newest third
 * knows more of both. */
enum { LARGE = 3000 };
static void add_random(pal_data *data, uint64_t seed, int64_t n, int32_t n_users, int32_t n_items,
                       int64_t from, bool has_times) {
    static char names[2][64][8];
    event *events = calloc((size_t)n, sizeof *events);
    pal_rng rng = pal_rng_at(seed, 0);
    assert_true(n_users <= 64 && n_items <= 64);
    for (int32_t i = 0; i < 64; i++) {
        snprintf(names[0][i], sizeof names[0][i], "u%d", i);
        snprintf(names[1][i], sizeof names[1][i], "i%d", i);
    }
    for (int64_t e = 0; e < n; e++) {
        bool is_new = e > n / 3 * 2;
        events[e].user = names[0][pal_rng_below(&rng, (uint32_t)(is_new ? n_users : n_users / 2))];
        events[e].item = names[1][pal_rng_below(&rng, (uint32_t)(is_new ? n_items : n_items / 2))];
        events[e].time = from + e / 7;
        events[e].type = pal_rng_below(&rng, 4) ? "view" : "buy";
    }
    /* In no order of time, so that rows are numbered otherwise than parts are cut. */
    for (int64_t e = n - 1; e > 0; e--) {
        int64_t other = pal_rng_below(&rng, (uint32_t)e + 1);
        event kept = events[e];
        events[e] = events[other];
        events[other] = kept;
    }
    add_part(data, events, n, has_times);
    free(events);
}

static void make(pal_ctx *ctx, const pal_data *data, const char *spec, pal_split *split) {
    if (pal_split_make(ctx, data, spec, split) != PAL_OK)
        fail_msg("%s: %s", spec ? spec : "NULL", ctx->error);
}

/* --- what holds for every split --- */

/* The part of each event by its value: 0, 1, 2; every event must be in exactly one part. */
static void find_parts(const pal_split *split, int64_t n, uint8_t *part) {
    const pal_log *logs[] = {&split->train, &split->valid, &split->test};
    int64_t total = 0;
    memset(part, 9, (size_t)n);
    for (uint8_t p = 0; p < 3; p++) {
        for (int64_t e = 0; e < logs[p]->n_events; e++, total++) {
            int64_t number = (int64_t)logs[p]->values[e];
            assert_true(number >= 0 && number < n);
            assert_int_equal(part[number], 9);
            part[number] = p;
        }
    }
    assert_int_equal(total, n);
}

/* Rows [from, to) of the log's users and items all have an event in it, and no event is past `to`.
 */
static void assert_rows(const pal_log *log, int32_t users_from, int32_t items_from) {
    uint8_t *seen = calloc((size_t)log->n_items + 1, 1);
    for (int32_t u = users_from; u < log->n_users; u++)
        assert_true(log->starts[u + 1] > log->starts[u]);
    for (int64_t e = 0; e < log->n_events; e++) {
        assert_true(log->items[e] >= 0 && log->items[e] < log->n_items);
        seen[log->items[e]] = 1;
    }
    for (int32_t i = items_from; i < log->n_items; i++) assert_int_equal(seen[i], 1);
    free(seen);
}

/* Rows below n are in the order in which the data's rows were. */
static void assert_order(const pal_ids *before, const pal_ids *after, int32_t from, int32_t to) {
    int32_t last = -1;
    for (int32_t i = from; i < to; i++) {
        const char *id = pal_ids_at(after, i);
        int32_t row = pal_ids_find(before, id, strlen(id));
        assert_true(row > last);
        last = row;
    }
}

/* Every event of `log` says the same about itself as the event of that number in the data. */
static void assert_events(const pal_data *data, const pal_log *log) {
    for (int32_t u = 0; u < log->n_users; u++) {
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            bool found = false;
            for (int32_t p = 0; p < data->n_parts && !found; p++) {
                const pal_log *old = &data->parts[p];
                for (int32_t v = 0; v < old->n_users && !found; v++) {
                    if (strcmp(pal_ids_at(&data->user_ids, v), pal_ids_at(log->about.user_ids, u)))
                        continue;
                    for (int64_t f = old->starts[v]; f < old->starts[v + 1] && !found; f++) {
                        if (old->values[f] != log->values[e]) continue;
                        found = true;
                        assert_string_equal(pal_ids_at(&data->item_ids, old->items[f]),
                                            pal_ids_at(log->about.item_ids, log->items[e]));
                        if (old->times) assert_int_equal(old->times[f], log->times[e]);
                        assert_int_equal(old->types[f], log->types[e]);
                        assert_true(old->weights[f] == log->weights[e]);
                    }
                }
            }
            assert_true(found);
        }
    }
    assert_int_equal(log->about.target_types, data->parts[0].about.target_types);
    assert_string_equal(log->about.type_names[1], "buy");
    assert_string_equal(log->about.value_name, "number");
}

static void check_split(const pal_data *data, const pal_split *split) {
    int64_t n = 0;
    for (int32_t p = 0; p < data->n_parts; p++) n += data->parts[p].n_events;
    uint8_t *part = malloc((size_t)n);
    find_parts(split, n, part);
    free(part);
    assert_rows(&split->train, 0, 0);
    assert_rows(&split->valid, split->train.n_users, split->train.n_items);
    assert_rows(&split->test, split->history.n_users, split->history.n_items);
    assert_int_equal(split->history.n_users, split->valid.n_users);
    assert_int_equal(split->history.n_items, split->valid.n_items);
    assert_int_equal(split->history.n_events, split->train.n_events + split->valid.n_events);
    assert_int_equal(split->test.n_users, split->user_ids.n);
    assert_int_equal(split->test.n_items, split->item_ids.n);
    const int32_t users[] = {0, split->train.n_users, split->valid.n_users, split->test.n_users};
    const int32_t items[] = {0, split->train.n_items, split->valid.n_items, split->test.n_items};
    for (int p = 0; p < 3; p++) {
        assert_order(&data->user_ids, &split->user_ids, users[p], users[p + 1]);
        assert_order(&data->item_ids, &split->item_ids, items[p], items[p + 1]);
    }
    const pal_log *logs[] = {&split->train, &split->valid, &split->history, &split->test};
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(logs[i]->about.user_ids, &split->user_ids);
        assert_ptr_equal(logs[i]->about.item_ids, &split->item_ids);
        assert_events(data, logs[i]);
    }
}

static const char *const specs[] = {"time",
                                    "time valid=0.2 test=0.3",
                                    "leave_last",
                                    "random",
                                    "random valid=0.3 test=0.05 seed=3",
                                    "kfold folds=4 fold=2",
                                    "cold_items",
                                    "cold_users valid=0.2"};
enum { SPECS = sizeof specs / sizeof *specs };

/* What each is called where only validation is cut by it. */
static const char *const cuts[] = {
    "files, validation: time valid=0.1",
    "files, validation: time valid=0.2",
    "files, validation: leave_last",
    "files, validation: random valid=0.1 seed=0",
    "files, validation: random valid=0.3 seed=3",
    "files, validation: kfold folds=4 fold=2 valid=0.1 seed=0",
    "files, validation: cold_items valid=0.1 seed=0",
    "files, validation: cold_users valid=0.2 seed=0",
};

static void test_every_split_of_one_log(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 42};
    pal_data data = {0};
    add_random(&data, 1, LARGE, 40, 60, 1000, true);
    for (int i = 0; i < SPECS; i++) {
        pal_split split, again;
        make(&ctx, &data, specs[i], &split);
        check_split(&data, &split);
        make(&ctx, &data, specs[i], &again);
        assert_true(pal_split_hash(&split) == pal_split_hash(&again));
        pal_split_release(&split);
        pal_split_release(&again);
    }
    release(&data);
}

static void test_every_cut_of_given_train(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 42};
    for (int i = 0; i < SPECS; i++) {
        pal_data data = {0};
        pal_split split;
        add_random(&data, 1, LARGE, 40, 50, 1000, true);
        add_random(&data, 2, LARGE / 2, 50, 64, 1200, true); /* overlaps train in time */
        make(&ctx, &data, specs[i], &split);
        check_split(&data, &split);
        assert_string_equal(split.spec, cuts[i]);
        assert_int_equal(split.history.n_events, data.parts[0].n_events);
        assert_int_equal(split.history.n_users, data.parts[0].n_users);
        assert_int_equal(split.history.n_items, data.parts[0].n_items);
        pal_split_release(&split);
        release(&data);
    }
}

static void test_given_parts(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    add_random(&data, 1, 300, 20, 20, 1000, true);
    add_random(&data, 2, 200, 30, 30, 1010, true);
    add_random(&data, 3, 100, 40, 40, 1020, true);
    make(&ctx, &data, NULL, &split);
    assert_string_equal(split.spec, "files");
    check_split(&data, &split);
    assert_true(pal_log_hash(&split.train) == pal_log_hash(&data.parts[0]));
    assert_true(pal_log_hash(&split.valid) == pal_log_hash(&data.parts[1]));
    assert_true(pal_log_hash(&split.test) == pal_log_hash(&data.parts[2]));
    pal_split_release(&split);
    assert_int_equal(pal_split_make(&ctx, &data, "time", &split), PAL_EUSAGE);
    release(&data);
}

static void test_given_parts_without_times(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 7};
    for (int n_parts = 2; n_parts <= 3; n_parts++) {
        pal_data data = {0};
        pal_split split;
        for (int p = 0; p < n_parts; p++)
            add_random(&data, (uint64_t)p + 1, 500, 20 + 10 * p, 20 + 10 * p, 0, false);
        make(&ctx, &data, NULL, &split);
        check_split(&data, &split);
        if (n_parts == 3) assert_true(pal_log_hash(&split.test) == pal_log_hash(&data.parts[2]));
        assert_int_equal(split.test_from, 0);
        pal_split_release(&split);
        release(&data);
    }
}

/* Same training file, another test file: what is learned from must not differ in a single byte. */
static void test_nothing_depends_on_the_test_part(void **state) {
    (void)state;
    static const char *const rules[] = {NULL, "time", "leave_last", "random"};
    for (int has_times = 0; has_times < 2; has_times++) {
        for (int i = 0; i < 4; i++) {
            pal_ctx ctx = {.seed = 42};
            pal_split splits[2];
            uint64_t hashes[2][3];
            pal_data data[2];
            memset(data, 0, sizeof data);
            if (!has_times && rules[i] && !strcmp(rules[i], "time")) continue;
            for (int which = 0; which < 2; which++) {
                add_random(&data[which], 1, LARGE / 3, 30, 40, 1000, has_times);
                add_random(&data[which], 5 + (uint64_t)which, LARGE / 5, 64, 64, which ? 900 : 1100,
                           has_times);
                make(&ctx, &data[which], rules[i], &splits[which]);
                hashes[which][0] = pal_log_hash(&splits[which].train);
                hashes[which][1] = pal_log_hash(&splits[which].valid);
                hashes[which][2] = pal_log_hash(&splits[which].history);
            }
            assert_memory_equal(hashes[0], hashes[1], sizeof hashes[0]);
            assert_true(pal_split_hash(&splits[0]) != pal_split_hash(&splits[1]));
            const pal_ids *a = &splits[0].item_ids, *b = &splits[1].item_ids;
            int32_t n_items = splits[0].history.n_items;
            assert_memory_equal(a->offsets, b->offsets, ((size_t)n_items + 1) * sizeof *a->offsets);
            assert_memory_equal(a->bytes, b->bytes, (size_t)a->offsets[n_items]);
            for (int which = 0; which < 2; which++) {
                pal_split_release(&splits[which]);
                release(&data[which]);
            }
        }
    }
}

/* --- each split by hand --- */

static void test_time_cuts_by_share_and_keeps_ties(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    event events[20];
    /* Times 0 … 19 but for 13 to 16, which are all 13: the cut after 16 events falls between equal
     * times. */
    for (int i = 0; i < 20; i++) {
        events[i] =
            (event){i % 2 ? "a" : "b", i % 3 ? "x" : "y", i >= 13 && i <= 16 ? 13 : i, NULL};
    }
    add_part(&data, events, 20, true);
    make(&ctx, &data, NULL, &split);
    assert_string_equal(split.spec, "time valid=0.1 test=0.1");
    assert_int_equal(split.train.n_events, 17);
    assert_int_equal(split.valid.n_events, 1);
    assert_int_equal(split.test.n_events, 2);
    assert_int_equal(split.valid_from, 17);
    assert_int_equal(split.test_from, 18);
    assert_int_equal(pal_log_end(&split.train), 13);
    pal_split_release(&split);
    make(&ctx, &data, "time valid=0.25 test=0.25", &split);
    assert_int_equal(split.train.n_events, 10);
    assert_int_equal(split.valid.n_events,
                     7); /* 15 events and the two that share the last one's time */
    assert_int_equal(split.test.n_events, 3);
    pal_split_release(&split);
    release(&data);
}

static void test_leave_last(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    static const event events[] = {
        {"a", "x", 5, NULL}, {"a", "y", 3, NULL}, {"a", "z", 4, NULL}, /* 0 1 2: by time y z x */
        {"b", "x", 1, NULL}, {"b", "y", 2, NULL}, /* 3 4: two events only train */
        {"c", "x", 7, NULL}, {"c", "y", 7, NULL}, {"c", "z", 7, NULL},
        {"c", "w", 7, NULL}, /* 5 6 7 8: ties keep file order */
        {"d", "x", 9, NULL}, /* 9 */
    };
    static const uint8_t expected[] = {2, 0, 1, 0, 0, 0, 0, 1, 2, 0};
    uint8_t part[10];
    add_part(&data, events, 10, true);
    make(&ctx, &data, "leave_last", &split);
    assert_string_equal(split.spec, "leave_last");
    find_parts(&split, 10, part);
    assert_memory_equal(part, expected, sizeof part);
    pal_split_release(&split);
    release(&data);
}

static void test_random_shares(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 42}, other = {.seed = 43};
    pal_data data = {0};
    pal_split split, changed;
    add_random(&data, 9, LARGE, 40, 40, 0, false);
    make(&ctx, &data, NULL, &split);
    assert_string_equal(split.spec, "random valid=0.1 test=0.1 seed=0");
    /* Standard deviation of a total is under sqrt(40) / 2. */
    assert_true(llabs(split.test.n_events - LARGE / 10) < 16);
    assert_true(llabs(split.valid.n_events - LARGE / 10) < 16);
    double places = 0; /* where in their user's row the test events stood, from 0 to 1 */
    for (int32_t u = 0; u < split.test.n_users; u++) {
        int32_t row = pal_ids_find(&data.user_ids, pal_ids_at(&split.user_ids, u),
                                   strlen(pal_ids_at(&split.user_ids, u)));
        double n = (double)(data.parts[0].starts[row + 1] - data.parts[0].starts[row]);
        double n_test = (double)(split.test.starts[u + 1] - split.test.starts[u]);
        assert_true(n_test > 0.1 * n - 1 && n_test < 0.1 * n + 1);
        for (int64_t e = split.test.starts[u]; e < split.test.starts[u + 1]; e++) {
            int64_t at = data.parts[0].starts[row];
            while (data.parts[0].values[at] != split.test.values[e]) at++;
            places += (double)(at - data.parts[0].starts[row]) / n;
        }
    }
    assert_true(fabs(places / (double)split.test.n_events - 0.5) < 0.06);
    make(&ctx, &data, "random seed=5", &changed);
    assert_true(pal_split_hash(&split) != pal_split_hash(&changed));
    pal_split_release(&changed);
    make(&other, &data, "random", &changed);
    assert_true(pal_split_hash(&split) != pal_split_hash(&changed));
    pal_split_release(&changed);
    pal_split_release(&split);
    release(&data);
}

/* --- specs and refusals --- */

static void test_canonical_specs(void **state) {
    (void)state;
    static const struct {
        const char *spec, *canonical;
    } cases[] = {
        {NULL, "time valid=0.1 test=0.1"},
        {"  time  ", "time valid=0.1 test=0.1"},
        {"time test=.2", "time valid=0.1 test=0.2"},
        {"random test=2e-1 valid='0.05'", "random valid=0.05 test=0.2 seed=0"},
        {"leave_last", "leave_last"},
    };
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    add_random(&data, 1, LARGE, 30, 30, 0, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(&ctx, &data, cases[i].spec, &split);
        assert_string_equal(split.spec, cases[i].canonical);
        uint64_t hash = pal_split_hash(&split);
        pal_split_release(&split);
        make(&ctx, &data, cases[i].canonical, &split);
        assert_true(pal_split_hash(&split) == hash);
        pal_split_release(&split);
    }
    release(&data);
}

static const event few[] = {
    {"a", "x", 1, NULL}, {"b", "y", 2, NULL}, {"a", "y", 3, NULL}, {"b", "x", 4, NULL}};
static const event still[] = {
    {"a", "x", 1, NULL}, {"b", "y", 1, NULL}, {"a", "y", 1, NULL}, {"b", "x", 1, NULL}};
static const event lone_user[] = {
    {"a", "x", 1, NULL}, {"a", "y", 2, NULL}, {"a", "z", 3, NULL}, {"a", "w", 4, NULL}};
static const event lone_item[] = {
    {"a", "x", 1, NULL}, {"b", "x", 2, NULL}, {"c", "x", 3, NULL}, {"d", "x", 4, NULL}};
static const event late_views[] = {
    {"a", "x", 1, "buy"}, {"b", "y", 2, "buy"}, {"a", "y", 3, "buy"}, {"b", "x", 4, "view"}};

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const event *events; /* [4] */
        bool has_times;
        const char *spec;
        pal_status status;
        const char *says;
    } cases[] = {
        {few, false, "time", PAL_EDATA,
         "the split time needs times, and the log has none: use --split random"},
        {few, true, "tyme", PAL_EUSAGE, "did you mean time?"},
        {few, true, "by_moon", PAL_EUSAGE, "there are time, leave_last, random"},
        {few, true, "", PAL_EUSAGE, "is no spec"},
        {few, true, "time test=2", PAL_EUSAGE, "test must be a number from"},
        {few, true, "time tests=0.2", PAL_EUSAGE, "did you mean test?"},
        {few, true, "leave_last test=1", PAL_EUSAGE, "it takes none"},
        {few, true, "leave_last", PAL_EDATA, "leaves the validation part empty"},
        {still, true, "time", PAL_EDATA, "leaves the validation part empty"},
        {lone_user, true, "time valid=0.25 test=0.25", PAL_EDATA, "the log has 1 user(s)"},
        {lone_item, true, "time valid=0.25 test=0.25", PAL_EDATA, "1 item(s)"},
        {late_views, true, "time valid=0.25 test=0.25", PAL_EDATA, "the test part of the split"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pal_ctx ctx = {0};
        pal_data data = {0};
        pal_split split;
        add_part(&data, cases[i].events, 4, cases[i].has_times);
        pal_status status = pal_split_make(&ctx, &data, cases[i].spec, &split);
        if (status != cases[i].status || !strstr(ctx.error, cases[i].says)) {
            fail_msg("'%s': status %d, '%s' should say '%s'", cases[i].spec, status, ctx.error,
                     cases[i].says);
        }
        release(&data);
    }
}

/* A part that brings weights may stand beside one that has none. */
static void test_weights_in_one_part_only(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    add_random(&data, 1, 300, 20, 20, 0, true);
    add_random(&data, 2, 300, 20, 20, 500, true);
    data.parts[1].weights = NULL;
    make(&ctx, &data, NULL, &split);
    for (int64_t e = 0; e < split.test.n_events; e++) assert_true(split.test.weights[e] == 1);
    pal_split_release(&split);
    release(&data);
}

/* Two of three events say only that something was shown, among them all of user s and item s. */
static void add_shown(pal_data *data, int64_t n, int64_t from) {
    static const char *const users[] = {"a", "b", "c", "d"}, *const items[] = {"i", "j", "k", "l"};
    event *events = calloc((size_t)n, sizeof *events);
    for (int64_t e = 0; e < n; e++) {
        bool is_use = e % 3 == 0;
        events[e].user = is_use || e % 2 ? users[e / 3 % 4] : "s";
        events[e].item = is_use || e % 5 ? items[e / 12 % 4] : "s";
        events[e].type = is_use ? "buy" : "shown";
        events[e].time = from + e;
    }
    add_part(data, events, n, true);
    pal_log_about *about = &data->parts[data->n_parts - 1].about;
    strcpy(about->type_names[0], "shown");
    about->shown_types = pal_log_shown_types(about, about->target_types);
    assert_int_equal(about->shown_types, 1);
    free(events);
}

/* What was only shown is neither learned from nor asked, and stands beside the part it fell in. */
static void test_shown_events_stand_apart(void **state) {
    (void)state;
    static const char *const kept[] = {"time", "leave_last", "random", "kfold fold=1"};
    for (size_t s = 0; s < sizeof kept / sizeof *kept; s++) {
        pal_ctx ctx = {0};
        pal_data data = {0};
        pal_split split;
        add_shown(&data, 600, 0);
        make(&ctx, &data, kept[s], &split);
        const pal_log *used[] = {&split.train,   &split.valid,       &split.test,
                                 &split.history, &split.valid_known, &split.test_known};
        for (int l = 0; l < 6; l++) {
            for (int64_t e = 0; e < used[l]->n_events; e++) assert_int_equal(used[l]->types[e], 1);
        }
        const pal_log *shown[] = {&split.shown_valid, &split.shown_test};
        for (int l = 0; l < 2; l++) {
            assert_true(shown[l]->n_events > 0);
            for (int64_t e = 0; e < shown[l]->n_events; e++)
                assert_int_equal(shown[l]->types[e], 0);
        }
        /* An item that was only shown is nothing that a model knows. */
        int32_t item = pal_ids_find(&split.item_ids, "s", 1);
        assert_true(item >= split.history.n_items && item >= split.test.n_items);
        assert_true(item < split.shown_test.n_items);
        if (s == 0) {
            /* Shares are of the 200 uses. */
            assert_int_equal(split.test.n_events, 20);
            for (int64_t e = 0; e < split.shown_test.n_events; e++)
                assert_true(split.shown_test.times[e] > split.history.times[0]);
        }
        if (s == 1) assert_int_equal(split.test.n_events, 4);
        pal_split_release(&split);
        release(&data);
    }
}

static void test_shown_events_of_given_parts(void **state) {
    (void)state;
    pal_ctx ctx = {0};
    pal_data data = {0};
    pal_split split;
    add_shown(&data, 300, 0);
    add_shown(&data, 60, 1000);
    make(&ctx, &data, NULL, &split);
    assert_int_equal(split.test.n_events, 20);
    assert_int_equal(split.shown_test.n_events, 40);
    assert_int_equal(split.train.n_events + split.valid.n_events, 100);
    pal_split_release(&split);
    release(&data);
}

/* Held-out users: no model learns of them, their earlier events are known when the later ones are
 * asked. */
static void test_users_are_held_out(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 42};
    pal_data data = {0};
    pal_split split;
    add_random(&data, 1, LARGE, 40, 60, 1000, true);
    make(&ctx, &data, "users valid=0.2 test=0.3 known=0.7", &split);
    const pal_log *known = pal_split_known(&split, true);
    assert_ptr_equal(known, &split.test_known);
    assert_int_equal(split.test.n_users - split.history.n_users, 12); /* 0.3 of 40 */
    assert_int_equal(split.history.n_users - split.train.n_users, 8);
    assert_int_equal(known->n_events + split.test.n_events, LARGE);
    for (int32_t u = 0; u < split.test.n_users; u++) {
        int64_t n_known = known->starts[u + 1] - known->starts[u],
                n_asked = split.test.starts[u + 1] - split.test.starts[u];
        if (u < split.history.n_users) {
            assert_int_equal(n_asked, 0);
            continue;
        }
        assert_int_equal(n_known, (int64_t)(0.7 * (double)(n_known + n_asked)));
        assert_true(known->times[known->starts[u + 1] - 1] <=
                    split.test.times[split.test.starts[u]]);
    }
    const pal_log *before = pal_split_known(&split, false);
    assert_int_equal(before->n_events - split.train.n_events + split.valid.n_events,
                     split.history.n_events - split.train.n_events);
    pal_split_release(&split);
    make(&ctx, &data, "time", &split);
    assert_ptr_equal(pal_split_known(&split, true), &split.history);
    assert_ptr_equal(pal_split_known(&split, false), &split.train);
    pal_split_release(&split);
    release(&data);
}

/* Over the folds each event is in the test once. */
static void test_folds_cover_the_log(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 7};
    pal_data data = {0};
    static uint8_t tested[LARGE];
    int32_t folds;
    add_random(&data, 1, LARGE, 40, 60, 1000, true);
    assert_int_equal(pal_split_folds(&ctx, "kfold folds=3", &folds), PAL_OK);
    assert_int_equal(folds, 3);
    for (int fold = 1; fold <= 3; fold++) {
        char spec[64];
        pal_split split;
        snprintf(spec, sizeof spec, "kfold folds=3 fold=%d", fold);
        make(&ctx, &data, spec, &split);
        assert_int_equal(split.test.n_events, LARGE / 3);
        for (int64_t e = 0; e < split.test.n_events; e++) tested[(int64_t)split.test.values[e]]++;
        pal_split_release(&split);
    }
    for (int64_t e = 0; e < LARGE; e++) assert_int_equal(tested[e], 1);
    assert_int_equal(pal_split_folds(&ctx, "kfold fold=2", &folds), PAL_OK);
    assert_int_equal(folds, 0);
    assert_int_equal(pal_split_folds(&ctx, "time", &folds), PAL_OK);
    assert_int_equal(folds, 0);
    pal_split split;
    assert_int_equal(pal_split_make(&ctx, &data, "kfold folds=3 fold=4", &split), PAL_EUSAGE);
    release(&data);
}

/* Nothing of a cold item or user stands before the part that asks for it. */
static void test_cold_rows_are_unknown(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 42};
    pal_data data = {0};
    pal_split split;
    add_random(&data, 1, LARGE, 40, 60, 1000, true);
    make(&ctx, &data, "cold_items", &split);
    assert_int_equal(split.test.n_items - split.history.n_items, 12); /* 0.2 of 60 */
    assert_int_equal(split.history.n_items - split.train.n_items, 6);
    for (int64_t e = 0; e < split.test.n_events; e++)
        assert_true(split.test.items[e] >= split.history.n_items);
    pal_split_release(&split);
    make(&ctx, &data, "cold_users", &split);
    assert_int_equal(split.test.n_users - split.history.n_users, 8);
    assert_int_equal(split.test.starts[split.history.n_users], 0);
    pal_split_release(&split);
    release(&data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split_of_one_log),
        cmocka_unit_test(test_every_cut_of_given_train),
        cmocka_unit_test(test_given_parts),
        cmocka_unit_test(test_given_parts_without_times),
        cmocka_unit_test(test_nothing_depends_on_the_test_part),
        cmocka_unit_test(test_time_cuts_by_share_and_keeps_ties),
        cmocka_unit_test(test_leave_last),
        cmocka_unit_test(test_random_shares),
        cmocka_unit_test(test_canonical_specs),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_weights_in_one_part_only),
        cmocka_unit_test(test_shown_events_stand_apart),
        cmocka_unit_test(test_shown_events_of_given_parts),
        cmocka_unit_test(test_users_are_held_out),
        cmocka_unit_test(test_folds_cover_the_log),
        cmocka_unit_test(test_cold_rows_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
