/* test_content.c - attribute and vector: which columns, what is refused, what is explained, items
 * that nobody used, words that are asked for. */
#include "support.h"

#include <math.h>

#include "models/explain.h"
#include "models/rank.h"
#include "models/train.h"

/* The last two items have no event. */
enum { ITEMS = 10, USED = 8, USERS = 4, COLUMNS = 5 };

static const char *const cells[COLUMNS][ITEMS] = {
    {"acme", "acme", "acme", "zeta", "zeta", "zeta", "acme", "zeta", "acme", "nobody"},
    {"war|space", "war|space", "space", "bread", "bread|cake", "cake", "war", "cake", "space",
     "noir"},
    {"1", "2", "1", "9", "8", "9", "", "7", "2", "1e30"},
    {"the galaxy of stars", "stars of the galaxy", "a galaxy at war", "bread and cake",
     "cake and bread", "the baker's bread", "war of the stars", "baked cake", "war galaxy", ""},
    {"", "", "", "", "", "", "", "", "", ""},
};
static const char *const names[COLUMNS] = {"brand", "genres", "price", "about", "notes"};

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_catalog catalog;
    pal_arena arena;
} shop;

/* Two people of space, two of the kitchen. */
static void shop_open(shop *s, bool has_vectors) {
    static const int32_t users[] = {0, 0, 0, 1, 1, 2, 2, 2, 3, 3},
                         items[] = {0, 1, 6, 1, 2, 3, 4, 5, 4, 7};
    static const int64_t times[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    *s = (shop){.ctx = support_open(2)};
    support_log_make(s->ctx, &s->log, USERS, USED, 10, users, items, times, NULL);
    s->catalog.title = -1;
    for (int32_t i = 0; i < ITEMS; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", i);
        assert_int_equal(pal_ids_add(&s->catalog.ids, id, strlen(id)), i);
        if (i >= USED) pal_ids_add(&s->log.items, id, strlen(id));
    }
    s->catalog.columns = PAL_ARENA_ARRAY(&s->catalog.arena, pal_column, COLUMNS);
    assert_non_null(s->catalog.columns);
    for (int32_t c = 0; c < COLUMNS; c++) {
        strcpy(s->catalog.columns[c].name, names[c]);
        s->catalog.columns[c].cells = cells[c];
    }
    s->catalog.n_columns = COLUMNS;
    assert_int_equal(
        pal_catalog_settle(s->ctx, &s->catalog, "items",
                           "brand=token,genres=set,price=number,about=text,notes=token"),
        PAL_OK);
    if (!has_vectors) return;
    float *vectors = PAL_ARENA_ARRAY(&s->catalog.arena, float, ITEMS * 3);
    assert_non_null(vectors);
    for (int32_t i = 0; i < ITEMS; i++) {
        vectors[3 * i] = 100; /* what all have in common */
        vectors[3 * i + 1] = strstr(cells[0][i], "acme") ? 5 : -5;
        vectors[3 * i + 2] = (float)(i % 3);
    }
    assert_int_equal(pal_catalog_add_vectors(s->ctx, &s->catalog, "image", vectors, 3), PAL_OK);
}

static void shop_close(shop *s) {
    pal_catalog_release(&s->catalog);
    pal_arena_release(&s->arena);
    support_log_release(&s->log);
    support_close(s->ctx);
}

static pal_model *shop_train(shop *s, const char *spec, int32_t n_items) {
    pal_model *model = NULL;
    pal_train_input input = {.log = &s->log.log,
                             .items = &s->catalog,
                             .n_items = n_items,
                             .n_seen_items = n_items ? USED : 0};
    if (pal_model_train(s->ctx, spec, &input, &model) != PAL_OK)
        fail_msg("%s: %s", spec, s->ctx->error);
    return model;
}

static double scored(shop *s, const pal_model *model, const pal_query *query, int32_t item,
                     pal_explanation *found) {
    assert_int_equal(pal_explain(s->ctx, model, query, item, &s->arena, found), PAL_OK);
    double sum = 0;
    for (int32_t r = 0; r < found->n; r++) sum += found->reasons[r].amount;
    assert_true(found->is_sum && fabs(sum - found->score) <= 1e-5 * (1 + fabs(sum)));
    return found->score;
}

static bool says(const pal_explanation *found, const char *what) {
    for (int32_t r = 0; r < found->n; r++) {
        if (found->reasons[r].what && !strcmp(found->reasons[r].what, what)) return true;
    }
    return false;
}

static const pal_query space = {.n_events = 2, .items = (const int32_t[]){0, 2}};

/* Whatever the options: what is like the history is above what is not, new items by features. */
static void histories_meet_items(void **state) {
    (void)state;
    static const char *const specs[] = {
        "attribute prior=0",
        "attribute prior=0 weigh=alike",
        "attribute prior=0 balance=true",
        "attribute prior=0 scoring=nearest",
        "attribute prior=0 columns=genres,brand",
        "attribute prior=0 columns=brand",
        "attribute prior=0 columns=genres crosses=genres*brand",
        "attribute prior=0 least=1 numbers=0",
        "vector prior=0",
        "vector prior=0 whiten=1",
        "vector prior=0 scoring=nearest",
        "vector prior=0 columns=image",
        "vector prior=0 train_text_vectors=3",
        "vector prior=0 train_text_vectors=3 scoring=nearest half_life=10d",
    };
    shop s;
    shop_open(&s, true);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = shop_train(&s, specs[i], ITEMS);
        pal_explanation found;
        double near = scored(&s, model, &space, 1, &found),
               far = scored(&s, model, &space, 4, &found);
        if (!(near > far + 0.1)) fail_msg("%s: %g is not above %g", specs[i], near, far);
        assert_true(scored(&s, model, &space, 8, &found) > far + 0.1); /* new, of space */
        assert_true(fabs(near) < 2.001);
        pal_model_free(model);
    }
    shop_close(&s);
}

static void attributes_are_named(void **state) {
    (void)state;
    shop s;
    shop_open(&s, false);
    pal_explanation found;
    pal_model *model =
        shop_train(&s, "attribute prior=1 crosses=\"genres * brand\" cross_bits=12", ITEMS);
    scored(&s, model, &space, 1, &found);
    assert_true(says(&found, "genres: space") && says(&found, "brand: acme") &&
                says(&found, "price") && says(&found, "genres x brand") &&
                says(&found, "how many people use it"));
    assert_false(says(&found, "genres: bread"));
    /* What only a new item has is no feature, and what it has in common counts. */
    scored(&s, model, &space, 9, &found);
    assert_false(says(&found, "genres: noir"));
    pal_model_free(model);
    shop_close(&s);
}

/* Items that only later parts know change nothing for those of training. */
static void new_items_teach_nothing(void **state) {
    (void)state;
    static const char *const specs[] = {"attribute", "vector", "vector train_text_vectors=4"};
    shop s;
    shop_open(&s, true);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *with = shop_train(&s, specs[i], ITEMS), *without = shop_train(&s, specs[i], 0);
        for (int32_t item = 0; item < USED; item++) {
            pal_explanation a, b;
            assert_true(fabs(scored(&s, with, &space, item, &a) -
                             scored(&s, without, &space, item, &b)) < 1e-5);
        }
        pal_model_free(with);
        pal_model_free(without);
    }
    shop_close(&s);
}

static void words_are_brought_to_vectors(void **state) {
    (void)state;
    shop s;
    shop_open(&s, false); /* titles alone: vectors of texts are learned */
    const pal_query asked = {.text = "A GALAXY, please"}, unknown = {.text = "xylophone"},
                    both = {.n_events = 1, .items = (const int32_t[]){3}, .text = "galaxy"};
    pal_explanation found;
    pal_model *model = shop_train(&s, "vector prior=0", 0);
    assert_true(pal_model_answers(model, &asked));
    assert_false(pal_model_answers(model, &unknown));
    double galaxy = scored(&s, model, &asked, 0, &found);
    assert_true(says(&found, "the words that are asked for"));
    assert_true(galaxy > 0.2 && galaxy > scored(&s, model, &asked, 3, &found) + 0.2);
    const pal_query bread = {.n_events = 1, .items = (const int32_t[]){3}};
    double alone = scored(&s, model, &bread, 0, &found);
    assert_true(scored(&s, model, &both, 0, &found) > alone + 0.2);
    pal_model_free(model);
    model = shop_train(&s, "vector prior=0 query=0", 0);
    assert_true(fabs(scored(&s, model, &both, 0, &found) - alone) < 1e-5);
    assert_true(fabs(scored(&s, model, &asked, 0, &found) - galaxy) < 1e-5);
    pal_model_free(model);
    shop_close(&s);
}

static void assert_refused(shop *s, const char *spec, pal_status status, const char *sentence) {
    pal_model *model = NULL;
    pal_train_input input = {.log = &s->log.log, .items = &s->catalog};
    assert_int_equal(pal_model_train(s->ctx, spec, &input, &model), status);
    if (!strstr(s->ctx->error, sentence)) fail_msg("'%s' lacks '%s'", s->ctx->error, sentence);
}

static void what_is_missing_is_said(void **state) {
    (void)state;
    shop s;
    shop_open(&s, false);
    assert_refused(&s, "attribute columns=genre", PAL_EUSAGE,
                   "there is no column of attributes 'genre'; did you mean genres?");
    assert_refused(&s, "attribute columns=about", PAL_EUSAGE, "column of attributes 'about'");
    assert_refused(&s, "attribute columns=notes", PAL_EDATA, "are empty");
    assert_refused(&s, "attribute crosses=genres", PAL_EUSAGE, "'genres' is no pair of columns");
    assert_refused(&s, "attribute crosses=genres*price", PAL_EUSAGE,
                   "there is no column of tokens or sets 'price'");
    assert_refused(&s, "vector columns=image", PAL_EUSAGE, "there is no column of vectors 'image'");
    assert_refused(&s, "vector train_text_vectors=0", PAL_EDATA, "with --vectors");
    for (int32_t c = 0; c < COLUMNS; c++) s.catalog.columns[c].type = PAL_FEATURE_TEXT;
    assert_refused(&s, "attribute", PAL_EDATA, "has none");
    for (int32_t c = 0; c < COLUMNS; c++) s.catalog.columns[c].type = PAL_FEATURE_ID;
    assert_refused(&s, "vector", PAL_EDATA, "neither these nor texts");
    s.catalog.columns[0].type = PAL_FEATURE_TOKEN;
    s.catalog.columns[3].type = PAL_FEATURE_TEXT;
    pal_ids_release(&s.catalog.ids);
    assert_refused(&s, "attribute", PAL_EDATA, "knows none of the log's");
    assert_refused(&s, "vector", PAL_EDATA, "knows none of the log's");
    shop_close(&s);
}

/* An item that the model keeps and does not list is still something to ask by, and answered by what
 * is like it instead of by what everybody uses. */
static void unlisted_items_have_similar_ones(void **state) {
    (void)state;
    shop s;
    shop_open(&s, false);
    pal_model *model = shop_train(&s, "attribute columns=brand,genres", ITEMS);
    pal_lists listed, unlisted;
    assert_int_equal(pal_similar_items(s.ctx, model, 8, 3, NULL, &s.arena, &listed), PAL_OK);
    model->n_listed_items = USED;
    assert_int_equal(pal_similar_items(s.ctx, model, 8, 3, NULL, &s.arena, &unlisted), PAL_OK);
    assert_int_equal(unlisted.fallback[0], PAL_BY_ITSELF);
    assert_int_equal(unlisted.counts[0], 3);
    assert_memory_equal(unlisted.items, listed.items, 3 * sizeof *listed.items);
    for (int32_t i = 0; i < 3; i++) assert_string_equal(cells[0][unlisted.items[i]], "acme");
    uint8_t excluded[ITEMS] = {0};
    excluded[listed.items[0]] = 1;
    assert_int_equal(pal_similar_items(s.ctx, model, 8, 3, excluded, &s.arena, &unlisted), PAL_OK);
    assert_int_equal(unlisted.items[0], listed.items[1]);
    for (int32_t i = 0; i < unlisted.counts[0]; i++) assert_true(unlisted.items[i] < USED);
    pal_model_free(model);
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_meet_items),
        cmocka_unit_test(attributes_are_named),
        cmocka_unit_test(new_items_teach_nothing),
        cmocka_unit_test(words_are_brought_to_vectors),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(unlisted_items_have_similar_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
