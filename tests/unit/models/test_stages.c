/* test_stages.c - "a > b": what is parsed, what is listed, what is stored; and what kinds make of
 * features that some rows lack and of what was only shown. */
#include "support_models.h"

#include <math.h>

#include "models/fields.h"
#include "models/past.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

enum { USERS = 24, ITEMS = 12 };

/* Everybody uses four items of a circle that begins at his own number; the later half of the people
 * one more of the first three, so that some items are used more. */
static void circle(pal_ctx *ctx, support_log *out) {
    enum { EVENTS = 4 * USERS + USERS / 2 };
    int32_t users[EVENTS], items[EVENTS];
    int64_t times[EVENTS];
    for (int32_t e = 0; e < EVENTS; e++) {
        bool is_more = e >= 4 * USERS;
        users[e] = is_more ? USERS / 2 + e - 4 * USERS : e / 4;
        items[e] = is_more ? e % 5 % 3 : (e / 4 * 5 + e % 4) % ITEMS;
        times[e] = 100 + e;
    }
    support_log_make(ctx, out, USERS, ITEMS, EVENTS, users, items, times, NULL);
}

static pal_lists list(pal_ctx *ctx, const pal_model *model, const pal_query *query, int32_t k,
                      pal_hide hide, pal_arena *arena) {
    pal_lists lists;
    assert_int_equal(
        pal_rank(ctx, model, query, 1, &(pal_rank_options){.k = k, .hide = hide}, arena, &lists),
        PAL_OK);
    return lists;
}

static void specs_of_stages_parse(void **state) {
    (void)state;
    static const struct {
        const char *spec, *canonical; /* NULL: refused */
    } rows[] = {
        {"popular > item_knn", "popular > item_knn"},
        {"popular>item_knn k=5", "popular > item_knn k=5"},
        {"popular > ease l2=7 > item_knn", "popular > ease l2=7 > item_knn"},
        {"rerank(popular, item_knn)", "popular > item_knn"},
        {"rerank(popular, item_knn) candidates=3", "rerank(popular, item_knn) candidates=3"},
        {"rerank(popular > ease, item_knn)", "rerank(popular > ease, item_knn)"},
        {"blend(popular > item_knn, ease) weights=1,1",
         "blend(popular > item_knn, ease) weights=1,1"},
        {"blend(popular, ease) weights=1,1 > item_knn",
         "blend(popular, ease) weights=1,1 > item_knn"},
        {"ranker layers=9,7 epochs=1 > deepfm layers=8,5 epochs=1",
         "ranker layers=9,7 epochs=1 > deepfm layers=8,5 epochs=1"},
        {"blend(ranker layers=9,7 epochs=1, ease) weights=1,1",
         "blend(ranker layers=9,7 epochs=1, ease) weights=1,1"},
        {"popular >", NULL},
        {"> popular", NULL},
        {"popular > > ease", NULL},
        {"popular, ease > item_knn", NULL},
        {"popular > item_nkn", NULL},
        {"rerank(popular)", NULL},
        {"rerank(popular, ease) candidates=0", NULL},
    };
    pal_ctx *ctx = support_open(1);
    support_log log;
    circle(ctx, &log);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_model *model = NULL;
        pal_status status =
            pal_model_train(ctx, rows[i].spec, &(pal_train_input){.log = &log.log}, &model);
        if (!rows[i].canonical) {
            assert_int_equal(status, PAL_EUSAGE);
            assert_true(strlen(ctx->error) > 10);
            continue;
        }
        if (status != PAL_OK) fail_msg("%s: %s", rows[i].spec, ctx->error);
        assert_string_equal(model->spec, rows[i].canonical);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* The first stage's best unused items come first, ordered as the second has them; the rest follows
 * as the first has it. */
static void candidates_are_ordered_anew(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    circle(ctx, &log);
    pal_train_input input = {.log = &log.log};
    pal_model *first = support_train(ctx, "popular", &input),
              *second = support_train(ctx, "item_knn", &input),
              *both = support_train(ctx, "rerank(popular, item_knn) candidates=3", &input);
    for (int32_t u = 0; u < USERS; u++) {
        pal_query query = pal_query_of_user(first, u);
        pal_lists a = list(ctx, first, &query, ITEMS, PAL_HIDE_TARGET, &arena),
                  b = list(ctx, second, &query, ITEMS, PAL_HIDE_TARGET, &arena),
                  c = list(ctx, both, &query, ITEMS, PAL_HIDE_TARGET, &arena);
        assert_int_equal(c.counts[0], a.counts[0]);
        int32_t at = 0;
        for (int32_t j = 0; j < b.counts[0]; j++) {
            for (int32_t i = 0; i < 3; i++) {
                if (a.items[i] == b.items[j]) assert_int_equal(c.items[at++], b.items[j]);
            }
        }
        assert_int_equal(at, 3);
        for (int32_t i = 3; i < a.counts[0]; i++) assert_int_equal(c.items[i], a.items[i]);
    }
    pal_model_free(first);
    pal_model_free(second);
    pal_model_free(both);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* A pairwise second stage scores candidates alone, and as it scores all. */
static void some_are_scored_as_all(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    circle(ctx, &log);
    for (int32_t k = 0; pal_kinds[k]; k++) {
        assert_int_equal((pal_kinds[k]->traits & PAL_PAIRWISE) != 0,
                         pal_kinds[k]->score_some != NULL);
        if (!pal_kinds[k]->score_some) continue;
        pal_model *model =
            support_train(ctx, pal_kinds[k]->name, &(pal_train_input){.log = &log.log});
        void *scratch = pal_arena_alloc(
            &arena, (int64_t)model->kind->scratch_bytes(model->params, model->state, 1), 1);
        static const int32_t some[] = {7, 0, 11};
        float all[ITEMS], of_some[3];
        pal_query query = pal_query_of_user(model, 3);
        model->kind->score(model->params, model->state, &query, 1, scratch, all);
        model->kind->score_some(model->params, model->state, &query, some, 3, scratch, of_some);
        for (int32_t j = 0; j < 3; j++)
            assert_true(fabsf(of_some[j] - all[some[j]]) <= 1e-5f * (1 + fabsf(all[some[j]])));
        pal_model_free(model);
    }
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void stages_are_one_file(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    circle(ctx, &log);
    char path[] = "/tmp/palate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    pal_model *model = support_train(ctx, "two_tower epochs=3 > ranker epochs=3 > deepfm epochs=2",
                                     &(pal_train_input){.log = &log.log}),
              *loaded = NULL;
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    if (pal_model_load(ctx, path, &loaded) != PAL_OK) fail_msg("%s", ctx->error);
    assert_string_equal(loaded->spec, model->spec);
    pal_query queries[USERS];
    for (int32_t u = 0; u < USERS; u++) queries[u] = pal_query_of_user(model, u);
    pal_lists offline;
    assert_int_equal(
        pal_rank(ctx, model, queries, USERS, &(pal_rank_options){.k = 5}, &arena, &offline),
        PAL_OK);
    for (int32_t u = 0; u < USERS; u++) {
        pal_query query = pal_query_of_user(loaded, u);
        pal_lists served = list(ctx, loaded, &query, 5, PAL_HIDE_AUTO, &arena);
        assert_memory_equal(served.items, offline.items + u * 5, 5 * sizeof *served.items);
        assert_memory_equal(served.scores, offline.scores + u * 5, 5 * sizeof *served.scores);
    }
    unlink(path);
    pal_model_free(model);
    pal_model_free(loaded);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* --- features --- */

/* A catalog that knows half of the ids "<letter>0", "<letter>1", …: a token, a set and a number,
 * some of them missing. */
static void half_known(pal_ctx *ctx, char letter, int32_t n, pal_catalog *out) {
    memset(out, 0, sizeof *out);
    out->title = -1;
    out->n_columns = 3;
    out->columns = PAL_ARENA_ARRAY(&out->arena, pal_column, 3);
    static const char *const names[] = {"brand", "tags", "price"};
    for (int32_t c = 0; c < 3; c++) {
        snprintf(out->columns[c].name, sizeof out->columns[c].name, "%s", names[c]);
        const char **cells = PAL_ARENA_ARRAY(&out->arena, const char *, n / 2);
        for (int32_t r = 0; r < n / 2; r++) {
            char cell[32];
            snprintf(cell, sizeof cell, c == 0 ? "b%d" : c == 1 ? "x|y%d" : "%d.5", r % 2);
            bool is_missing = (r + c) % 4 == 0;
            cells[r] = is_missing ? "" : pal_arena_text(&out->arena, cell, strlen(cell));
        }
        out->columns[c].cells = cells;
    }
    for (int32_t r = 0; r < n / 2; r++) {
        char id[16];
        snprintf(id, sizeof id, "%c%d", letter, 2 * r);
        assert_int_equal(pal_ids_add(&out->ids, id, strlen(id)), r);
    }
    if (pal_catalog_settle(ctx, out, "--item-columns", "brand=token,tags=set,price=number") !=
        PAL_OK)
        fail_msg("%s", ctx->error);
}

/* Rows without a value and rows that nobody describes share the missing feature; weights of a field
 * sum to 1. */
static void fields_have_a_missing_feature(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    pal_catalog items;
    pal_fields fields;
    circle(ctx, &log);
    half_known(ctx, 'i', ITEMS, &items);
    assert_int_equal(pal_fields_make(ctx, &items, &log.items, ITEMS, ITEMS, &arena, &fields),
                     PAL_OK);
    assert_int_equal(fields.n_fields, 3);
    for (int32_t r = -1; r < ITEMS; r++) {
        for (int32_t f = 0; f < 3; f++) {
            const int32_t *features;
            const float *weights;
            int32_t n = pal_fields_of(&fields, r, f, &features, &weights);
            bool is_missing = r < 0 || r % 2 || (r / 2 + f) % 4 == 0 ||
                              (f == 0 && r == 4); /* the only one of its brand */
            float sum = 0;
            for (int32_t i = 0; i < n; i++) {
                sum += weights[i];
                assert_true(features[i] >= 0 && features[i] < fields.n_features);
                assert_int_equal(features[i] == fields.missing[f], is_missing);
            }
            assert_true(n > 0 && fabsf(sum - 1) < 1e-6f);
        }
    }
    pal_catalog_release(&items);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* Half of the items and people without features: trained and listed, the same with any number of
 * threads; round 0 has no features at all, and they change what is learned. */
static void half_of_the_features_do(void **state) {
    (void)state;
    static const char *const specs[] = {"two_tower epochs=3", "two_tower epochs=3 loss=sampled",
                                        "ranker epochs=3", "deepfm epochs=3"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        float first[5] = {0};
        for (int32_t threads = 0; threads <= 3; threads++) {
            pal_ctx *ctx = support_open(threads ? threads : 1);
            support_log log;
            pal_arena arena = {0};
            pal_catalog items, users;
            circle(ctx, &log);
            half_known(ctx, 'i', ITEMS, &items);
            half_known(ctx, 'u', USERS, &users);
            pal_train_input input = {.log = &log.log};
            if (threads) {
                input.items = &items;
                input.users = &users;
            }
            pal_model *model = support_train(ctx, specs[s], &input);
            pal_query query = pal_query_of_user(model, 6);
            pal_lists lists = list(ctx, model, &query, 5, PAL_HIDE_TARGET, &arena);
            bool same = !memcmp(first, lists.scores, sizeof first);
            if (threads > 0) assert_int_equal(same, threads > 1);
            memcpy(first, lists.scores, sizeof first);
            for (int32_t i = 0; i < 5; i++) assert_true(isfinite(lists.scores[i]));
            pal_model_free(model);
            pal_catalog_release(&items);
            pal_catalog_release(&users);
            pal_arena_release(&arena);
            support_log_release(&log);
            support_close(ctx);
        }
    }
}

/* An item that is shown to everybody and used by nobody of those sinks. */
static void what_was_shown_is_learned_from(void **state) {
    (void)state;
    static const char *const specs[] = {"ranker epochs=30", "deepfm epochs=30"};
    pal_ctx *ctx = support_open(2);
    support_log log, shown;
    pal_arena arena = {0};
    circle(ctx, &log);
    int32_t users[USERS], items[USERS];
    for (int32_t u = 0; u < USERS; u++) {
        users[u] = u;
        items[u] = (u * 5 + 8) % ITEMS == 9 ? 3 : 9;
    }
    support_log_make(ctx, &shown, USERS, ITEMS, USERS, users, items, NULL, NULL);
    for (int32_t s = 0; s < 2; s++) {
        double sums[2] = {0};
        for (int32_t with = 0; with < 2; with++) {
            pal_model *model = support_train(
                ctx, specs[s],
                &(pal_train_input){.log = &log.log, .shown = with ? &shown.log : NULL});
            for (int32_t u = 0; u < USERS; u++) {
                pal_query query = pal_query_of_user(model, u);
                pal_lists lists = list(ctx, model, &query, ITEMS, PAL_HIDE_NONE, &arena);
                for (int32_t i = 0; i < ITEMS; i++)
                    sums[with] += lists.items[i] == 9 ? (double)i : 0;
            }
            pal_model_free(model);
        }
        assert_true(sums[1] > sums[0]);
    }
    pal_arena_release(&arena);
    support_log_release(&log);
    support_log_release(&shown);
    support_close(ctx);
}

/* Long and recent sums, an event told by those before it and by all others. */
static void pasts_are_their_weights(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    circle(ctx, &log);
    pal_past past = {.form = PAL_PAST_BEFORE, .n_long = 2, .n_recent = 2};
    int32_t rows[4];
    float weights[4];
    pal_past_of_event(&past, &log.log, 0, 3, 3, NULL, rows, weights);
    static const int32_t before[] = {2, 1, 2, 1};
    assert_memory_equal(rows, before, sizeof before);
    assert_true(fabsf(weights[0] - sqrtf(0.5f)) < 1e-6f && fabsf(weights[2] - 2 / 3.0f) < 1e-6f);
    past.form = PAL_PAST_OTHERS;
    pal_past_of_event(&past, &log.log, 0, 1, 1, NULL, rows, weights);
    static const int32_t others[] = {3, 2, 0, -1};
    assert_memory_equal(rows, others, sizeof others);
    pal_past_of_items(&past, NULL, 0, rows, weights);
    for (int32_t e = 0; e < 4; e++) assert_true(rows[e] == -1 && weights[e] == 0);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_of_stages_parse),
        cmocka_unit_test(candidates_are_ordered_anew),
        cmocka_unit_test(some_are_scored_as_all),
        cmocka_unit_test(stages_are_one_file),
        cmocka_unit_test(fields_have_a_missing_feature),
        cmocka_unit_test(half_of_the_features_do),
        cmocka_unit_test(what_was_shown_is_learned_from),
        cmocka_unit_test(pasts_are_their_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
