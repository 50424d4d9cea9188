/* test_click_net.c - what networks over clicks are put against, what two_tower does not count as
 * unwanted, and catalogs that say nothing of the log. */
#include "support.h"

#include <math.h>

#include "models/fields.h"
#include "models/rank.h"
#include "models/train.h"

enum { USERS = 24, ITEMS = 12, OWN = 3 };

/* Person u uses three items from u on, around the circle. */
static void circle(pal_ctx *ctx, support_log *out) {
    int32_t users[USERS * OWN], items[USERS * OWN];
    for (int32_t e = 0; e < USERS * OWN; e++) {
        users[e] = e / OWN;
        items[e] = (e / OWN + e % OWN) % ITEMS;
    }
    support_log_make(ctx, out, USERS, ITEMS, USERS * OWN, users, items, NULL, NULL);
}

/* So many of the others were shown to each. */
static void show(pal_ctx *ctx, int32_t n_each, support_log *out) {
    int32_t users[USERS * ITEMS], items[USERS * ITEMS], n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t i = 0; i < n_each; i++, n++) {
            users[n] = u;
            items[n] = (u + OWN + i % (ITEMS - OWN)) % ITEMS;
        }
    }
    support_log_make(ctx, out, USERS, ITEMS, n, users, items, NULL, NULL);
}

/* scores [users, ITEMS] of a model of the spec. */
static void learn(pal_ctx *ctx, const char *spec, const pal_train_input *input, float *scores) {
    pal_model *model = NULL;
    pal_arena arena = {0};
    if (pal_model_train(ctx, spec, input, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    for (int32_t u = 0; u < input->log->n_users; u++) {
        pal_query query = pal_query_of_user(model, u);
        pal_lists lists;
        pal_rank_options options = {.k = ITEMS, .hide = PAL_HIDE_NONE};
        assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
        for (int32_t i = 0; i < ITEMS; i++) scores[u * ITEMS + lists.items[i]] = lists.scores[i];
    }
    pal_arena_release(&arena);
    pal_model_free(model);
}

/* Six shown for three used items take two of four draws away, twelve all. */
static void draws_fill_up_what_was_shown(void **state) {
    (void)state;
    static const char *const kinds[] = {"ranker", "deepfm"};
    static float told[USERS * ITEMS], drawn[USERS * ITEMS];
    pal_ctx *ctx = support_open(1);
    support_log log, shown;
    circle(ctx, &log);
    for (int32_t k = 0; k < 2; k++) {
        for (int32_t n_shown = 0; n_shown <= 12; n_shown += 6) {
            show(ctx, n_shown, &shown);
            const pal_train_input input = {.log = &log.log, .shown = n_shown ? &shown.log : NULL};
            for (int32_t negatives = 3; negatives <= 5; negatives++) {
                char spec[64], rest[64];
                snprintf(spec, sizeof spec, "%s epochs=2 negatives=%d", kinds[k], (int)negatives);
                snprintf(rest, sizeof rest, "%s epochs=2 negatives=%d", kinds[k],
                         (int)negatives - 1);
                learn(ctx, spec, &input, told);
                learn(ctx, rest, &input, drawn);
                bool same = !memcmp(told, drawn, sizeof told);
                assert_int_equal(same, negatives <= n_shown / OWN);
            }
            support_log_release(&shown);
        }
    }
    support_log_release(&log);
    support_close(ctx);
}

/* Two tastes of six items, each pair of a taste used by one person. What he used counted as
 * unwanted would stand under the rest of his taste, which nobody else could tell from it. */
static void own_items_are_not_unwanted(void **state) {
    (void)state;
    static const char *const specs[] = {"two_tower epochs=60 learning_rate=0.01 loss=full",
                                        "two_tower epochs=60 learning_rate=0.01 loss=sampled"};
    enum { TASTE = 6, PAIRS = TASTE * (TASTE - 1) };
    static float scores[PAIRS * ITEMS];
    int32_t users[2 * PAIRS], items[2 * PAIRS], n = 0;
    for (int32_t p = 0; p < 2 * TASTE * TASTE; p++) {
        int32_t taste = p / (TASTE * TASTE), a = p / TASTE % TASTE, b = p % TASTE;
        if (a >= b) continue;
        users[n] = users[n + 1] = n / 2;
        items[n++] = taste * TASTE + a;
        items[n++] = taste * TASTE + b;
    }
    pal_ctx *ctx = support_open(2);
    support_log log;
    support_log_make(ctx, &log, n / 2, ITEMS, n, users, items, NULL, NULL);
    for (int32_t s = 0; s < 2; s++) {
        double own = 0, same = 0, other = 0;
        learn(ctx, specs[s], &(pal_train_input){.log = &log.log}, scores);
        for (int32_t e = 0; e < n; e += 2) {
            const float *row = scores + users[e] * ITEMS;
            int32_t taste = items[e] / TASTE;
            for (int32_t i = 0; i < ITEMS; i++) {
                bool is_own = i == items[e] || i == items[e + 1];
                *(is_own ? &own : i / TASTE == taste ? &same : &other) += (double)row[i];
            }
        }
        double apart = same / n / 2 - other / n / 3;
        assert_true(apart > 1 && same / n / 2 - own / n < 0.05 * apart);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* A catalog of other items, every type of column in it, changes nothing. */
static void catalogs_of_other_items_change_nothing(void **state) {
    (void)state;
    static const char *const specs[] = {"two_tower epochs=2", "ranker epochs=2", "deepfm epochs=2"};
    static float with[USERS * ITEMS], without[USERS * ITEMS];
    static const char *const cells[3][2] = {{"a", "b"}, {"x|y", "y"}, {"1.5", "2.5"}};
    static const char *const names[] = {"brand", "tags", "price"};
    static float numbers[] = {1, 0, 0, 1};
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    pal_catalog others = {.title = -1, .n_columns = 3};
    circle(ctx, &log);
    others.columns = PAL_ARENA_ARRAY(&others.arena, pal_column, 4);
    for (int32_t c = 0; c < 3; c++) {
        snprintf(others.columns[c].name, sizeof others.columns[c].name, "%s", names[c]);
        others.columns[c].cells = (const char **)(uintptr_t)cells[c];
    }
    assert_int_equal(pal_ids_add(&others.ids, "other", 5), 0);
    assert_int_equal(pal_ids_add(&others.ids, "more", 4), 1);
    assert_int_equal(
        pal_catalog_settle(ctx, &others, "--item-columns", "brand=token,tags=set,price=number"),
        PAL_OK);
    others.columns[others.n_columns++] = (pal_column){
        .name = "picture", .type = PAL_FEATURE_VECTOR, .n_dims = 2, .vectors = numbers};
    pal_fields fields;
    assert_int_equal(pal_fields_make(ctx, &others, &log.items, ITEMS, ITEMS, &arena, &fields),
                     PAL_OK);
    assert_int_equal(fields.n_fields, 0);
    for (int32_t s = 0; s < 3; s++) {
        learn(ctx, specs[s], &(pal_train_input){.log = &log.log}, without);
        learn(ctx, specs[s],
              &(pal_train_input){.log = &log.log, .items = &others, .users = &others}, with);
        assert_memory_equal(with, without, sizeof with);
    }
    pal_catalog_release(&others);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void listen(void *arg, pal_notice_type kind, const char *text) {
    if (kind == PAL_NOTICE_WARNING) snprintf(arg, 256, "%s", text);
}

/* Decay at such a rate turns rows over and over, further in each step; mult_vae and neumf leave
 * ten times the loss of knowing nothing behind while all is finite. */
static void a_late_divergence_keeps_the_epochs_before(void **state) {
    (void)state;
    static const struct {
        const char *kind, *options;
    } cases[] = {{"two_tower", "learning_rate=1 decay=3"},
                 {"ranker", "learning_rate=1 decay=3"},
                 {"deepfm", "learning_rate=1 decay=3"},
                 {"mult_vae", "learning_rate=1"},
                 {"neumf", "learning_rate=1"}};
    static float scores[USERS * ITEMS];
    pal_ctx *ctx = support_open(1);
    support_log log;
    circle(ctx, &log);
    for (int32_t k = 0; k < 5; k++) {
        char spec[80], expected[80], said[256] = "";
        ctx->notice = listen;
        ctx->notice_arg = said;
        snprintf(spec, sizeof spec, "%s epochs=400 tolerance=0 %s", cases[k].kind,
                 cases[k].options);
        learn(ctx, spec, &(pal_train_input){.log = &log.log}, scores);
        snprintf(expected, sizeof expected, "%s: diverged in epoch ", cases[k].kind);
        assert_non_null(strstr(said, expected));
        assert_non_null(strstr(said, "the model is that of the epochs before"));
        for (int32_t i = 0; i < USERS * ITEMS; i++) assert_true(isfinite(scores[i]));
    }
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_fill_up_what_was_shown),
        cmocka_unit_test(own_items_are_not_unwanted),
        cmocka_unit_test(catalogs_of_other_items_change_nothing),
        cmocka_unit_test(a_late_divergence_keeps_the_epochs_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
