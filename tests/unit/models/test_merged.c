/* test_merged.c - two domains as one log, and what a kind makes of it. */
#include "support.h"

#include "models/rank.h"
#include "models/train.h"
#include "models/transfer/merged_log.h"

enum { PEOPLE = 24, HERE = 12, THINGS = 12, EACH = 4 };

/* Even people like even things, odd ones odd things, in both domains; the first HERE people are in
 * the target. */
static void make_domain(pal_ctx *ctx, int32_t n_people, int64_t first, support_log *out) {
    static int32_t users[PEOPLE * EACH], items[PEOPLE * EACH];
    static int64_t times[PEOPLE * EACH];
    int64_t n = 0;
    for (int32_t u = 0; u < n_people; u++) {
        for (int32_t e = 0; e < EACH; e++) {
            users[n] = u;
            items[n] = ((u / 2 + e) * 2 + u % 2) % THINGS;
            times[n] = first + 10 * n + u;
            n++;
        }
    }
    support_log_make(ctx, out, n_people, THINGS, n, users, items, times, NULL);
}

static void a_persons_events_stand_in_order_of_time(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log target, other;
    pal_arena arena = {0};
    pal_merged_log merged;
    make_domain(ctx, HERE, 1000, &target);
    make_domain(ctx, PEOPLE, 1003, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    assert_int_equal(pal_merged_log_make(ctx, &target.log, &source, &arena, &merged), PAL_OK);
    assert_int_equal(merged.log.n_users, PEOPLE);
    assert_int_equal(merged.log.n_items, 2 * THINGS);
    assert_int_equal(merged.log.n_events, target.log.n_events + other.log.n_events);
    for (int32_t u = 0; u < PEOPLE; u++) {
        int64_t begin = merged.log.starts[u], end = merged.log.starts[u + 1];
        assert_int_equal(end - begin, u < HERE ? 2 * EACH : EACH);
        for (int64_t e = begin + 1; e < end; e++)
            assert_true(merged.log.times[e] >= merged.log.times[e - 1]);
        for (int64_t e = begin; e < end; e++) assert_int_equal(merged.log.items[e] % 2, u % 2);
    }
    /* Things of equal names are two things. */
    assert_string_equal(pal_ids_at(&merged.item_ids, 3), "i3");
    assert_string_equal(pal_ids_at(&merged.item_ids, THINGS + 3), "source: i3");
    assert_string_equal(pal_ids_at(&merged.user_ids, HERE), "u12");

    source.shared = PAL_SHARED_ITEMS;
    assert_int_equal(pal_merged_log_make(ctx, &target.log, &source, &arena, &merged), PAL_OK);
    assert_int_equal(merged.log.n_users, HERE + PEOPLE);
    assert_int_equal(merged.log.n_items, THINGS);
    source.shared = PAL_SHARED_NONE;
    assert_int_equal(pal_merged_log_make(ctx, &target.log, &source, &arena, &merged), PAL_OK);
    assert_int_equal(merged.log.n_users, HERE + PEOPLE);
    assert_int_equal(merged.log.n_items, 2 * THINGS);
    pal_arena_release(&arena);
    support_log_release(&target);
    support_log_release(&other);
    support_close(ctx);
}

/* The list of somebody whom only the source knows. */
static void list_stranger(pal_ctx *ctx, const pal_model *model, const pal_log *source, int32_t user,
                          pal_arena *arena, pal_lists *out) {
    int64_t begin = source->starts[user];
    pal_query query = {.source_user_plus_1 = user + 1,
                       .n_source = (int32_t)(source->starts[user + 1] - begin),
                       .source_items = source->items + begin,
                       .source_times = source->times + begin};
    pal_rank_options options = {.k = 5};
    assert_int_equal(pal_rank(ctx, model, &query, 1, &options, arena, out), PAL_OK);
}

static void strangers_are_answered_by_what_they_did_elsewhere(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log target, other;
    pal_arena arena = {0};
    make_domain(ctx, HERE, 1000, &target);
    make_domain(ctx, PEOPLE, 500, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    pal_train_input input = {.log = &target.log, .source = &source};
    pal_model *merged = NULL, *alone = NULL, *twin = NULL;
    assert_int_equal(pal_model_train(ctx, "merged(item_knn)", &input, &merged), PAL_OK);
    assert_int_equal(pal_model_train(ctx, "merged(item_knn) source=off", &input, &twin), PAL_OK);
    assert_int_equal(pal_model_train(ctx, "item_knn", &input, &alone), PAL_OK);
    pal_lists lists;
    for (int32_t u = HERE; u < PEOPLE; u++) {
        list_stranger(ctx, merged, &other.log, u, &arena, &lists);
        assert_false(lists.fallback[0]);
        assert_int_equal(lists.counts[0], 5);
        for (int i = 0; i < 5; i++) assert_int_equal(lists.items[i] % 2, u % 2);
        list_stranger(ctx, twin, &other.log, u, &arena, &lists);
        assert_true(lists.fallback[0]);
    }
    /* The twin is the kind itself. */
    pal_rank_options options = {.k = 8};
    for (int32_t u = 0; u < HERE; u++) {
        pal_query query = pal_query_of_user(twin, u);
        pal_lists a, b;
        assert_int_equal(pal_rank(ctx, twin, &query, 1, &options, &arena, &a), PAL_OK);
        assert_int_equal(pal_rank(ctx, alone, &query, 1, &options, &arena, &b), PAL_OK);
        assert_int_equal(a.counts[0], b.counts[0]);
        assert_memory_equal(a.items, b.items, (size_t)a.counts[0] * sizeof *a.items);
        assert_memory_equal(a.scores, b.scores, (size_t)a.counts[0] * sizeof *a.scores);
    }
    pal_model_free(merged);
    pal_model_free(alone);
    pal_model_free(twin);
    pal_arena_release(&arena);
    support_log_release(&target);
    support_log_release(&other);
    support_close(ctx);
}

/* A file whose number of items is another than its log's is refused, not read past. */
static void a_file_of_other_items_is_refused(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log target, other;
    make_domain(ctx, HERE, 1000, &target);
    make_domain(ctx, PEOPLE, 500, &other);
    pal_source source = {.log = &other.log, .shared = PAL_SHARED_USERS};
    static const char *const specs[] = {"merged(item_knn)", "merged(item_knn) source=off"};
    for (int32_t s = 0; s < 2; s++) {
        pal_train_input input = {.log = &target.log, .source = &source};
        pal_model *model = NULL, *loaded = NULL;
        assert_int_equal(pal_model_train(ctx, specs[s], &input, &model), PAL_OK);
        for (int32_t n = THINGS; n >= THINGS - 1; n--) {
            pal_tensor tensors[PAL_TENSORS_MAX];
            pal_container container = {0};
            assert_int_equal(pal_model_tensors(model, tensors), 1);
            assert_int_equal(((int32_t *)*tensors[0].data)[0], THINGS);
            ((int32_t *)*tensors[0].data)[0] = n;
            assert_int_equal(pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container),
                             PAL_OK);
            assert_int_equal(pal_model_restore(ctx, &container, &loaded),
                             n == THINGS ? PAL_OK : PAL_EFORMAT);
            pal_container_release(&container);
            if (n == THINGS) pal_model_free(loaded);
        }
        assert_non_null(strstr(ctx->error, "does not fit"));
        pal_model_free(model);
    }
    support_log_release(&target);
    support_log_release(&other);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_persons_events_stand_in_order_of_time),
        cmocka_unit_test(strangers_are_answered_by_what_they_did_elsewhere),
        cmocka_unit_test(a_file_of_other_items_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
