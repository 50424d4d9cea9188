/* test_rank.c - lists: what is hidden, who is a stranger, which of equals comes first, and that no
 * list depends on how queries are cut into batches. */
#include "support.h"

#include <math.h>
#include <stdatomic.h>

#include "math/topk.h"
#include "models/rank.h"
#include "models/train.h"

/* --- a kind that scores as it is told and remembers what it was asked --- */

static float told_scores[8];
static pal_query told_query;  /* the last one */
static atomic_int told_batch; /* the most queries at once */

static pal_status told_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                           pal_arena *arena, pal_arena *scratch, void *state) {
    (void)ctx, (void)params, (void)arena, (void)scratch;
    *(int32_t *)state = train->log->n_items;
    return PAL_OK;
}

static void told_score(const void *params, const void *state, const pal_query *queries,
                       int32_t n_queries, void *scratch, float *scores) {
    (void)params, (void)scratch;
    int32_t n_items = *(const int32_t *)state;
    for (int32_t q = 0; q < n_queries; q++)
        memcpy(scores + (int64_t)q * n_items, told_scores, (size_t)n_items * sizeof *scores);
    told_query = queries[n_queries - 1];
    if (n_queries > atomic_load(&told_batch)) atomic_store(&told_batch, n_queries);
}

static const pal_param told_params[] = {{0}};
static const pal_kind told = {.name = "told",
                              .family = "test",
                              .traits = PAL_SCORES_NEW_USERS,
                              .params = told_params,
                              .params_size = 1,
                              .state_size = sizeof(int32_t),
                              .fit = told_fit,
                              .score = told_score};

/* --- a log of 5 items: i3 has most users, i0 most events --- */

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_model *model;
    pal_arena arena;
} bench;

/* u0: i0 four times, i3; u1: i3, i1; u2: i3. Types: the first event of each user is a view (0), the
 * others are purchases (1), the target. */
static void bench_open_kind(bench *b, const pal_kind *kind) {
    static const int32_t users[] = {0, 0, 0, 0, 0, 1, 1, 2}, items[] = {0, 0, 0, 0, 3, 3, 1, 3};
    static const int64_t times[] = {1, 2, 3, 4, 5, 1, 2, 1};
    static const uint8_t types[] = {0, 1, 1, 1, 1, 0, 1, 0};
    *b = (bench){.ctx = support_open(1)};
    support_log_make(b->ctx, &b->log, 4, 5, 8, users, items, times, NULL);
    pal_log_about about = b->log.log.about;
    about.n_types = 2;
    about.target_types = 2;
    strcpy(about.type_names[0], "view");
    strcpy(about.type_names[1], "purchase");
    pal_log_release(&b->log.log);
    pal_events events = {.n = 8, .users = users, .items = items, .times = times, .types = types};
    assert_int_equal(pal_log_build(b->ctx, &events, &about, &b->log.log), PAL_OK);
    pal_train_input input = {.log = &b->log.log};
    assert_int_equal(pal_model_train_kind(b->ctx, kind, "", &input, &b->model), PAL_OK);
    for (int i = 0; i < 5; i++) told_scores[i] = (float)(5 - i);
}

static void bench_open(bench *b) { bench_open_kind(b, &told); }

static void bench_close(bench *b) {
    pal_arena_release(&b->arena);
    pal_model_free(b->model);
    support_log_release(&b->log);
    support_close(b->ctx);
}

static pal_lists bench_rank(bench *b, pal_query query, pal_rank_options options) {
    pal_lists lists;
    if (pal_rank(b->ctx, b->model, &query, 1, &options, &b->arena, &lists) != PAL_OK)
        fail_msg("%s", b->ctx->error);
    return lists;
}

/* `expected` is written as digits: "31" is i3, then i1. */
static void assert_listed(const pal_lists *lists, const char *expected) {
    char found[16] = "";
    for (int32_t i = 0; i < lists->counts[0]; i++) found[i] = (char)('0' + lists->items[i]);
    assert_string_equal(found, expected);
    for (int32_t i = lists->counts[0]; i < lists->k; i++) {
        assert_int_equal(lists->items[i], -1);
        assert_true(lists->scores[i] == 0);
    }
}

/* --- tests --- */

static void the_mask_looks_at_event_types(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_query u0 = pal_query_of_user(b.model, 0), u1 = pal_query_of_user(b.model, 1);
    pal_lists lists = bench_rank(&b, u1, (pal_rank_options){.k = 5, .hide = PAL_HIDE_TARGET});
    assert_listed(&lists, "0234"); /* i3 was only viewed */
    lists = bench_rank(&b, u1, (pal_rank_options){.k = 5, .hide = PAL_HIDE_ANY});
    assert_listed(&lists, "024");
    lists = bench_rank(&b, u1, (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "01234");
    lists = bench_rank(&b, u0, (pal_rank_options){.k = 5, .hide = PAL_HIDE_TARGET});
    assert_listed(&lists, "124"); /* i0 was viewed once and bought later */
    u1.types = NULL; /* a history typed in by hand has no types: all of it counts as target */
    lists = bench_rank(&b, u1, (pal_rank_options){.k = 5, .hide = PAL_HIDE_TARGET});
    assert_listed(&lists, "024");
    bench_close(&b);
}

static void excluded_items_are_not_listed(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    const uint8_t excluded[] = {1, 0, 0, 0, 1}, all[] = {1, 1, 1, 1, 1};
    pal_query u1 = pal_query_of_user(b.model, 1);
    pal_lists lists =
        bench_rank(&b, u1, (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE, .excluded = excluded});
    assert_listed(&lists, "123");
    lists = bench_rank(&b, u1, (pal_rank_options){.k = 2, .excluded = excluded});
    assert_listed(&lists, "23"); /* beside the mask */
    lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 5, .excluded = excluded});
    assert_listed(&lists, "312"); /* from popularity too */
    lists = bench_rank(&b, u1, (pal_rank_options){.k = 5, .excluded = all});
    assert_listed(&lists, "");
    bench_close(&b);
}

static void ties_go_by_row(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    const float some[] = {1, 2, 2, 1, 2};
    memcpy(told_scores, some, sizeof some);
    pal_query u2 = pal_query_of_user(b.model, 2);
    pal_lists lists = bench_rank(&b, u2, (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "12403");
    assert_true(lists.scores[0] == 2 && lists.scores[4] == 1);
    lists = bench_rank(&b, u2, (pal_rank_options){.k = 2, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "12");
    for (int i = 0; i < 5; i++) told_scores[i] = 0;
    lists = bench_rank(&b, u2, (pal_rank_options){.k = 3, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "012");
    bench_close(&b);
}

static void what_cannot_be_scored_is_not_listed(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    told_scores[0] = -INFINITY;
    told_scores[1] = NAN;
    told_scores[2] = INFINITY;
    told_scores[3] = -3e38f;
    pal_lists lists = bench_rank(&b, pal_query_of_user(b.model, 2),
                                 (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "243");
    bench_close(&b);
}

static void k_is_at_most_the_number_of_items(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_lists lists = bench_rank(&b, pal_query_of_user(b.model, 2),
                                 (pal_rank_options){.k = 1000, .hide = PAL_HIDE_ANY});
    assert_int_equal(lists.k, 5);
    assert_listed(&lists, "0124");
    assert_int_equal(
        pal_rank(b.ctx, b.model, NULL, 0, &(pal_rank_options){.k = 1000}, &b.arena, &lists),
        PAL_OK);
    assert_int_equal(lists.n, 0);
    bench_close(&b);
}

static void strangers_get_what_most_people_use(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_lists lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 3});
    assert_listed(&lists, "301"); /* by users: i0 has more events than i3 */
    assert_true(lists.scores[0] == 3 && lists.scores[1] == 1);
    assert_true(lists.fallback[0]);
    lists = bench_rank(&b, pal_query_of_user(b.model, 3), (pal_rank_options){.k = 3});
    assert_listed(&lists, "301"); /* a row of the log, without an event */
    assert_true(lists.fallback[0]);
    lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 3, .use = PAL_FALLBACK_NONE});
    assert_listed(&lists, "");
    assert_true(lists.fallback[0]);
    lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 3, .use = PAL_FALLBACK_SELF});
    assert_listed(&lists, "012");
    assert_int_equal(lists.fallback[0], 0);
    lists = bench_rank(&b, pal_query_of_user(b.model, 2),
                       (pal_rank_options){.k = 2, .use = PAL_FALLBACK_NONE});
    assert_listed(&lists, "01"); /* nobody else is touched by it */
    assert_int_equal(lists.fallback[0], 0);
    bench_close(&b);
}

/* Scores items from the last to the first, whoever asks. */
static void upward_score(const void *params, const void *state, const pal_query *queries,
                         int32_t n_queries, void *scratch, float *scores) {
    (void)params, (void)queries, (void)scratch;
    int32_t n_items = *(const int32_t *)state;
    for (int32_t i = 0; i < n_queries * n_items; i++) scores[i] = (float)(i % n_items);
}

static void the_callers_fallback_goes_before_the_models_own(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_kind upward = told;
    upward.score = upward_score;
    upward.traits |= PAL_SCORES_STRANGERS;
    pal_model *own = NULL, *other = NULL;
    pal_train_input input = {.log = &b.log.log};
    assert_int_equal(pal_model_train_kind(b.ctx, &upward, "", &input, &own), PAL_OK);
    assert_int_equal(pal_model_train(b.ctx, "popular", &input, &other), PAL_OK);
    pal_model_set_fallback(b.model, own);
    pal_lists lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 3});
    assert_listed(&lists, "432");
    lists = bench_rank(&b, (pal_query){0}, (pal_rank_options){.k = 3, .fallback = other});
    assert_listed(&lists, "301");
    lists = bench_rank(&b, pal_query_of_user(b.model, 2), (pal_rank_options){.k = 3});
    assert_listed(&lists, "012");
    pal_model_free(other);
    bench_close(&b);
}

/* Knows what a profile with "age" asks for. */
static bool upward_answers(const void *params, const void *state, const pal_query *query) {
    (void)params, (void)state;
    return query->n_profile > 0 && !strcmp(query->profile[0].name, "age");
}

static void a_fallback_that_reads_profiles_answers_those_it_can(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_kind upward = told;
    upward.score = upward_score;
    upward.answers = upward_answers;
    upward.traits |= PAL_READS_PROFILES;
    pal_model *own = NULL;
    pal_train_input input = {.log = &b.log.log};
    assert_int_equal(pal_model_train_kind(b.ctx, &upward, "", &input, &own), PAL_OK);
    pal_model_set_fallback(b.model, own);
    const pal_profile_cell age = {"age", "30"}, city = {"city", "Lyon"};
    pal_lists lists =
        bench_rank(&b, (pal_query){.n_profile = 1, .profile = &age}, (pal_rank_options){.k = 3});
    assert_listed(&lists, "432");
    assert_int_equal(lists.fallback[0], PAL_BY_FALLBACK);
    lists =
        bench_rank(&b, (pal_query){.n_profile = 1, .profile = &city}, (pal_rank_options){.k = 3});
    assert_listed(&lists, "301"); /* what most people use */
    assert_int_equal(lists.fallback[0], PAL_BY_POPULARITY);
    bench_close(&b);
}

/* The last two rows are new items that are only scored where that is asked for. */
static void rows_past_the_end_stand_in_no_list_and_no_history(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    b.model->n_listed_items = 3;
    const int32_t items[] = {4, 1};
    pal_query query = {.n_events = 2, .items = items};
    pal_lists lists = bench_rank(&b, query, (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE});
    assert_listed(&lists, "012");
    assert_int_equal(told_query.n_events, 1);
    lists = bench_rank(&b, query, (pal_rank_options){.k = 5, .hide = PAL_HIDE_NONE, .end_item = 5});
    assert_listed(&lists, "01234");
    assert_int_equal(told_query.n_events, 2);
    bench_close(&b);
}

static void a_control_answers_strangers_itself(void **state) {
    (void)state;
    bench b;
    pal_kind control = told;
    control.traits |= PAL_IS_CONTROL;
    bench_open_kind(&b, &control);
    pal_lists lists = bench_rank(&b, (pal_query){.user_plus_1 = 100},
                                 (pal_rank_options){.k = 3, .use = PAL_FALLBACK_NONE});
    assert_listed(&lists, "012");
    assert_int_equal(lists.fallback[0], 0);
    assert_int_equal(told_query.user_plus_1, 100); /* the oracle knows people past the log */
    bench_close(&b);
}

static void rows_past_the_log_are_left_out(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    const int32_t items[] = {7, 1, -1, 2, 5};
    const int64_t times[] = {10, 11, 12, 13, 14};
    const float values[] = {1, 2, 3, 4, 5};
    const uint8_t types[] = {1, 0, 1, 1, 1};
    pal_query query = {
        .n_events = 5, .items = items, .times = times, .values = values, .types = types};
    const pal_rank_options options = {.k = 5, .hide = PAL_HIDE_TARGET};
    /* What the kind saw is gone with its scratch memory, but for the count; that its arrays were
     * moved together is seen by the mask: i1 was viewed, i2 bought. */
    pal_lists lists = bench_rank(&b, query, options);
    assert_int_equal(told_query.n_events, 2);
    assert_listed(&lists, "0134");
    assert_int_equal(lists.fallback[0], 0);
    const int32_t unknown[] = {5, -1};
    query = (pal_query){.n_events = 2, .items = unknown};
    lists = bench_rank(&b, query, options);
    assert_listed(&lists, "30124"); /* of whose history nothing is left is a stranger */
    assert_true(lists.fallback[0]);
    bench_close(&b);
}

static void a_user_is_known_by_an_unchanged_history(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    const pal_rank_options options = {.k = 1};
    pal_query query = pal_query_of_user(b.model, 1);
    (void)bench_rank(&b, query, options);
    assert_int_equal(told_query.user_plus_1, 2);
    query.n_events = 1;
    (void)bench_rank(&b, query, options);
    assert_int_equal(told_query.user_plus_1, 0);
    const int32_t others[] = {3, 2};
    query = (pal_query){.user_plus_1 = 2, .n_events = 2, .items = others};
    (void)bench_rank(&b, query, options);
    assert_int_equal(told_query.user_plus_1, 0);
    query = (pal_query){.user_plus_1 = 5, .n_events = 2, .items = others}; /* past the log */
    (void)bench_rank(&b, query, options);
    assert_int_equal(told_query.user_plus_1, 0);
    query = (pal_query){.user_plus_1 = 4}; /* a row without events, asked without events */
    (void)bench_rank(&b, query, options);
    assert_int_equal(told_query.user_plus_1, 4);
    bench_close(&b);
}

/* --- batches --- */

enum { MANY_USERS = 75, MANY_ITEMS = 40, MANY_EVENTS = 700 };

static void many_make(pal_ctx *ctx, support_log *out) {
    static int32_t users[MANY_EVENTS], items[MANY_EVENTS];
    uint32_t x = 1;
    for (int32_t e = 0; e < MANY_EVENTS; e++) {
        x = x * 1664525u + 1013904223u;
        users[e] = (int32_t)(x >> 8) % MANY_USERS;
        x = x * 1664525u + 1013904223u;
        items[e] = (int32_t)(x >> 8) % MANY_ITEMS;
    }
    support_log_make(ctx, out, MANY_USERS, MANY_ITEMS, MANY_EVENTS, users, items, NULL, NULL);
}

/* Every third query is a stranger's; every fourth has items that the log does not know, each
 * another history, so that one worker keeps several apart. */
static void many_ask(const pal_model *model, pal_query *queries, int32_t (*odd)[3]) {
    for (int32_t q = 0; q < MANY_USERS; q++) {
        queries[q] = pal_query_of_user(model, q);
        if (q % 3 == 2) queries[q] = (pal_query){0};
        if (q % 4 != 3) continue;
        const int32_t history[] = {q % MANY_ITEMS, MANY_ITEMS, 7 * q % MANY_ITEMS};
        memcpy(odd[q], history, sizeof history);
        queries[q] = (pal_query){.n_events = 3, .items = odd[q]};
    }
}

static void assert_same_lists(const pal_lists *a, const pal_lists *b) {
    size_t places = (size_t)a->n * (size_t)a->k;
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->k, b->k);
    assert_memory_equal(a->items, b->items, places * sizeof *a->items);
    assert_memory_equal(a->scores, b->scores, places * sizeof *a->scores);
    assert_memory_equal(a->counts, b->counts, (size_t)a->n * sizeof *a->counts);
    assert_memory_equal(a->fallback, b->fallback, (size_t)a->n);
}

static void lists_do_not_depend_on_batches_or_threads(void **state) {
    (void)state;
    static const char *const specs[] = {"item_knn shrink=1", "ease l2=5", "popular", "random"};
    const pal_rank_options options = {.k = 7};
    for (int s = 0; s < 4; s++) {
        pal_ctx *ctx = support_open(1);
        support_log log;
        pal_model *model = NULL;
        pal_arena arena = {0};
        pal_query queries[MANY_USERS];
        pal_lists whole, small, single;
        many_make(ctx, &log);
        assert_int_equal(
            pal_model_train(ctx, specs[s], &(pal_train_input){.log = &log.log}, &model), PAL_OK);
        int32_t odd[MANY_USERS][3];
        many_ask(model, queries, odd);
        assert_int_equal(pal_rank(ctx, model, queries, MANY_USERS, &options, &arena, &whole),
                         PAL_OK);
        ctx->memory_limit = 4500; /* a few queries at once */
        assert_int_equal(pal_rank(ctx, model, queries, MANY_USERS, &options, &arena, &small),
                         PAL_OK);
        assert_same_lists(&whole, &small);
        ctx->memory_limit = INT64_C(1) << 30;
        for (int32_t q = 0; q < MANY_USERS; q++) {
            assert_int_equal(pal_rank(ctx, model, &queries[q], 1, &options, &arena, &single),
                             PAL_OK);
            assert_memory_equal(single.items, whole.items + q * whole.k,
                                (size_t)whole.k * sizeof *whole.items);
        }
        for (int32_t n_threads = 2; n_threads <= 3; n_threads++) {
            pal_ctx *other = support_open(n_threads);
            pal_lists threaded;
            assert_int_equal(
                pal_rank(other, model, queries, MANY_USERS, &options, &arena, &threaded), PAL_OK);
            assert_same_lists(&whole, &threaded);
            support_close(other);
        }
        pal_arena_release(&arena);
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
}

static void memory_decides_how_many_at_once(void **state) {
    (void)state;
    bench b;
    bench_open(&b);
    pal_query queries[40] = {{0}};
    pal_lists lists;
    const pal_rank_options options = {.k = 2};
    int largest[2];
    for (int i = 0; i < 2; i++) {
        b.ctx->memory_limit = i == 0 ? 1 << 20 : 400;
        atomic_store(&told_batch, 0);
        assert_int_equal(pal_rank(b.ctx, b.model, queries, 40, &options, &b.arena, &lists), PAL_OK);
        largest[i] = atomic_load(&told_batch);
    }
    assert_true(largest[0] > largest[1] && largest[1] >= 1);
    b.ctx->memory_limit = 50;
    assert_int_equal(pal_rank(b.ctx, b.model, queries, 40, &options, &b.arena, &lists), PAL_ENOMEM);
    assert_non_null(strstr(b.ctx->error, "one list a thread needs "));
    bench_close(&b);
}

/* --- similar items --- */

/* Items 0 and 1 please the same half of people, 2 and 3 the other half, and 4 everybody, so that a
 * history of item 0 alone predicts most for 4; what is like 0 is 1. */
static void similar_items_of_predicted_values_are_alike_not_popular(void **state) {
    (void)state;
    enum { USERS = 20, ITEMS = 5, EVENTS = USERS * ITEMS };
    pal_ctx *ctx = support_open(1);
    support_log log;
    int32_t users[EVENTS], items[EVENTS];
    float values[EVENTS];
    for (int32_t e = 0; e < EVENTS; e++) {
        users[e] = e / ITEMS;
        items[e] = e % ITEMS;
        values[e] = items[e] == 4 ? 5.0f : (items[e] / 2 == users[e] % 2) ? 4.0f : 1.0f;
    }
    pal_model *model = NULL;
    pal_arena arena = {0};
    pal_lists lists;
    support_log_make(ctx, &log, USERS, ITEMS, EVENTS, users, items, NULL, values);
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "mf factors=4 target=value epochs=200", &input, &model),
                     PAL_OK);
    assert_int_equal(pal_similar_items(ctx, model, 0, 2, NULL, &arena, &lists), PAL_OK);
    assert_int_equal(lists.counts[0], 2);
    assert_int_equal(lists.items[0], 1);
    assert_true(lists.scores[0] <= 1.0001f && lists.scores[0] > lists.scores[1]);
    const uint8_t excluded[ITEMS] = {0, 1, 0, 0, 0};
    assert_int_equal(pal_similar_items(ctx, model, 0, 5, excluded, &arena, &lists), PAL_OK);
    assert_int_equal(lists.counts[0], 3); /* neither itself nor the excluded one */
    pal_arena_release(&arena);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void similar_items_come_from_the_models_own_measure(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    const int32_t users[] = {0, 0, 1, 1, 2, 2}, items[] = {0, 1, 0, 1, 0, 2};
    const uint8_t excluded[] = {0, 1, 0};
    pal_model *model = NULL, *popular = NULL;
    pal_arena arena = {0};
    pal_lists lists;
    support_log_make(ctx, &log, 3, 3, 6, users, items, NULL, NULL);
    pal_train_input input = {.log = &log.log};
    assert_int_equal(pal_model_train(ctx, "item_knn", &input, &model), PAL_OK);
    assert_int_equal(pal_similar_items(ctx, model, 0, 2, NULL, &arena, &lists), PAL_OK);
    assert_listed(&lists, "12"); /* not itself */
    assert_int_equal(pal_similar_items(ctx, model, 0, 2, excluded, &arena, &lists), PAL_OK);
    assert_listed(&lists, "2");
    assert_int_equal(pal_model_train(ctx, "popular", &input, &popular), PAL_OK);
    assert_int_equal(pal_similar_items(ctx, popular, 0, 2, NULL, &arena, &lists), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "popular knows no similarity"));
    pal_arena_release(&arena);
    pal_model_free(model);
    pal_model_free(popular);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mask_looks_at_event_types),
        cmocka_unit_test(excluded_items_are_not_listed),
        cmocka_unit_test(ties_go_by_row),
        cmocka_unit_test(what_cannot_be_scored_is_not_listed),
        cmocka_unit_test(k_is_at_most_the_number_of_items),
        cmocka_unit_test(strangers_get_what_most_people_use),
        cmocka_unit_test(the_callers_fallback_goes_before_the_models_own),
        cmocka_unit_test(a_fallback_that_reads_profiles_answers_those_it_can),
        cmocka_unit_test(rows_past_the_end_stand_in_no_list_and_no_history),
        cmocka_unit_test(a_control_answers_strangers_itself),
        cmocka_unit_test(rows_past_the_log_are_left_out),
        cmocka_unit_test(a_user_is_known_by_an_unchanged_history),
        cmocka_unit_test(lists_do_not_depend_on_batches_or_threads),
        cmocka_unit_test(memory_decides_how_many_at_once),
        cmocka_unit_test(similar_items_come_from_the_models_own_measure),
        cmocka_unit_test(similar_items_of_predicted_values_are_alike_not_popular),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
