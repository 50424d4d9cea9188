/* test_demo.c - the demo world is what it says: same seed same log, drawn from exactly the chances
 * that it tells. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ctx.h"
#include "base/rng.h"
#include "data/demo.h"

enum { ITEMS_MAX = 256 };

static const char *const small = "users=200 items=100 days=90";

static pal_data *make_world(uint64_t seed, const char *options) {
    pal_ctx ctx = {.seed = seed, .memory_limit = 1 << 28};
    pal_data *data = NULL;
    assert_int_equal(pal_data_demo(&ctx, options, &data), PAL_OK);
    return data;
}

static int32_t world_user(const pal_data *data, int32_t row) {
    int32_t user = pal_world_user(data->world, pal_ids_at(&data->user_ids, row));
    assert_true(user >= 0);
    return user;
}

/* World rows of the log's item rows; freed by the caller. */
static int32_t *world_items(const pal_data *data) {
    int32_t *items = calloc((size_t)data->item_ids.n, sizeof *items);
    for (int32_t i = 0; i < data->item_ids.n; i++) {
        items[i] = pal_world_item(data->world, pal_ids_at(&data->item_ids, i));
        assert_true(items[i] >= 0);
    }
    return items;
}

/* A bot scores all that is on sale alike. */
static bool is_bot(const pal_data *data, int32_t user) {
    int32_t n = data->catalog.ids.n;
    float *scores = calloc((size_t)n, sizeof *scores);
    int32_t *all = calloc((size_t)n, sizeof *all);
    for (int32_t i = 0; i < n; i++) all[i] = i;
    pal_world_score(data->world, user, NULL, 0, pal_log_end(&data->parts[0]), all, n, scores);
    bool alike = true;
    for (int32_t i = 0; i < n; i++) alike &= scores[i] == 0 || scores[i] == 1;
    free(all);
    free(scores);
    return alike;
}

static void test_same_seed_same_log(void **state) {
    (void)state;
    pal_data *a = make_world(7, small), *b = make_world(7, small), *c = make_world(8, small);
    assert_true(pal_log_hash(&a->parts[0]) == pal_log_hash(&b->parts[0]));
    assert_true(pal_log_hash(&a->parts[0]) != pal_log_hash(&c->parts[0]));
    for (int32_t column = 0; column < a->catalog.n_columns; column++) {
        for (int32_t i = 0; i < a->catalog.ids.n; i++) {
            assert_string_equal(a->catalog.columns[column].cells[i],
                                b->catalog.columns[column].cells[i]);
        }
    }
    pal_data_free(a);
    pal_data_free(b);
    pal_data_free(c);
}

static void test_default_sizes(void **state) {
    const pal_data *data = *state;
    const pal_log *log = &data->parts[0];
    assert_int_equal(data->n_parts, 1);
    assert_true(log->n_users > 1980 && log->n_users <= 2000);
    assert_true(log->n_items > 1100 && log->n_items <= 1200);
    assert_int_equal(data->catalog.ids.n, 1200);
    assert_true(log->n_events > 100000 && log->n_events < 140000);
    assert_string_equal(data->source, "the demo world, seed 42");
    assert_string_equal(data->format, "demo");
    int64_t purchases = 0, first = INT64_MAX, last = pal_log_end(log);
    for (int64_t e = 0; e < log->n_events; e++) {
        purchases += pal_log_is_target(log, e);
        if (log->times[e] < first) first = log->times[e];
    }
    assert_true((double)purchases > 0.15 * (double)log->n_events);
    assert_true(last - first <= 365 * 86400 && last - first > 363 * 86400);
}

static void test_rows_are_numbered_by_first_appearance(void **state) {
    (void)state;
    pal_data *data = make_world(3, small);
    const pal_log *log = &data->parts[0];
    int64_t before = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        int64_t first = log->times[log->starts[u]];
        assert_true(first >= before);
        before = first;
    }
    pal_data_free(data);
}

static void test_catalog_describes_every_item(void **state) {
    (void)state;
    static const char *const columns[] = {"title", "category", "brand", "price", "description"};
    pal_data *data = make_world(3, small);
    assert_int_equal(data->catalog.n_columns, 5);
    for (int32_t c = 0; c < 5; c++) {
        assert_string_equal(data->catalog.columns[c].name, columns[c]);
        for (int32_t i = 0; i < data->catalog.ids.n; i++)
            assert_true(strlen(data->catalog.columns[c].cells[i]) > 2);
    }
    for (int32_t i = 0; i < data->item_ids.n; i++) {
        assert_non_null(pal_catalog_title(&data->catalog, pal_ids_at(&data->item_ids, i)));
    }
    pal_data_free(data);
}

static void test_items_have_a_launch(void **state) {
    const pal_data *data = *state;
    int64_t end = pal_log_end(&data->parts[0]);
    int32_t n = data->catalog.ids.n, started = 0, by_last_quarter = 0;
    for (int32_t i = 0; i < n; i++) {
        float at_start, before_quarter, at_end;
        pal_world_score(data->world, -1, NULL, 0, end - 365 * 86400, &i, 1, &at_start);
        pal_world_score(data->world, -1, NULL, 0, end - 98 * 86400, &i, 1, &before_quarter);
        pal_world_score(data->world, -1, NULL, 0, end, &i, 1, &at_end);
        started += at_start > 0;
        by_last_quarter += before_quarter > 0;
        assert_true(at_end > 0);
        assert_true(!(at_start > 0) || before_quarter > 0);
    }
    assert_true(started > 0.6 * n && started < 0.8 * n);
    assert_true(n - by_last_quarter > 0.1 * n && n - by_last_quarter < 0.2 * n);
}

static void test_no_event_before_the_launch(void **state) {
    (void)state;
    pal_data *data = make_world(6, small);
    const pal_log *log = &data->parts[0];
    int32_t *items = world_items(data);
    for (int64_t e = 0; e < log->n_events; e++) {
        float score;
        pal_world_score(data->world, -1, NULL, 0, log->times[e], &items[log->items[e]], 1, &score);
        assert_true(score > 0);
    }
    free(items);
    pal_data_free(data);
}

typedef struct {
    double key, score;
    int32_t item;
} place;

static int compare_places(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->key != y->key) return x->key > y->key ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

/* Where the drawn item falls in the distribution of the next event, items with large keys first:
 * uniform in [0, 1) for any keys if events are drawn from what the scores say. */
static double draw_quantile(const float *keys, const float *scores, int32_t n, int32_t drawn,
                            pal_rng *rng) {
    place places[ITEMS_MAX];
    double total = 0, before = 0;
    for (int32_t i = 0; i < n; i++) {
        places[i] = (place){(double)keys[i], (double)scores[i], i};
        total += (double)scores[i];
    }
    qsort(places, (size_t)n, sizeof *places, compare_places);
    int32_t at = 0;
    while (places[at].item != drawn) before += places[at++].score;
    return (before + pal_rng_uniform(rng) * places[at].score) / total;
}

typedef enum { MISTAKE_NONE, MISTAKE_PERSON, MISTAKE_PAST } mistake; /* another's taste; no past */

/* Counts quantiles of all events in bins and compares the counts with equal ones. Keys are how much
 * more the past makes an item likely, and then how likely it is at all. */
static double quantile_chi_square(const pal_data *data, bool past_first, mistake made) {
    enum { BINS = 20 };
    const pal_log *log = &data->parts[0];
    int32_t n = data->catalog.ids.n, all[ITEMS_MAX];
    int32_t *items = world_items(data), *recent = calloc((size_t)log->n_events, sizeof *recent);
    float scores[ITEMS_MAX], forgetful[ITEMS_MAX], keys[ITEMS_MAX];
    double counts[BINS] = {0}, expected = (double)log->n_events / BINS, chi_square = 0;
    pal_rng rng = pal_rng_at(1, 0);
    for (int32_t i = 0; i < n; i++) all[i] = i;
    for (int64_t e = 0; e < log->n_events; e++) recent[e] = items[log->items[e]];
    for (int32_t u = 0; u < log->n_users; u++) {
        int32_t user = world_user(data, made == MISTAKE_PERSON ? (u + 1) % log->n_users : u);
        int64_t begin = log->starts[u];
        for (int64_t e = begin; e < log->starts[u + 1]; e++) {
            int64_t now = log->times[e];
            pal_world_score(data->world, user, recent + begin, (int32_t)(e - begin), now, all, n,
                            scores);
            pal_world_score(data->world, user, NULL, 0, now, all, n, forgetful);
            for (int32_t i = 0; i < n; i++) {
                keys[i] = past_first && forgetful[i] > 0 ? scores[i] / forgetful[i] : scores[i];
            }
            double at =
                draw_quantile(keys, made == MISTAKE_PAST ? forgetful : scores, n, recent[e], &rng);
            counts[(int32_t)(at * BINS)]++;
        }
    }
    for (int32_t b = 0; b < BINS; b++) {
        chi_square += (counts[b] - expected) * (counts[b] - expected) / expected;
    }
    free(items);
    free(recent);
    return chi_square;
}

static void test_events_are_drawn_from_the_scores(void **state) {
    (void)state;
    pal_data *data = make_world(10, small);
    /* 19 degrees of freedom: 43.8 is passed by chance once in a thousand seeds. */
    assert_true(quantile_chi_square(data, false, MISTAKE_NONE) < 43.8);
    assert_true(quantile_chi_square(data, true, MISTAKE_NONE) < 43.8);
    /* The check can fail. */
    assert_true(quantile_chi_square(data, false, MISTAKE_PERSON) > 1000);
    assert_true(quantile_chi_square(data, true, MISTAKE_PAST) > 1000);
    pal_data_free(data);
}

static void test_score_depends_on_what_it_should(void **state) {
    const pal_data *data = *state;
    int64_t end = pal_log_end(&data->parts[0]);
    int32_t n = data->catalog.ids.n, first = -1;
    const char *const *titles = data->catalog.columns[0].cells;
    for (int32_t i = 0; i + 1 < n && first < 0; i++) {
        if (strstr(titles[i], "Volume 1") && strstr(titles[i + 1], "Volume 2")) first = i;
    }
    assert_true(first >= 0);
    int32_t next = first + 1, unknown = -1;
    float alone, after, nothing = 1;
    pal_world_score(data->world, 0, NULL, 0, end, &next, 1, &alone);
    pal_world_score(data->world, 0, &first, 1, end, &next, 1, &after);
    pal_world_score(data->world, 0, NULL, 0, end, &unknown, 1, &nothing);
    assert_true(after > 10 * alone);
    assert_true(nothing == 0);
    float stranger, known;
    pal_world_score(data->world, -1, NULL, 0, end, &next, 1, &stranger);
    pal_world_score(data->world, 1, NULL, 0, end, &next, 1, &known);
    assert_true(stranger != known);
}

static void test_bots_view_at_random(void **state) {
    const pal_data *data = *state;
    const pal_log *log = &data->parts[0];
    int32_t n_bots = 0;
    for (int32_t u = 0; u < log->n_users; u++) {
        if (!is_bot(data, world_user(data, u))) continue;
        n_bots++;
        assert_true(log->starts[u + 1] - log->starts[u] >= 100);
        for (int64_t e = log->starts[u]; e < log->starts[u + 1]; e++) {
            assert_string_equal(log->about.type_names[log->types[e]], "view");
        }
    }
    assert_true(n_bots >= 3 && n_bots <= 5);
}

static void test_newcomers_at_the_end(void **state) {
    const pal_data *data = *state;
    const pal_log *log = &data->parts[0];
    int64_t late = pal_log_end(log) - (int64_t)(0.1 * 365 * 86400);
    int32_t n = 0;
    for (int32_t u = 0; u < log->n_users; u++) n += log->times[log->starts[u]] >= late;
    assert_true(n > 0.07 * log->n_users && n < 0.16 * log->n_users);
}

static void test_ids_of_the_world(void **state) {
    (void)state;
    static const struct {
        const char *id;
        int32_t row;
    } users[] = {{"u0001", 0},  {"u0200", 199}, {"u0201", -1},
                 {"u1", -1},    {"u0000", -1},  {"", -1},
                 {"x0001", -1}, {"u+001", -1},  {"u00000000000000000000001", -1}};
    pal_data *data = make_world(1, small);
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        assert_int_equal(pal_world_user(data->world, users[i].id), users[i].row);
    }
    assert_int_equal(pal_world_item(data->world, "sku-0100"), 99);
    assert_int_equal(pal_world_item(data->world, "sku-0101"), -1);
    pal_data_free(data);
}

static void test_options(void **state) {
    (void)state;
    static const char *const good[] = {"users=50 items=50 days=28", "users=60 items=10000 days=28",
                                       "users=50 items=51 days=800"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        pal_data *data = make_world(1, good[i]);
        assert_true(data->parts[0].n_events > 100);
        pal_data_free(data);
    }
    static const struct {
        const char *options, *sentence;
    } bad[] = {{"users=10", "users"},
               {"items=20000", "items"},
               {"days=0", "days"},
               {"days=x", "days"},
               {"shops=2", "shops"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pal_ctx ctx = {.seed = 1, .memory_limit = 1 << 28};
        pal_data *data = NULL;
        assert_int_equal(pal_data_demo(&ctx, bad[i].options, &data), PAL_EUSAGE);
        assert_null(data);
        assert_non_null(strstr(ctx.error, bad[i].sentence));
    }
}

static void test_can_be_cancelled(void **state) {
    (void)state;
    pal_ctx ctx = {.seed = 1, .memory_limit = 1 << 28};
    pal_data *data = NULL;
    atomic_store(&ctx.cancelled, true);
    assert_int_equal(pal_data_demo(&ctx, small, &data), PAL_ECANCELLED);
    assert_null(data);
}

static int make_default_world(void **state) {
    *state = make_world(42, NULL);
    return 0;
}

static int free_default_world(void **state) {
    pal_data_free(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_log),
        cmocka_unit_test(test_default_sizes),
        cmocka_unit_test(test_rows_are_numbered_by_first_appearance),
        cmocka_unit_test(test_catalog_describes_every_item),
        cmocka_unit_test(test_items_have_a_launch),
        cmocka_unit_test(test_no_event_before_the_launch),
        cmocka_unit_test(test_events_are_drawn_from_the_scores),
        cmocka_unit_test(test_score_depends_on_what_it_should),
        cmocka_unit_test(test_bots_view_at_random),
        cmocka_unit_test(test_newcomers_at_the_end),
        cmocka_unit_test(test_ids_of_the_world),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, make_default_world, free_default_world);
}
