/* test_transfer.c - kinds that learn from a second domain, on two domains with a planted taste. */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "models/explain.h"
#include "models/rank.h"
#include "models/transfer/linear.h"

/* Four tastes. In the source a taste uses the items that are equal to it modulo 4, here those equal
 * to it plus one. The first users are known in both, the last ones in the source alone. */
enum { TASTES = 4, PEOPLE = 120, KNOWN = 80, GOODS = 40, FILMS = 48, EVENTS = 9 };

typedef struct {
    support_log here, there;
    pal_source source;
} worlds;

static void draw_log(pal_ctx *ctx, int32_t n_users, int32_t n_items, int32_t shift, uint64_t stream,
                     support_log *out) {
    static int32_t users[PEOPLE * EVENTS], items[PEOPLE * EVENTS];
    static int64_t times[PEOPLE * EVENTS];
    pal_rng rng = pal_rng_at(7, stream);
    for (int32_t n = 0; n < n_users * EVENTS; n++) {
        int32_t taste = (n / EVENTS + shift) % TASTES;
        bool strays = pal_rng_below(&rng, 8) == 0;
        users[n] = n / EVENTS;
        items[n] = strays
                       ? (int32_t)pal_rng_below(&rng, (uint32_t)n_items)
                       : (int32_t)pal_rng_below(&rng, (uint32_t)n_items / TASTES) * TASTES + taste;
        times[n] = 1000 + n;
    }
    support_log_make(ctx, out, n_users, n_items, n_users * EVENTS, users, items, times, NULL);
}

static void worlds_make(pal_ctx *ctx, worlds *out) {
    draw_log(ctx, KNOWN, GOODS, 1, 1, &out->here);
    draw_log(ctx, PEOPLE, FILMS, 0, 2, &out->there);
    out->source = (pal_source){.log = &out->there.log, .shared = PAL_SHARED_USERS};
}

static void worlds_release(worlds *w) {
    support_log_release(&w->here);
    support_log_release(&w->there);
}

static pal_train_input worlds_input(const worlds *w) {
    return (pal_train_input){.log = &w->here.log, .source = &w->source};
}

/* The query of a person with all that he did in the source, and here where the log has him. */
static pal_query person(const worlds *w, int32_t user) {
    pal_query query = {0}, there = pal_query_of_log(&w->there.log, user, 0);
    if (user < KNOWN) query = pal_query_of_log(&w->here.log, user, 0);
    query.source_user_plus_1 = user + 1;
    query.n_source = there.n_events;
    query.source_items = there.items;
    return query;
}

/* Of the first k of the list how many are of the person's taste. */
static int32_t count_right(pal_ctx *ctx, const pal_model *model, const pal_query *query,
                           int32_t user, int32_t k) {
    pal_arena arena = {0};
    pal_lists lists;
    int32_t n = 0;
    assert_int_equal(pal_rank(ctx, model, query, 1, &(pal_rank_options){.k = k}, &arena, &lists),
                     PAL_OK);
    assert_int_equal(lists.fallback[0], 0);
    for (int32_t i = 0; i < lists.counts[0]; i++)
        n += lists.items[i] % TASTES == (user + 1) % TASTES;
    pal_arena_release(&arena);
    return n;
}

static void assert_reasons_add_up(pal_ctx *ctx, const pal_model *model, const pal_query *query) {
    pal_arena arena = {0};
    for (int32_t item = 0; item < GOODS; item += 7) {
        pal_explanation found;
        double sum = 0;
        assert_int_equal(pal_explain(ctx, model, query, item, &arena, &found), PAL_OK);
        assert_true(found.is_sum && !found.is_fallback);
        for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
        assert_true(fabs(sum - found.score) <= 1e-5 * (1 + fabs(sum)));
    }
    pal_arena_release(&arena);
}

/* --- the map --- */

static void a_planted_map_is_found(void **state) {
    (void)state;
    enum { N = 300, FROM = 6, TO = 3 };
    float from[N * FROM], to[N * TO], planted[(FROM + 1) * TO], map[(FROM + 1) * TO];
    pal_ctx *ctx = support_open(2);
    pal_arena scratch = {0};
    pal_linear_fit found;
    pal_rng rng = pal_rng_at(3, 3);
    for (int32_t i = 0; i < N * FROM; i++) from[i] = (float)pal_rng_normal(&rng);
    for (int32_t i = 0; i < (FROM + 1) * TO; i++) planted[i] = (float)pal_rng_normal(&rng);
    for (int32_t r = 0; r < N; r++)
        pal_linear_apply(planted, FROM, TO, 1, from + r * FROM, to + r * TO);
    const pal_linear_rows rows = {.n = N, .n_from = FROM, .n_to = TO, .from = from, .to = to};
    assert_int_equal(pal_linear_map(ctx, "a test", &rows, &scratch, map, &found), PAL_OK);
    for (int32_t i = 0; i < (FROM + 1) * TO; i++)
        assert_true(fabs((double)map[i] - (double)planted[i]) < 2e-3);
    assert_true(found.explained > 0.99);
    /* What has nothing to do with it foretells nothing: the mean is left. */
    for (int32_t i = 0; i < N * TO; i++) to[i] = 5 + (float)pal_rng_normal(&rng);
    assert_int_equal(pal_linear_map(ctx, "a test", &rows, &scratch, map, &found), PAL_OK);
    assert_true(found.explained < 0.05);
    for (int32_t t = 0; t < TO; t++) assert_true(fabs((double)map[t] - 5) < 0.3);
    for (int32_t i = TO; i < (FROM + 1) * TO; i++) assert_true(fabs((double)map[i]) < 0.1);
    pal_arena_release(&scratch);
    support_close(ctx);
}

/* --- emcdr --- */

#define EMCDR_SPEC "emcdr(als factors=8)"

static void people_of_the_source_are_known_here(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = support_train(ctx, EMCDR_SPEC, &input);
    int32_t right = 0, n = 0;
    for (int32_t user = KNOWN; user < PEOPLE; user++, n += 5) {
        pal_query query = person(&w, user);
        right += count_right(ctx, model, &query, user, 5);
    }
    assert_true(right > 0.9 * n); /* by chance a quarter */
    /* What he did in the source is read from the query, not from his row. */
    pal_query strange = person(&w, KNOWN), other = person(&w, KNOWN + 1);
    strange.source_items = other.source_items;
    strange.n_source = other.n_source;
    strange.source_user_plus_1 = 0;
    assert_true(count_right(ctx, model, &strange, KNOWN + 1, 5) >= 4);
    const int32_t out_of_range[] = {FILMS, -1};
    pal_query bad = {.n_source = 2, .source_items = out_of_range};
    pal_arena arena = {0};
    pal_lists lists;
    assert_int_equal(pal_rank(ctx, model, &bad, 1, &(pal_rank_options){.k = 5}, &arena, &lists),
                     PAL_OK);
    assert_int_equal(lists.fallback[0], 1);
    pal_arena_release(&arena);
    pal_model_free(model);
    worlds_release(&w);
    support_close(ctx);
}

static void reasons_name_events_of_the_source(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = support_train(ctx, EMCDR_SPEC, &input);
    for (int32_t user = 0; user < PEOPLE; user += 11) {
        pal_query query = person(&w, user), changed = query, fewer = query;
        changed.user_plus_1 = 0;
        fewer.n_source = 3;
        assert_reasons_add_up(ctx, model, &query);
        assert_reasons_add_up(ctx, model, &changed);
        assert_reasons_add_up(ctx, model, &fewer);
    }
    pal_query query = person(&w, KNOWN + 2);
    pal_arena arena = {0};
    pal_explanation found;
    assert_int_equal(pal_explain(ctx, model, &query, (KNOWN + 3) % TASTES, &arena, &found), PAL_OK);
    int32_t n_of_source = 0;
    for (int32_t r = 0; r < found.n; r++) n_of_source += found.reasons[r].is_of_source;
    assert_true(n_of_source >= 3);
    pal_arena_release(&arena);
    pal_model_free(model);
    worlds_release(&w);
    support_close(ctx);
}

static void *tensor_of(const pal_model *model, const char *name) {
    pal_tensor tensors[PAL_TENSORS_MAX];
    int32_t n = pal_model_tensors(model, tensors);
    for (int32_t i = 0; i < n; i++) {
        if (!strcmp(tensors[i].name, name)) return *tensors[i].data;
    }
    fail_msg("no tensor %s", name);
    return NULL;
}

/* source=off, no source, and people whom the source does not know: als. */
static void without_its_source_it_is_als(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w), alone = {.log = &w.here.log};
    pal_model *als = support_train(ctx, "als factors=8", &alone),
              *off = support_train(ctx, "emcdr(als factors=8) source=off", &input),
              *none = support_train(ctx, EMCDR_SPEC, &alone),
              *with = support_train(ctx, EMCDR_SPEC, &input);
    size_t bytes = KNOWN * 8 * sizeof(float);
    assert_memory_equal(tensor_of(als, "users"), tensor_of(off, "users"), bytes);
    assert_memory_equal(tensor_of(als, "users"), tensor_of(none, "users"), bytes);
    assert_memory_not_equal(tensor_of(als, "users"), tensor_of(with, "users"), bytes);
    pal_query query = pal_query_of_user(als, 3);
    query.user_plus_1 = 0;
    pal_arena arena = {0};
    pal_lists a, b;
    const pal_rank_options options = {.k = 10};
    assert_int_equal(pal_rank(ctx, als, &query, 1, &options, &arena, &a), PAL_OK);
    assert_int_equal(pal_rank(ctx, with, &query, 1, &options, &arena, &b), PAL_OK);
    assert_memory_equal(a.items, b.items, 10 * sizeof *a.items);
    pal_arena_release(&arena);
    pal_model_free(als);
    pal_model_free(off);
    pal_model_free(none);
    pal_model_free(with);
    worlds_release(&w);
    support_close(ctx);
}

static void emcdr_refuses_what_it_cannot_map(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = NULL;
    w.source.shared = PAL_SHARED_ITEMS;
    assert_int_equal(pal_model_train(ctx, EMCDR_SPEC, &input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "shared users"));
    w.source.shared = PAL_SHARED_USERS;
    assert_int_equal(pal_model_train(ctx, "emcdr(bpr epochs=1)", &input, &model), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "als"));
    assert_int_equal(pal_model_train(ctx, "emcdr(als, als)", &input, &model), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "one"));
    worlds_release(&w);
    support_close(ctx);
}

/* --- files and threads, of all kinds --- */

static char *saved(pal_ctx *ctx, const pal_model *model, size_t *n) {
    char path[] = "/tmp/palate-transfer-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    FILE *file = fopen(path, "rb");
    char *bytes = aligned_alloc(64, 1 << 22);
    *n = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    unlink(path);
    return bytes;
}

static const char *const all_specs[] = {EMCDR_SPEC};

static void threads_and_files_do_not_matter(void **state) {
    (void)state;
    for (size_t s = 0; s < sizeof all_specs / sizeof *all_specs; s++) {
        char *first = NULL;
        size_t n_first = 0, n;
        for (int32_t threads = 1; threads <= 3; threads++) {
            pal_ctx *ctx = support_open(threads);
            worlds w;
            worlds_make(ctx, &w);
            pal_train_input input = worlds_input(&w);
            pal_model *model = support_train(ctx, all_specs[s], &input), *loaded = NULL;
            char *bytes = saved(ctx, model, &n);
            if (!first) {
                first = bytes;
                n_first = n;
            }
            assert_int_equal(n, n_first);
            assert_memory_equal(bytes, first, n);
            if (pal_model_parse(ctx, "a test", bytes, n, &loaded) != PAL_OK)
                fail_msg("%s", ctx->error);
            for (int32_t user = 0; user < PEOPLE; user += 13) {
                pal_query query = person(&w, user);
                pal_arena arena = {0};
                pal_lists a, b;
                const pal_rank_options options = {.k = 10};
                assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &a), PAL_OK);
                assert_int_equal(pal_rank(ctx, loaded, &query, 1, &options, &arena, &b), PAL_OK);
                assert_memory_equal(a.items, b.items, 10 * sizeof *a.items);
                assert_memory_equal(a.scores, b.scores, 10 * sizeof *a.scores);
                pal_arena_release(&arena);
            }
            if (bytes != first) free(bytes);
            pal_model_free(model);
            pal_model_free(loaded);
            worlds_release(&w);
            support_close(ctx);
        }
        free(first);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_map_is_found),
        cmocka_unit_test(people_of_the_source_are_known_here),
        cmocka_unit_test(reasons_name_events_of_the_source),
        cmocka_unit_test(without_its_source_it_is_als),
        cmocka_unit_test(emcdr_refuses_what_it_cannot_map),
        cmocka_unit_test(threads_and_files_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
