/* test_sums.c - what fm and item_features promise beyond conformance: gradients, losses that fall,
 * new items that are told by their features alone, explanations by name, values that are predicted,
 * catalogs that say little or nothing. */
#include "support_models.h"

#include <math.h>
#include <unistd.h>

#include "base/rng.h"
#include "models/content/sums_train.h"
#include "models/explain.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/shrink.h"
#include "models/train.h"
#include "nn/parameters.h"

/* Two camps of users and items; a tenth of the events crosses over. Items from SEEN on are new. */
enum { USERS = 60, SEEN = 40, NEW = 4, EVENTS_OF_USER = 8 };

static void camps(pal_ctx *ctx, support_log *out) {
    static int32_t users[USERS * EVENTS_OF_USER], items[USERS * EVENTS_OF_USER];
    static float values[USERS * EVENTS_OF_USER];
    pal_rng rng = pal_rng_at(5, 0);
    int64_t n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        for (int32_t e = 0; e < EVENTS_OF_USER; e++) {
            int32_t camp = pal_rng_below(&rng, 10) ? u % 2 : 1 - u % 2;
            users[n] = u;
            values[n] = camp == u % 2 ? 5 : 1;
            items[n++] = (int32_t)pal_rng_below(&rng, SEEN / 2) * 2 + camp;
        }
    }
    support_log_make(ctx, out, USERS, SEEN, n, users, items, NULL, values);
    for (int32_t i = SEEN; i < SEEN + NEW; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", (int)i);
        assert_int_equal(pal_ids_add(&out->items, id, strlen(id)), i);
    }
}

static pal_train_input input_of(const support_log *log, const pal_catalog *catalog) {
    return (pal_train_input){
        .log = &log->log, .items = catalog, .n_items = SEEN + NEW, .n_seen_items = SEEN};
}

/* --- gradients --- */

/* The loss of a batch with one number of a table moved. */
static double loss_at(pal_sums_job *job, const pal_step *step, float *number, float value) {
    float before = *number;
    *number = value;
    double loss = pal_sums_batch(job, step);
    *number = before;
    return loss;
}

static void check_gradients(const pal_sums_form *form, pal_sums_loss loss) {
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    pal_sums_state s = {0};
    pal_sums_job job;
    camps(ctx, &log);
    support_catalog_make(ctx, &log, &catalog);
    pal_log with_new = log.log; /* rows for new items, as training gives them */
    with_new.n_items = SEEN + NEW;
    pal_train_input input = input_of(&log, &catalog);
    input.log = &with_new;
    const pal_sums_options o = {.loss = loss,
                                .factors = 5,
                                .history = 3,
                                .group = 2,
                                .batch = 10,
                                .tries = 1,
                                .hide_items = 0.3,
                                .hide_users = 0.3};
    assert_int_equal(pal_sums_open(ctx, form, &o, &input, &arena, &arena, &s, &job), PAL_OK);
    for (int32_t b = 0; b < PAL_BANKS; b++) { /* far from 0, where all products vanish */
        pal_table *table = &job.banks[b].table;
        pal_draw_normal(b, "rows", table->values, (int64_t)table->n_rows * table->width, 0.5);
    }
    const int64_t groups[] = {0, 3, 17, 30, 40, 41, 42, 43, 60, 100};
    pal_step step = {.epoch = 1, .number = 1, .examples = groups, .n = 10};
    pal_sums_deal(&job, 1);
    int32_t n_checked = 0;
    for (int32_t b = 0; b < PAL_BANKS; b++) {
        pal_table *table = &job.banks[b].table;
        for (int32_t t = 0; job.banks[b].most && t < 12; t++) {
            pal_sums_batch(&job, &step);
            assert_true(table->n_touched > 0);
            int32_t row = table->touched[t % table->n_touched];
            for (int32_t f = 0; f < table->width; f++) {
                pal_sums_batch(&job, &step);
                double gradient =
                    (double)table->gradient[(t % table->n_touched) * table->width + f];
                float *number = table->values + (int64_t)row * table->width + f, h = 1e-2f;
                double above = loss_at(&job, &step, number, *number + h),
                       below = loss_at(&job, &step, number, *number - h),
                       by_difference = (above - below) / (2 * (double)h);
                if (fabs(by_difference - gradient) > 3e-3 * (1 + fabs(gradient)))
                    fail_msg("%s loss %d, table %d, row %d, number %d: %g, by difference %g",
                             form->name, loss, b, row, f, gradient, by_difference);
                n_checked++;
            }
        }
    }
    assert_true(n_checked > 100);
    pal_arena_release(&arena);
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

static void gradients_are_those_of_the_loss(void **state) {
    (void)state;
    const pal_sums_form fm = {.name = "fm", .has_history = true, .has_products = true},
                        item_features = {.name = "item_features"};
    check_gradients(&fm, PAL_SUMS_BPR);
    check_gradients(&fm, PAL_SUMS_SQUARED);
    check_gradients(&item_features, PAL_SUMS_BPR);
}

/* --- what is learned --- */

static void losses_fall(void **state) {
    (void)state;
    const char *const specs[] = {
        "fm epochs=40 tolerance=0 learning_rate=0.01 loss=bpr",
        "fm epochs=40 tolerance=0 learning_rate=0.01 factors=17",
        "fm epochs=40 tolerance=0 learning_rate=0.01 loss=squared",
        "item_features epochs=40 tolerance=0 learning_rate=0.01 loss=bpr",
        "item_features epochs=40 tolerance=0 learning_rate=0.01",
    };
    pal_ctx *ctx = support_open(2);
    support_log log;
    camps(ctx, &log);
    pal_train_input input = {.log = &log.log};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = support_train(ctx, specs[i], &input);
        assert_int_equal(model->curve.n, 40);
        if (!(model->curve.loss[39] < 0.9 * model->curve.loss[0])) fail_msg("%s", specs[i]);
        pal_model_free(model);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* Two new items with the same features stand level, whatever rows the draws would have given them,
 * and those of the person's camp above the others. */
static void new_items_are_told_by_their_features_alone(void **state) {
    (void)state;
    const char *const specs[] = {"fm epochs=60 tolerance=0 learning_rate=0.01",
                                 "item_features epochs=60 tolerance=0 learning_rate=0.01",
                                 "fm epochs=60 tolerance=0 learning_rate=0.01 loss=squared"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog catalog;
    camps(ctx, &log);
    support_catalog_make(ctx, &log, &catalog);
    catalog.n_columns = 1; /* the camp alone */
    pal_train_input input = input_of(&log, &catalog);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = support_train(ctx, specs[i], &input);
        pal_arena arena = {0};
        for (int32_t u = 0; u < 6; u++) {
            pal_query query = pal_query_of_user(model, u);
            float scores[SEEN + NEW];
            void *scratch = pal_arena_alloc(
                &arena, (int64_t)model->kind->scratch_bytes(model->params, model->state, 1), 1);
            model->kind->score(model->params, model->state, &query, 1, scratch, scores);
            assert_true(scores[SEEN] == scores[SEEN + 2] && scores[SEEN + 1] == scores[SEEN + 3]);
            assert_true((scores[SEEN] > scores[SEEN + 1]) == (u % 2 == 0));
        }
        pal_arena_release(&arena);
        pal_model_free(model);
    }
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

/* Words that only new items have must not change what is learned. */
static void what_only_new_items_have_is_not_learned(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    camps(ctx, &log);
    pal_model *models[2];
    pal_catalog catalogs[2];
    for (int32_t m = 0; m < 2; m++) {
        support_catalog_make(ctx, &log, &catalogs[m]);
        const char **cells = (const char **)(uintptr_t)catalogs[m].columns[0].cells;
        for (int32_t i = SEEN; m && i < SEEN + NEW; i++) cells[i] = "only new";
        pal_ids_release(&catalogs[m].columns[0].vocabulary);
        catalogs[m].n_columns = 1;
        catalogs[m].columns[0].type = PAL_FEATURE_UNKNOWN;
        assert_int_equal(pal_catalog_settle(ctx, &catalogs[m], "items", "camp=token"), PAL_OK);
        pal_train_input input = input_of(&log, &catalogs[m]);
        models[m] = support_train(ctx, "item_features epochs=5", &input);
    }
    const pal_sums_state *a = models[0]->state, *b = models[1]->state;
    assert_int_equal(a->feature_range[1], b->feature_range[1]);
    assert_memory_equal(a->items, b->items, SEEN * 64 * sizeof(float));
    assert_memory_not_equal(a->items + SEEN * 64, b->items + SEEN * 64, sizeof(float) * 64);
    for (int32_t m = 0; m < 2; m++) {
        pal_model_free(models[m]);
        pal_catalog_release(&catalogs[m]);
    }
    support_log_release(&log);
    support_close(ctx);
}

/* --- explanations --- */

static void reasons_name_features_and_sum_to_the_score(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog catalog;
    pal_arena arena = {0};
    camps(ctx, &log);
    support_catalog_make(ctx, &log, &catalog);
    pal_train_input input = input_of(&log, &catalog);
    const char *const specs[] = {"item_features epochs=30", "fm epochs=30",
                                 "fm epochs=30 loss=squared"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_model *model = support_train(ctx, specs[i], &input);
        for (int32_t item = 0; item < SEEN + NEW; item += 7) {
            pal_query query = pal_query_of_user(model, item % USERS);
            pal_explanation found;
            assert_int_equal(pal_explain(ctx, model, &query, item, &arena, &found), PAL_OK);
            double sum = 0;
            bool names_camp = false, names_used = false;
            for (int32_t r = 0; r < found.n; r++) {
                sum += found.reasons[r].amount;
                const char *what = found.reasons[r].what;
                names_camp |= what && !strcmp(what, item % 2 ? "camp: odd" : "camp: even");
                names_used |= found.reasons[r].item >= 0;
            }
            assert_true(found.is_sum && fabs(sum - found.score) < 1e-4 * (1 + fabs(sum)));
            assert_true(i == 0 ? names_camp : names_used);
        }
        pal_model_free(model);
    }
    pal_arena_release(&arena);
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_close(ctx);
}

/* --- profiles --- */

/* Profiles of users that tell the camp, an age that does not, and interests. */
static void people_of_camps(pal_ctx *ctx, const support_log *log, pal_catalog *out) {
    enum { COLUMNS = 3 };
    memset(out, 0, sizeof *out);
    out->title = -1;
    out->columns = PAL_ARENA_ARRAY(&out->arena, pal_column, COLUMNS);
    const char **cells[COLUMNS];
    for (int32_t c = 0; c < COLUMNS; c++) {
        cells[c] = PAL_ARENA_ARRAY(&out->arena, const char *, USERS);
        assert_non_null(cells[c]);
    }
    for (int32_t u = 0; u < USERS; u++) {
        char age[8];
        const char *id = pal_ids_at(&log->users, u);
        snprintf(age, sizeof age, "%d", 20 + u / 2);
        assert_int_equal(pal_ids_add(&out->ids, id, strlen(id)), u);
        cells[0][u] = u % 2 ? "Lyon" : "Bern";
        cells[1][u] = u == 8 ? "" : pal_arena_text(&out->arena, age, strlen(age));
        cells[2][u] = u % 3 ? "chess|tea" : "tea";
    }
    static const char *const names[COLUMNS] = {"home_city", "age", "likes"};
    for (int32_t c = 0; c < COLUMNS; c++) {
        strcpy(out->columns[c].name, names[c]);
        out->columns[c].cells = cells[c];
    }
    out->n_columns = COLUMNS;
    assert_int_equal(pal_catalog_settle(ctx, out, "users", "home_city=token,age=number,likes=set"),
                     PAL_OK);
}

typedef struct {
    int32_t n, features[16];
    float weights[16];
} told_entries;

static void take_entry(void *arg, int32_t field, int32_t feature, float weight) {
    told_entries *told = arg;
    (void)field;
    assert_true(told->n < 16);
    told->features[told->n] = feature;
    told->weights[told->n++] = weight;
}

/* Cells are encoded as the rows of the table were, also by what a file keeps. */
static void cells_are_encoded_as_rows(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_catalog people;
    pal_arena arena = {0};
    pal_fields fields;
    pal_profile_code code = {0};
    camps(ctx, &log);
    people_of_camps(ctx, &log, &people);
    assert_int_equal(pal_fields_make(ctx, &people, &log.users, USERS, USERS, &arena, &fields),
                     PAL_OK);
    assert_int_equal(pal_profile_code_keep(ctx, "a test", &fields, &arena, &code), PAL_OK);
    assert_int_equal(pal_profile_code_prepare(ctx, "a test", &arena, &code), PAL_OK);
    for (int32_t u = 0; u < USERS; u++) {
        const pal_profile_cell cells[] = {{"likes", people.columns[2].cells[u]},
                                          {"Home-City", people.columns[0].cells[u]},
                                          {"age", people.columns[1].cells[u]},
                                          {"shoes", "44"}};
        const pal_query query = {.n_profile = 4, .profile = cells};
        told_entries told = {0};
        const int32_t *features;
        const float *weights;
        pal_profile_each(&code, &query, take_entry, &told);
        assert_int_equal(pal_fields_all(&fields, u, &features, &weights), told.n);
        assert_memory_equal(features, told.features, (size_t)told.n * sizeof *features);
        assert_memory_equal(weights, told.weights, (size_t)told.n * sizeof *weights);
        assert_true(pal_profile_answers(&code, &query));
    }
    const pal_profile_cell strange[] = {{"home_city", "Lyons"}, {"age", "old"}, {"likes", "|"}};
    const pal_query nothing = {.n_profile = 3, .profile = strange};
    assert_false(pal_profile_answers(&code, &nothing));
    told_entries told = {0};
    pal_profile_each(&code, &nothing, take_entry, &told);
    assert_int_equal(told.n, 3);
    assert_memory_equal(told.features, fields.missing, sizeof(int32_t) * 3);
    code.sorted = NULL;
    code.field_starts[1]++; /* of a damaged file */
    assert_int_equal(pal_profile_code_prepare(ctx, "a test", &arena, &code), PAL_EFORMAT);
    pal_arena_release(&arena);
    pal_catalog_release(&people);
    support_log_release(&log);
    support_close(ctx);
}

/* How many of the strangers' best five items are of camp `odd`. */
static int32_t count_odd(pal_ctx *ctx, const pal_model *model, const pal_query *query) {
    pal_arena arena = {0};
    pal_lists lists;
    const pal_rank_options options = {.k = 5};
    assert_int_equal(pal_rank(ctx, model, query, 1, &options, &arena, &lists), PAL_OK);
    int32_t n = 0;
    for (int32_t i = 0; i < lists.counts[0]; i++) n += lists.items[i] % 2;
    assert_false(lists.fallback[0]);
    pal_arena_release(&arena);
    return n;
}

/* A stranger is answered by what he is; reasons name his cells; a file gives back the same. */
static void profiles_answer_strangers(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog people;
    pal_arena arena = {0};
    camps(ctx, &log);
    people_of_camps(ctx, &log, &people);
    static const char *const specs[] = {"fm epochs=40", "fm epochs=60 loss=squared",
                                        "item_features epochs=40"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_train_input input = {.log = &log.log, .users = &people};
        pal_model *model = support_train(ctx, specs[i], &input), *loaded = NULL;
        pal_container container = {0};
        assert_int_equal(pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container), PAL_OK);
        assert_int_equal(pal_model_restore(ctx, &container, &loaded), PAL_OK);
        pal_container_release(&container);
        for (int32_t odd = 0; odd < 2; odd++) {
            const pal_profile_cell cell = {"home_city", odd ? "Lyon" : "Bern"};
            const int32_t used[] = {odd, 2 + odd};
            pal_query query = {.n_profile = 1, .profile = &cell};
            if (i != 1) assert_int_equal(count_odd(ctx, model, &query), 5 * odd);
            if (i != 1) assert_int_equal(count_odd(ctx, loaded, &query), 5 * odd);
            for (query.n_events = 0; query.n_events <= 2; query.n_events += 2) {
                pal_explanation found, again;
                query.items = used;
                double sum = 0;
                bool names_cell = false;
                assert_int_equal(pal_explain(ctx, model, &query, 10, &arena, &found), PAL_OK);
                assert_int_equal(pal_explain(ctx, loaded, &query, 10, &arena, &again), PAL_OK);
                assert_memory_equal(&found.score, &again.score, sizeof found.score);
                for (int32_t r = 0; r < found.n; r++) {
                    const char *what = found.reasons[r].what;
                    sum += found.reasons[r].amount;
                    names_cell |=
                        what && !strcmp(what, odd ? "home_city: Lyon" : "home_city: Bern");
                }
                assert_true(found.is_sum && fabs(sum - found.score) < 1e-4 * (1 + fabs(sum)));
                assert_true(names_cell || i == 2);
            }
        }
        pal_model_free(model);
        pal_model_free(loaded);
    }
    pal_arena_release(&arena);
    pal_catalog_release(&people);
    support_log_release(&log);
    support_close(ctx);
}

/* --- values --- */

static void squared_loss_predicts_values(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_log log;
    camps(ctx, &log);
    pal_train_input input = {.log = &log.log};
    pal_model *model = support_train(ctx, "fm loss=squared epochs=100", &input);
    assert_true(pal_model_predicts_values(model));
    pal_arena arena = {0};
    double off = 0, n = 0;
    for (int32_t u = 0; u < USERS; u++) {
        pal_query query = pal_query_of_user(model, u);
        float scores[SEEN];
        void *scratch = pal_arena_alloc(
            &arena, (int64_t)model->kind->scratch_bytes(model->params, model->state, 1), 1);
        model->kind->score(model->params, model->state, &query, 1, scratch, scores);
        for (int32_t e = 0; e < query.n_events; e++) {
            double d = (double)scores[query.items[e]] - (double)query.values[e];
            off += d * d;
            n++;
        }
    }
    if (!(sqrt(off / n) < 0.8)) fail_msg("off by %g", sqrt(off / n));
    pal_arena_release(&arena);
    pal_model_free(model);
    model = support_train(ctx, "fm epochs=2", &input);
    assert_false(pal_model_predicts_values(model));
    pal_model_free(model);
    pal_log without = log.log;
    without.values = NULL;
    input.log = &without;
    assert_int_equal(pal_model_train(ctx, "fm loss=squared", &input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "loss=bpr"));
    support_log_release(&log);
    support_close(ctx);
}

/* --- catalogs that do not help --- */

/* A catalog that knows the first n_known items of the log, and others: all are listed. */
static void check_catalog_knows(int32_t n_known) {
    const char *const specs[] = {"fm epochs=30", "item_features epochs=30"};
    pal_ctx *ctx = support_open(1);
    support_log log, other;
    pal_catalog catalog;
    camps(ctx, &log);
    camps(ctx, &other);
    pal_ids_release(&other.items);
    for (int32_t i = 0; i < SEEN; i++) {
        char id[16];
        snprintf(id, sizeof id, i < n_known ? "i%d" : "x%d", (int)i);
        pal_ids_add(&other.items, id, strlen(id));
    }
    support_catalog_make(ctx, &other, &catalog);
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        pal_train_input input = input_of(&log, &catalog);
        pal_model *model = support_train(ctx, specs[i], &input);
        pal_arena arena = {0};
        pal_lists lists;
        pal_query query = pal_query_of_user(model, 0);
        const pal_rank_options options = {.k = SEEN + NEW, .hide = PAL_HIDE_NONE};
        assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
        assert_int_equal(lists.counts[0], SEEN + NEW);
        for (int32_t r = 0; r < lists.counts[0]; r++) assert_true(isfinite(lists.scores[r]));
        pal_arena_release(&arena);
        pal_model_free(model);
    }
    pal_catalog_release(&catalog);
    support_log_release(&log);
    support_log_release(&other);
    support_close(ctx);
}

static void items_without_features_are_listed(void **state) {
    (void)state;
    check_catalog_knows(0);
    check_catalog_knows(SEEN / 2);
}

typedef struct {
    int32_t n;
    char line[400];
} told_notices;

static void take_notice(void *arg, pal_notice_type type, const char *line) {
    told_notices *told = arg;
    assert_int_equal(type, PAL_NOTICE_WARNING);
    told->n++;
    snprintf(told->line, sizeof told->line, "%s", line);
}

/* Of more columns than there are fields some are left out, and a person is told which, once; words
 * have their place in any case. */
static void columns_too_many_are_told(void **state) {
    (void)state;
    enum { COLUMNS = PAL_FIELDS_MAX + 4 };
    pal_ctx *ctx = support_open(1);
    told_notices notices = {0};
    ctx->notice = take_notice;
    ctx->notice_arg = &notices;
    support_log log;
    pal_catalog things = {.title = -1};
    pal_arena arena = {0};
    pal_fields fields;
    camps(ctx, &log);
    int32_t n = log.items.n;
    things.columns = PAL_ARENA_ARRAY(&things.arena, pal_column, COLUMNS + 1);
    const char **tokens = PAL_ARENA_ARRAY(&things.arena, const char *, n),
               **texts = PAL_ARENA_ARRAY(&things.arena, const char *, n);
    assert_true(things.columns && tokens && texts);
    for (int32_t i = 0; i < n; i++) {
        const char *id = pal_ids_at(&log.items, i);
        assert_int_equal(pal_ids_add(&things.ids, id, strlen(id)), i);
        tokens[i] = i % 2 ? "a" : "b";
        texts[i] = i % 3 ? "a thing of stone and iron" : "a thing of wood and wool";
    }
    pal_text types = {0};
    for (int32_t c = 0; c < COLUMNS; c++) {
        snprintf(things.columns[c].name, sizeof things.columns[c].name, "c%d", (int)c);
        things.columns[c].cells = tokens;
        pal_text_addf(&types, "c%d=token,", (int)c);
    }
    strcpy(things.columns[COLUMNS].name, "about");
    things.columns[COLUMNS].cells = texts;
    things.n_columns = COLUMNS + 1;
    pal_text_add(&types, "about=text");
    assert_int_equal(pal_catalog_settle(ctx, &things, "items", types.bytes), PAL_OK);
    pal_text_release(&types);
    pal_train_input input = {
        .log = &log.log, .items = &things, .n_items = n, .n_seen_items = log.log.n_items};
    for (int32_t turn = 0; turn < 2; turn++) {
        assert_int_equal(pal_fields_make_of_items(ctx, "a test", &input, 100, &arena, &fields),
                         PAL_OK);
        assert_int_equal(fields.n_fields, PAL_FIELDS_MAX);
        assert_null(fields.columns[PAL_FIELDS_MAX - 1]);
        assert_int_equal(notices.n, 1);
        assert_non_null(strstr(notices.line, "left out are 'c23', 'c24', 'c25' and 2 more"));
    }
    assert_int_equal(pal_fields_make_of_items(ctx, "a test", &input, 0, &arena, &fields), PAL_OK);
    assert_int_equal(fields.n_fields, PAL_FIELDS_MAX);
    assert_ptr_equal(fields.columns[PAL_FIELDS_MAX - 1], &things.columns[PAL_FIELDS_MAX - 1]);
    assert_int_equal(notices.n, 2);
    pal_arena_release(&arena);
    pal_catalog_release(&things);
    support_log_release(&log);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_loss),
        cmocka_unit_test(losses_fall),
        cmocka_unit_test(new_items_are_told_by_their_features_alone),
        cmocka_unit_test(what_only_new_items_have_is_not_learned),
        cmocka_unit_test(reasons_name_features_and_sum_to_the_score),
        cmocka_unit_test(columns_too_many_are_told),
        cmocka_unit_test(cells_are_encoded_as_rows),
        cmocka_unit_test(profiles_answer_strangers),
        cmocka_unit_test(squared_loss_predicts_values),
        cmocka_unit_test(items_without_features_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
