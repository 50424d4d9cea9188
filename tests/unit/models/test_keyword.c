/* test_keyword.c - words of items: which columns, what is refused, what is explained, what a file
 * gives back. */
#include "support.h"

#include <math.h>

#include "models/explain.h"
#include "models/rank.h"
#include "models/shrink.h"
#include "models/texts.h"
#include "models/train.h"

enum { ITEMS = 8, USERS = 4 };

static const char *const about[ITEMS] = {
    "A galaxy of stars and the empire",
    "The galaxies at war with the empire",
    "Stars over the galaxy",
    "The bread of the bakers",
    "A baker bakes bread and cake",
    "Cake for the kings",
    "The war of the kings",
    "",
};

/* What people use: space, space, kitchen, both; items 2 and 5 are used by one more. */
static void shop(pal_ctx *ctx, support_log *log, pal_catalog *catalog) {
    static const int32_t users[] = {0, 0, 1, 1, 2, 2, 3, 3, 3, 0, 2},
                         items[] = {0, 1, 1, 2, 3, 4, 0, 3, 7, 6, 5};
    static const int64_t times[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0};
    static const float values[] = {5, 5, 4, 5, 5, 5, 1, 5, 3, 4, 4};
    static const char *empty[ITEMS] = {"", "", "", "", "", "", "", ""},
                      *prices[ITEMS] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    support_log_make(ctx, log, USERS, ITEMS, 11, users, items, times, values);
    memset(catalog, 0, sizeof *catalog);
    catalog->title = -1;
    for (int32_t i = 0; i < ITEMS; i++) {
        const char *id = pal_ids_at(&log->items, i);
        assert_int_equal(pal_ids_add(&catalog->ids, id, strlen(id)), i);
    }
    catalog->columns = PAL_ARENA_ARRAY(&catalog->arena, pal_column, 3);
    assert_non_null(catalog->columns);
    strcpy(catalog->columns[0].name, "price");
    catalog->columns[0].cells = prices;
    strcpy(catalog->columns[1].name, "about");
    catalog->columns[1].cells = about;
    strcpy(catalog->columns[2].name, "notes");
    catalog->columns[2].cells = empty;
    catalog->n_columns = 3;
    assert_int_equal(
        pal_catalog_settle(ctx, catalog, "items", "price=number,about=text,notes=text"), PAL_OK);
}

static pal_model *train(pal_ctx *ctx, const char *spec, const support_log *log,
                        const pal_catalog *catalog) {
    pal_model *model = NULL;
    pal_train_input input = {.log = &log->log, .items = catalog};
    if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    return model;
}

static double scored(pal_ctx *ctx, const pal_model *model, const pal_query *query, int32_t item,
                     pal_explanation *found, pal_arena *arena) {
    assert_int_equal(pal_explain(ctx, model, query, item, arena, found), PAL_OK);
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

static void histories_meet_texts(void **state) {
    (void)state;
    static const char *const specs[] = {"keyword prior=0", "keyword prior=0 form=bm25",
                                        "keyword prior=0 scoring=nearest",
                                        "keyword prior=0 columns=about"};
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = train(ctx, specs[i], &log, &catalog);
        pal_explanation found;
        pal_query space = {.n_events = 1, .items = (const int32_t[]){2}};
        double galaxy = scored(ctx, model, &space, 1, &found, &arena);
        if (i != 2) assert_true(says(&found, "galaxy")); /* the stem is galaxi */
        if (i == 2) assert_int_equal(found.reasons[0].item, 2);
        assert_true(galaxy > 0.1 && galaxy < 1);
        assert_true(scored(ctx, model, &space, 3, &found, &arena) <= 0); /* no word in common */
        assert_true(scored(ctx, model, &space, 7, &found, &arena) <= 0); /* no text */
        assert_true(fabs(scored(ctx, model, &space, 2, &found, &arena) - 1) < 1e-5);
        pal_model_free(model);
    }
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* A low rating turns a profile, an old event fades, popularity adds what it is told to. */
static void options_do_what_they_say(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    const int32_t items[] = {0, 3};
    const pal_query mixed = {.n_events = 2,
                             .items = items,
                             .values = (const float[]){1, 5},
                             .times = (const int64_t[]){0, 1000},
                             .now = 1000};
    static const struct {
        const char *spec;
        int32_t space; /* sign of item 1's score */
    } rows[] = {
        {"keyword prior=0", 1},
        {"keyword prior=0 ratings=2", -1},
        {"keyword prior=0 half_life=1s", 0},
    };
    pal_explanation found;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pal_model *model = train(ctx, rows[i].spec, &log, &catalog);
        double score = scored(ctx, model, &mixed, 1, &found, &arena);
        assert_int_equal(score > 1e-6 ? 1 : score < -1e-6 ? -1 : 0, rows[i].space);
        assert_true(scored(ctx, model, &mixed, 4, &found, &arena) > 0.1);
        pal_model_free(model);
    }
    pal_model *model = train(ctx, "keyword prior=2", &log, &catalog);
    assert_true(fabs(scored(ctx, model, &mixed, 7, &found, &arena) - 2 * log1p(1) / log1p(2)) <
                1e-5); /* of the most popular items two people use each */
    assert_true(says(&found, "how many people use it"));
    pal_model_free(model);
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* A text that is asked for is the row of an item that has it: it meets the items as that one does,
 * alone or beside a history; what it does not know is as if it were not there. */
static void words_that_are_asked_for(void **state) {
    (void)state;
    static const char *const specs[] = {"keyword prior=0", "keyword prior=0 form=bm25",
                                        "keyword prior=0 scoring=nearest"};
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = train(ctx, specs[i], &log, &catalog);
        pal_explanation found;
        for (int32_t asked = 0; asked < ITEMS - 1; asked++) {
            const pal_query words = {.text = about[asked]}, used = {.n_events = 1, .items = &asked};
            assert_true(pal_model_answers(model, &words));
            for (int32_t item = 0; item < ITEMS; item++) {
                double score = scored(ctx, model, &words, item, &found, &arena);
                assert_int_equal(found.answered, PAL_BY_ITSELF);
                assert_true(fabs(score - scored(ctx, model, &used, item, &found, &arena)) < 1e-6);
            }
        }
        pal_query both = {
            .n_events = 1, .items = (const int32_t[]){3}, .text = "GALAXIES zzz empires"};
        double score = scored(ctx, model, &both, 1, &found, &arena);
        assert_true(score > 0.1 && says(&found, "galaxy") && says(&found, "empire"));
        assert_true(scored(ctx, model, &both, 4, &found, &arena) > 0.1); /* of the history */
        both.text = "zzz";
        assert_true(fabs(scored(ctx, model, &both, 1, &found, &arena)) < 1e-9);
        both.n_events = 0;
        assert_false(pal_model_answers(model, &both));
        scored(ctx, model, &both, 1, &found, &arena);
        assert_int_equal(found.answered, PAL_BY_POPULARITY);
        pal_model_free(model);
    }
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void assert_same_lists(pal_ctx *ctx, const pal_model *a, const pal_model *b,
                              const pal_query *query) {
    pal_arena arena = {0};
    pal_lists lists[2];
    const pal_rank_options options = {.k = ITEMS};
    assert_int_equal(pal_rank(ctx, a, query, 1, &options, &arena, &lists[0]), PAL_OK);
    assert_int_equal(pal_rank(ctx, b, query, 1, &options, &arena, &lists[1]), PAL_OK);
    assert_int_equal(lists[0].counts[0], lists[1].counts[0]);
    assert_memory_equal(lists[0].items, lists[1].items, ITEMS * sizeof(int32_t));
    assert_memory_equal(lists[0].scores, lists[1].scores, ITEMS * sizeof(float));
    pal_arena_release(&arena);
}

/* The searches of users go with the model, by copy and by file; kinds that read none keep none. */
static void searches_go_with_the_model(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    pal_search_list list = {0};
    int64_t n_left_out;
    for (int32_t i = 0; i < 12; i++)
        assert_true(pal_search_list_add(&list, "u1", 2, 100 + i, 0, i ? "cake" : "war", i ? 4 : 3));
    assert_true(pal_search_list_add(&list, "nobody", 6, 100, 0, "stars", 5));
    pal_searches searches;
    assert_int_equal(pal_searches_build(ctx, &list, &log.users, &searches, &n_left_out), PAL_OK);
    assert_int_equal(n_left_out, 1);
    static const char *const specs[] = {"keyword", "popular", "blend(keyword, popular)"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_train_input input = {.log = &log.log, .items = &catalog, .searches = &searches};
        pal_model *model = NULL, *loaded = NULL;
        assert_int_equal(pal_model_train(ctx, specs[i], &input, &model), PAL_OK);
        assert_int_equal(pal_model_keep(ctx, model), PAL_OK);
        pal_container container = {0};
        assert_int_equal(pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container), PAL_OK);
        assert_int_equal(pal_model_restore(ctx, &container, &loaded), PAL_OK);
        pal_container_release(&container);
        assert_int_equal(model->searches != NULL, i != 1);
        assert_int_equal(loaded->searches != NULL, i != 1);
        if (i != 1) {
            const char *text;
            const pal_search_range all = {INT64_MIN, INT64_MAX, PAL_SEARCH_PARTS},
                                   early = {INT64_MIN, 102, PAL_SEARCH_PARTS};
            assert_int_equal(pal_searches_newest(ctx, loaded->searches, 1, &all, &arena, &text),
                             PAL_OK);
            assert_string_equal(text, "cake cake cake cake cake cake cake cake cake cake");
            assert_int_equal(pal_searches_newest(ctx, loaded->searches, 1, &early, &arena, &text),
                             PAL_OK);
            assert_string_equal(text, "war cake");
            assert_int_equal(pal_searches_newest(ctx, loaded->searches, 0, &all, &arena, &text),
                             PAL_OK);
            assert_null(text);
        }
        const pal_query words = {.text = "cakes"};
        assert_same_lists(ctx, model, loaded, &words);
        pal_model_free(model);
        pal_model_free(loaded);
    }
    pal_searches_release(&searches);
    pal_search_list_release(&list);
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void assert_refused(pal_ctx *ctx, const char *spec, const support_log *log,
                           const pal_catalog *catalog, pal_status status, const char *sentence) {
    pal_model *model = NULL;
    pal_train_input input = {.log = &log->log, .items = catalog};
    assert_int_equal(pal_model_train(ctx, spec, &input, &model), status);
    if (!strstr(ctx->error, sentence)) fail_msg("'%s' lacks '%s'", ctx->error, sentence);
}

static void what_is_missing_is_said(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    shop(ctx, &log, &catalog);
    assert_refused(ctx, "keyword", &log, NULL, PAL_EDATA, "with --items");
    assert_refused(ctx, "keyword columns=abuot", &log, &catalog, PAL_EUSAGE,
                   "there is no column of words 'abuot'; did you mean about?");
    assert_refused(ctx, "keyword columns=notes", &log, &catalog, PAL_EDATA, "are empty");
    catalog.n_columns = 1;
    assert_refused(ctx, "keyword", &log, &catalog, PAL_EDATA, "neither a title nor a column");
    catalog.n_columns = 3;
    pal_ids_release(&catalog.ids);
    assert_refused(ctx, "keyword", &log, &catalog, PAL_EDATA, "knows none of the log's");
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

/* Rows that come after training equal those of training; what a file holds is checked. */
static void texts_of_other_catalogs_are_encoded(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    pal_item_texts texts = {0};
    pal_csr rows, again, none;
    const pal_keyword_options options = {0};
    const pal_train_input input = {
        .log = &log.log, .items = &catalog, .n_items = ITEMS, .n_seen_items = ITEMS};
    assert_int_equal(
        pal_item_texts_fit(ctx, "a test", &options, NULL, 0, &input, &arena, &arena, &texts, &rows),
        PAL_OK);
    const int32_t places[] = {1, -1, 0};
    assert_int_equal(
        pal_item_texts_encode(ctx, &options, &texts, &catalog, places, 3, &arena, &arena, &again),
        PAL_OK);
    int64_t n = rows.starts[2] - rows.starts[1];
    assert_int_equal(again.starts[1], n);
    assert_int_equal(again.starts[2], n);
    assert_memory_equal(again.values, rows.values + rows.starts[1], (size_t)n * sizeof(float));
    assert_memory_equal(again.cols, rows.cols + rows.starts[1], (size_t)n * sizeof(int32_t));
    pal_catalog other = {.title = -1};
    assert_int_equal(pal_item_texts_encode(ctx, &options, &texts, &other, (const int32_t[]){-1}, 1,
                                           &arena, &arena, &none),
                     PAL_OK);
    assert_int_equal(none.starts[1], 0);
    texts.words.bytes[texts.words.starts[1] - 1] = 'x';
    assert_int_equal(pal_item_texts_prepare(ctx, "a test", &texts), PAL_EFORMAT);
    texts.words.bytes[texts.words.starts[1] - 1] = 0;
    assert_int_equal(pal_item_texts_prepare(ctx, "a test", &texts), PAL_OK);
    texts.column_names[texts.column_starts[1] - 1] = 'x';
    assert_int_equal(pal_item_texts_prepare(ctx, "a test", &texts), PAL_EFORMAT);
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* Words that were written later than the catalog reaches are not read. */
static void later_words_are_not_read(void **state) {
    (void)state;
    static const char *const tags[ITEMS] = {"space@5|late@90", "space@6", "late@95", "bread@7",
                                            "bread@8|late@99", "",        "",        "late@100"};
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog, before;
    pal_arena arena = {0};
    int64_t n_left_out;
    shop(ctx, &log, &catalog);
    assert_int_equal(pal_catalog_add_timed(ctx, &catalog, "tags", tags), PAL_OK);
    assert_int_equal(pal_catalog_settle(ctx, &catalog, "items", NULL), PAL_OK);
    assert_int_equal(pal_catalog_before(ctx, &catalog, 50, &arena, &before, &n_left_out), PAL_OK);
    assert_int_equal(n_left_out, 4);
    const pal_keyword_options options = {0};
    pal_train_input input = {
        .log = &log.log, .items = &before, .n_items = ITEMS, .n_seen_items = ITEMS};
    pal_item_texts texts = {0};
    pal_csr rows;
    assert_int_equal(pal_item_texts_fit(ctx, "a test", &options, "tags", 1, &input, &arena, &arena,
                                        &texts, &rows),
                     PAL_OK);
    assert_int_equal(texts.words.n_words, 2);
    assert_int_equal(pal_vocabulary_find(&texts.words, "bread"), 0);
    assert_int_equal(pal_vocabulary_find(&texts.words, "space"), 1);
    assert_int_equal(rows.starts[ITEMS], 4);
    input.items = &catalog;
    assert_int_equal(pal_item_texts_fit(ctx, "a test", &options, "tags", 1, &input, &arena, &arena,
                                        &texts, &rows),
                     PAL_OK);
    assert_int_equal(texts.words.n_words, 3);
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* No word may be left: files of empty arrays, lists by popularity. */
static void files_give_back_the_same_lists(void **state) {
    (void)state;
    static const char *const specs[] = {"keyword", "keyword scoring=nearest",
                                        "keyword min_df=1000 prior=1"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    shop(ctx, &log, &catalog);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = train(ctx, specs[i], &log, &catalog), *loaded = NULL;
        char path[] = "keyword_XXXXXX.palate";
        close(mkstemps(path, 7));
        assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
        if (pal_model_load(ctx, path, &loaded) != PAL_OK) fail_msg("%s", ctx->error);
        remove(path);
        for (int32_t u = 0; u < USERS; u++) {
            pal_query query = pal_query_of_user(model, u);
            pal_lists a, b;
            const pal_rank_options options = {.k = 5};
            assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &a), PAL_OK);
            assert_int_equal(pal_rank(ctx, loaded, &query, 1, &options, &arena, &b), PAL_OK);
            assert_int_equal(a.counts[0], 5);
            assert_memory_equal(a.items, b.items, 5 * sizeof *a.items);
            assert_memory_equal(a.scores, b.scores, 5 * sizeof *a.scores);
        }
        pal_model_free(model);
        pal_model_free(loaded);
    }
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* Where texts tell everything the learned prior is small, where they tell nothing it is large. */
static void the_prior_is_learned(void **state) {
    (void)state;
    enum { PEOPLE = 200, THINGS = 60, EACH = 6, EVENTS = PEOPLE * EACH };
    static int32_t users[EVENTS], items[EVENTS];
    static const char *camps[THINGS], *noise[THINGS];
    static char words[THINGS][32];
    double scores[2];
    uint32_t seed = 1;
    pal_ctx *ctx = support_open(2);
    for (int32_t e = 0; e < EVENTS; e++) {
        int32_t u = e / EACH, camp = u % 6;
        users[e] = u;
        seed = seed * 1664525u + 1013904223u;
        double share = (double)(seed >> 8) / (1 << 24);
        items[e] = camp * 10 + (int32_t)(10 * share * share); /* the first of a camp most often */
    }
    for (int32_t i = 0; i < THINGS; i++) {
        snprintf(words[i], sizeof words[i], "camp%d thing%d", i / 10, i);
        camps[i] = words[i];
        noise[i] = i % 2 ? "left side" : "right side";
    }
    support_log log;
    support_log_make(ctx, &log, PEOPLE, THINGS, EVENTS, users, items, NULL, NULL);
    for (int32_t turn = 0; turn < 2; turn++) {
        pal_catalog catalog = {.title = -1, .n_columns = 1};
        for (int32_t i = 0; i < THINGS; i++)
            pal_ids_add(&catalog.ids, pal_ids_at(&log.items, i), strlen(pal_ids_at(&log.items, i)));
        catalog.columns = PAL_ARENA_ARRAY(&catalog.arena, pal_column, 1);
        strcpy(catalog.columns[0].name, "about");
        catalog.columns[0].cells = turn ? noise : camps;
        assert_int_equal(pal_catalog_settle(ctx, &catalog, "items", "about=text"), PAL_OK);
        pal_model *model = train(ctx, "keyword max_df=0", &log, &catalog);
        pal_tensor tensors[PAL_TENSORS_MAX];
        int32_t n = pal_model_tensors(model, tensors);
        scores[turn] = -1;
        for (int32_t t = 0; t < n; t++) {
            if (!strcmp(tensors[t].name, "prior"))
                scores[turn] = (double)*(float *)*tensors[t].data;
        }
        pal_model_free(model);
        pal_catalog_release(&catalog);
    }
    assert_true(scores[0] >= 0 && scores[1] >= 0);
    if (!(scores[0] < 1 && scores[1] > 2 * scores[0]))
        fail_msg("%g where texts tell all, %g where nothing", scores[0], scores[1]);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_meet_texts),
        cmocka_unit_test(options_do_what_they_say),
        cmocka_unit_test(words_that_are_asked_for),
        cmocka_unit_test(searches_go_with_the_model),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(texts_of_other_catalogs_are_encoded),
        cmocka_unit_test(later_words_are_not_read),
        cmocka_unit_test(files_give_back_the_same_lists),
        cmocka_unit_test(the_prior_is_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
