/* test_conformance.c - what every kind promises, through the interface alone: a loop over all kinds
 * and a battery of checks. */
#include "support.h"

#include <math.h>

#include "models/explain.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"
#include "specs.h"

typedef void kind_check(const pal_kind *kind);

static void each_kind(kind_check *check) {
    for (int32_t k = 0; pal_kinds[k]; k++) {
        print_message("  %s\n", pal_kinds[k]->name);
        check(pal_kinds[k]);
    }
}

static const char *spec_of(const pal_kind *kind) {
    static char spec[120];
    spec_of_kind(kind, "popular > item_knn", "popular, item_knn", "item_knn", "", spec,
                 sizeof spec);
    return spec;
}

/* Where it does not matter how much was learned, networks go few times over the log. */
static const char *brief_of(const pal_kind *kind) {
    static char spec[160];
    bool is_long = !strcmp(kind->family, "neural") && pal_param_find(kind->params, "epochs");
    snprintf(spec, sizeof spec, "%s%s", spec_of(kind), is_long ? " epochs=4" : "");
    return spec;
}

/* --- logs --- */

/* Two camps of users and of items; everybody lacks one item of his camp. */
enum { CAMP = 8 };

static void checkerboard(pal_ctx *ctx, support_log *out) {
    static int32_t users[4 * CAMP * CAMP], items[4 * CAMP * CAMP];
    static int64_t times[4 * CAMP * CAMP];
    static float values[4 * CAMP * CAMP];
    int64_t n = 0;
    for (int32_t u = 0; u < 2 * CAMP; u++) {
        /* In a circle from the withheld item on: it is also what comes next. */
        for (int32_t step = 1; step < CAMP; step++) {
            users[n] = u;
            items[n] = (u / 2 + step) % CAMP * 2 + u % 2;
            values[n] = 4;
            times[n] = 1000 + n;
            n++;
        }
    }
    support_log_make(ctx, out, 2 * CAMP, 2 * CAMP, n, users, items, times, values);
}

/* With features of the items, for kinds that need some. */
static pal_status try_train(pal_ctx *ctx, const char *spec, const support_log *log,
                            pal_model **out) {
    pal_catalog catalog;
    support_catalog_make(ctx, log, &catalog);
    pal_train_input input = {.log = &log->log, .items = &catalog};
    pal_status status = pal_model_train(ctx, spec, &input, out);
    if (status == PAL_OK) (*out)->items = NULL; /* ends with this function */
    pal_catalog_release(&catalog);
    return status;
}

static pal_model *train(pal_ctx *ctx, const char *spec, const support_log *log) {
    pal_model *model = NULL;
    if (try_train(ctx, spec, log, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    return model;
}

static pal_lists rank_all(pal_ctx *ctx, const pal_model *model, int32_t k, pal_arena *arena) {
    int32_t n = model->log->n_users;
    pal_query *queries = PAL_ARENA_ARRAY(arena, pal_query, n);
    for (int32_t u = 0; u < n; u++) queries[u] = pal_query_of_user(model, u);
    pal_lists lists;
    assert_int_equal(pal_rank(ctx, model, queries, n, &(pal_rank_options){.k = k}, arena, &lists),
                     PAL_OK);
    return lists;
}

/* --- checks --- */

#ifndef __SANITIZE_THREAD__
static bool is_personal(const pal_kind *kind) {
    return !(kind->traits & (PAL_SCORES_STRANGERS | PAL_REPEATS));
}

static void check_withheld_item_comes_first(const pal_kind *kind) {
    if (!is_personal(kind)) return;
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    char spec[192]; /* so few events take many passes */
    bool has_epochs = pal_param_find(kind->params, "epochs") != NULL;
    snprintf(spec, sizeof spec, "%s%s", spec_of(kind),
             !has_epochs                        ? ""
             : !strcmp(kind->family, "neural")  ? " epochs=600 tolerance=0"
             : !strcmp(kind->family, "content") ? " epochs=1000 tolerance=0"
                                                : " epochs=300 tolerance=0");
    pal_model *model = train(ctx, spec, &log);
    pal_lists lists = rank_all(ctx, model, 3, &arena);
    for (int32_t u = 0; u < lists.n; u++) assert_int_equal(lists.items[u * 3], u / 2 * 2 + u % 2);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}
#endif

/* Reasons add up to the score wherever a kind gives its own; events taken out are listed else. */
static void check_reasons_add_up(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log);
    for (int32_t user = 0; user < log.log.n_users; user += 5) {
        pal_query known = pal_query_of_user(model, user), history = known;
        history.user_plus_1 = 0;
        history.n_events -= 2;
        const pal_query queries[] = {known, history, {0}};
        for (int32_t q = 0; q < 3; q++) {
            pal_explanation found;
            assert_int_equal(pal_explain(ctx, model, &queries[q], user, &arena, &found), PAL_OK);
            double sum = 0;
            for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
            if (found.is_sum) assert_true(fabs(sum - found.score) <= 1e-5 * (1 + fabs(sum)));
            assert_true(found.is_sum || q == 2 || found.n > 0);
        }
    }
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* What the person used comes first for kinds that repeat. */
static void check_own_items_come_first(const pal_kind *kind) {
    if (!(kind->traits & PAL_REPEATS)) return;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log);
    pal_query query = pal_query_of_user(model, 3);
    pal_lists lists;
    pal_rank_options options = {.k = 2 * CAMP, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
    for (int32_t i = 0; i < query.n_events; i++) assert_int_equal(lists.items[i] % 2, 1);
    for (int32_t i = 0; i < query.n_events; i++) assert_int_not_equal(lists.items[i], 3);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_batch_is_single(const pal_kind *kind) {
    pal_ctx *ctx = support_open(3);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log);
    pal_lists batch = rank_all(ctx, model, 10, &arena);
    for (int32_t u = 0; u < batch.n; u++) {
        pal_query query = pal_query_of_user(model, u);
        pal_lists single;
        assert_int_equal(
            pal_rank(ctx, model, &query, 1, &(pal_rank_options){.k = 10}, &arena, &single), PAL_OK);
        assert_int_equal(single.counts[0], batch.counts[u]);
        assert_memory_equal(single.items, batch.items + u * batch.k,
                            (size_t)batch.k * sizeof *single.items);
        assert_memory_equal(single.scores, batch.scores + u * batch.k,
                            (size_t)batch.k * sizeof *single.scores);
    }
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static char *file_bytes(pal_ctx *ctx, const pal_model *model, size_t *n) {
    char path[] = "/tmp/palate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    FILE *file = fopen(path, "rb");
    char *bytes = aligned_alloc(64, 1 << 23);
    *n = fread(bytes, 1, 1 << 23, file);
    fclose(file);
    unlink(path);
    return bytes;
}

static void check_save_load_is_exact(const pal_kind *kind) {
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log), *loaded;
    size_t n, n_again;
    char *bytes = file_bytes(ctx, model, &n);
    if (pal_model_parse(ctx, "a test", bytes, n, &loaded) != PAL_OK) fail_msg("%s", ctx->error);
    char *again = file_bytes(ctx, loaded, &n_again);
    assert_int_equal(n, n_again);
    assert_memory_equal(bytes, again, n);
    pal_lists before = rank_all(ctx, model, 10, &arena), after = rank_all(ctx, loaded, 10, &arena);
    assert_memory_equal(before.items, after.items,
                        (size_t)(before.n * before.k) * sizeof *before.items);
    assert_memory_equal(before.scores, after.scores,
                        (size_t)(before.n * before.k) * sizeof *before.scores);
    free(bytes);
    free(again);
    pal_model_free(model);
    pal_model_free(loaded);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_threads_do_not_matter(const pal_kind *kind) {
    char *first = NULL;
    size_t n_first = 0;
    for (int32_t threads = 1; threads <= 3; threads++) {
        pal_ctx *ctx = support_open(threads);
        support_log log;
        checkerboard(ctx, &log);
        pal_model *model = train(ctx, brief_of(kind), &log);
        size_t n;
        char *bytes = file_bytes(ctx, model, &n);
        if (first) {
            assert_int_equal(n, n_first);
            assert_memory_equal(bytes, first, n);
            free(bytes);
        } else {
            first = bytes;
            n_first = n;
        }
        pal_model_free(model);
        support_log_release(&log);
        support_close(ctx);
    }
    free(first);
}

/* A cut, a flipped bit: a sentence and no crash. */
static void check_damaged_files_are_refused(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log), *loaded;
    size_t n;
    char *bytes = file_bytes(ctx, model, &n);
    for (size_t at = 0; at < n; at += 1 + n / 211) {
        assert_int_not_equal(pal_model_parse(ctx, "a test", bytes, at, &loaded), PAL_OK);
        bytes[at] = (char)(bytes[at] ^ 4);
        assert_int_not_equal(pal_model_parse(ctx, "a test", bytes, n, &loaded), PAL_OK);
        bytes[at] = (char)(bytes[at] ^ 4);
        assert_true(strlen(ctx->error) > 10);
    }
    free(bytes);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void check_strangers_get_a_list(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log);
    const int32_t unknown[] = {500, 16};
    pal_query queries[] = {{0}, {.n_events = 2, .items = unknown}};
    pal_lists lists;
    assert_int_equal(pal_rank(ctx, model, queries, 2, &(pal_rank_options){.k = 5}, &arena, &lists),
                     PAL_OK);
    for (int32_t q = 0; q < 2; q++) {
        assert_int_equal(lists.counts[q], 5);
        assert_int_equal(lists.fallback[q],
                         kind->traits & PAL_IS_CONTROL ? PAL_BY_ITSELF : PAL_BY_POPULARITY);
    }
    if (!(kind->traits & PAL_IS_CONTROL)) {
        assert_int_equal(pal_rank(ctx, model, queries, 2,
                                  &(pal_rank_options){.k = 5, .use = PAL_FALLBACK_NONE}, &arena,
                                  &lists),
                         PAL_OK);
        assert_int_equal(lists.counts[0], 0);
    }
    /* Part of the history is known: the list comes from that part. */
    const int32_t half_known[] = {0, 500, 2, 4};
    pal_query half = {.n_events = 4, .items = half_known};
    assert_int_equal(pal_rank(ctx, model, &half, 1, &(pal_rank_options){.k = 5}, &arena, &lists),
                     PAL_OK);
    assert_int_equal(lists.fallback[0], 0);
    for (int32_t i = 0; i < lists.counts[0]; i++) {
        assert_int_not_equal(lists.items[i], 0);
        assert_int_not_equal(lists.items[i], 2);
    }
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_excluded_items_are_not_listed(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, brief_of(kind), &log);
    uint8_t excluded[2 * CAMP] = {0};
    for (int32_t i = 0; i < 2 * CAMP; i++) excluded[i] = i != 3;
    pal_query query = {0};
    pal_lists lists;
    assert_int_equal(pal_rank(ctx, model, &query, 1,
                              &(pal_rank_options){.k = 5, .excluded = excluded}, &arena, &lists),
                     PAL_OK);
    assert_int_equal(lists.counts[0], 1);
    assert_int_equal(lists.items[0], 3);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_smallest_log(const pal_kind *kind) {
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    const int32_t zero[] = {0};
    const int64_t time[] = {5};
    support_log_make(ctx, &log, 1, 1, 1, zero, zero, time, (const float[]){3});
    pal_model *model = train(ctx, brief_of(kind), &log);
    pal_lists lists = rank_all(ctx, model, 10, &arena);
    assert_int_equal(lists.counts[0], 0); /* all is seen */
    pal_query stranger = {0};
    assert_int_equal(
        pal_rank(ctx, model, &stranger, 1, &(pal_rank_options){.k = 10}, &arena, &lists), PAL_OK);
    assert_int_equal(lists.counts[0], 1);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_huge_weights(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    float *weights = PAL_ARENA_ARRAY(&arena, float, log.log.n_events);
    for (int64_t e = 0; e < log.log.n_events; e++) weights[e] = e % 3 ? 1e-20f : 1e6f;
    log.log.weights = weights;
    pal_model *model = train(ctx, brief_of(kind), &log);
    pal_lists lists = rank_all(ctx, model, 5, &arena);
    for (int32_t i = 0; i < lists.n * lists.k; i++) assert_false(isnan(lists.scores[i]));
    pal_model_free(model);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

static void check_options_out_of_range_are_refused(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    for (const pal_param *row = kind->params; row->name; row++) {
        char spec[128];
        const pal_kind *found;
        void *params;
        if (row->type == PAL_PARAM_TEXT) continue; /* any text is one */
        snprintf(spec, sizeof spec, "%s %s=surely-wrong", kind->name, row->name);
        assert_int_equal(pal_kind_parse(ctx, spec, &arena, &found, &params), PAL_EUSAGE);
        assert_non_null(strstr(ctx->error, row->name));
        if (row->min == 0 && row->max == 0) continue;
        snprintf(spec, sizeof spec, "%s %s=-1e9", kind->name, row->name);
        assert_int_equal(pal_kind_parse(ctx, spec, &arena, &found, &params), PAL_EUSAGE);
    }
    pal_arena_release(&arena);
    support_close(ctx);
}

static void check_spec_reads_back(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    checkerboard(ctx, &log);
    pal_model *model = train(ctx, spec_of(kind), &log), *again = train(ctx, model->spec, &log);
    assert_string_equal(model->spec, again->spec);
    assert_string_equal(model->spec, spec_of(kind)); /* defaults go without saying */
    assert_true(strlen(kind->summary) > 10 && strlen(kind->paper) > 0);
    pal_model_free(model);
    pal_model_free(again);
    support_log_release(&log);
    support_close(ctx);
}

static void check_stops_when_asked(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    checkerboard(ctx, &log);
    atomic_store(&ctx->cancelled, true);
    pal_model *model = NULL;
    pal_status status = try_train(ctx, brief_of(kind), &log, &model);
    assert_true(status == PAL_OK || status == PAL_ECANCELLED);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

static void check_needs_are_said(const pal_kind *kind) {
    pal_ctx *ctx = support_open(1);
    support_log log;
    const int32_t users[] = {0, 1}, items[] = {0, 1};
    support_log_make(ctx, &log, 2, 2, 2, users, items, NULL, NULL);
    pal_model *model = NULL;
    pal_status status =
        pal_model_train(ctx, brief_of(kind), &(pal_train_input){.log = &log.log}, &model);
    bool needs = kind->traits & (PAL_NEEDS_TIME | PAL_NEEDS_VALUES | PAL_NEEDS_CATALOG);
    assert_int_equal(status, needs ? PAL_EDATA : PAL_OK);
    pal_model_free(model);
    support_log_release(&log);
    support_close(ctx);
}

/* Two items that only the catalog knows, one of each camp: listed by kinds that say so, the right
 * one first where the kind looks at the person; by no other. */
static void check_new_items_are_listed_by_their_features(const pal_kind *kind) {
    enum { SEEN = 2 * CAMP };
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    assert_int_equal(pal_ids_add(&log.items, "new even", 8), SEEN);
    assert_int_equal(pal_ids_add(&log.items, "new odd", 7), SEEN + 1);
    pal_catalog catalog;
    support_catalog_make(ctx, &log, &catalog);
    pal_train_input input = {.log = &log.log, .items = &catalog, .n_items = SEEN + 2};
    pal_model *model = NULL, *loaded = NULL;
    assert_int_equal(pal_model_train(ctx, brief_of(kind), &input, &model), PAL_OK);
    bool does = pal_model_scores_new_items(model);
    assert_int_equal(model->n_seen_items, SEEN);
    assert_int_equal(model->log->n_items, kind->traits & PAL_SCORES_NEW_ITEMS ? SEEN + 2 : SEEN);
    assert_int_equal(pal_model_keep(ctx, model), PAL_OK);
    char path[] = "new_items_XXXXXX.palate";
    close(mkstemps(path, 7));
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    assert_int_equal(pal_model_load(ctx, path, &loaded), PAL_OK);
    remove(path);
    for (int32_t user = 0; user < log.log.n_users; user++) {
        pal_query query = pal_query_of_user(model, user);
        const pal_rank_options options = {.k = 4, .first_item = SEEN};
        pal_lists lists, again;
        assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
        assert_int_equal(pal_rank(ctx, loaded, &query, 1, &options, &arena, &again), PAL_OK);
        assert_int_equal(lists.counts[0], does ? 2 : 0);
        assert_int_equal(again.counts[0], lists.counts[0]);
        assert_memory_equal(again.items, lists.items, (size_t)lists.k * sizeof *lists.items);
        assert_memory_equal(again.scores, lists.scores, (size_t)lists.k * sizeof *lists.scores);
        if (does && !(kind->traits & PAL_IS_CONTROL))
            assert_int_equal(lists.items[0], SEEN + user % 2);
    }
    pal_model_free(model);
    pal_model_free(loaded);
    pal_catalog_release(&catalog);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

#define CONFORMANCE(name)                                                                          \
    static void name(void **state) {                                                               \
        (void)state;                                                                               \
        each_kind(check_##name);                                                                   \
    }
#ifndef __SANITIZE_THREAD__
CONFORMANCE(withheld_item_comes_first)
#endif
CONFORMANCE(reasons_add_up)
CONFORMANCE(own_items_come_first)
CONFORMANCE(batch_is_single)
CONFORMANCE(save_load_is_exact)
CONFORMANCE(threads_do_not_matter)
CONFORMANCE(damaged_files_are_refused)
CONFORMANCE(strangers_get_a_list)
CONFORMANCE(excluded_items_are_not_listed)
CONFORMANCE(smallest_log)
CONFORMANCE(huge_weights)
CONFORMANCE(options_out_of_range_are_refused)
CONFORMANCE(spec_reads_back)
CONFORMANCE(stops_when_asked)
CONFORMANCE(needs_are_said)
CONFORMANCE(new_items_are_listed_by_their_features)

static void unknown_kinds_are_answered_with_the_nearest(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    const pal_kind *kind;
    void *params;
    assert_int_equal(pal_kind_parse(ctx, "item_nkn k=5", &arena, &kind, &params), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "item_knn"));
    assert_int_equal(pal_kind_parse(ctx, "ease l3=5", &arena, &kind, &params), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "l2"));
    pal_arena_release(&arena);
    support_close(ctx);
}

/* Weights of events change what a kind learns unless it says that it ignores them. */
static void check_weights_matter_as_told(const pal_kind *kind) {
    if (kind->traits & PAL_IS_CONTROL) return;
    pal_ctx *ctx = support_open(1);
    support_log log;
    pal_arena arena = {0};
    checkerboard(ctx, &log);
    float *weights = PAL_ARENA_ARRAY(&arena, float, log.log.n_events);
    assert_non_null(weights);
    for (int64_t e = 0; e < log.log.n_events; e++) weights[e] = (float)(1 + e % 3);
    support_log weighed = log;
    weighed.log.weights = weights;
    pal_model *plain = train(ctx, brief_of(kind), &log),
              *other = train(ctx, brief_of(kind), &weighed);
    pal_lists a = rank_all(ctx, plain, 5, &arena), b = rank_all(ctx, other, 5, &arena);
    bool same = !memcmp(a.scores, b.scores, (size_t)a.n * (size_t)a.k * sizeof *a.scores);
    assert_int_equal(same, (kind->traits & PAL_IGNORES_WEIGHTS) != 0);
    pal_model_free(plain);
    pal_model_free(other);
    pal_arena_release(&arena);
    support_log_release(&log);
    support_close(ctx);
}

/* Rows of new items come in an order that tells the test: equal scores are listed by ids instead.
 */
static void equal_new_items_are_in_no_order_of_the_log(void **state) {
    (void)state;
    enum { SEEN = 2 * CAMP, NEW = 10 };
    char listed[2][NEW][8];
    for (int32_t turn = 0; turn < 2; turn++) {
        pal_ctx *ctx = support_open(1);
        support_log log;
        pal_arena arena = {0};
        checkerboard(ctx, &log);
        for (int32_t i = 0; i < NEW; i++) {
            char id[8];
            snprintf(id, sizeof id, "new%d", turn ? NEW - 1 - i : i);
            assert_int_equal(pal_ids_add(&log.items, id, strlen(id)), SEEN + i);
        }
        pal_catalog catalog;
        support_catalog_make(ctx, &log, &catalog);
        pal_train_input input = {.log = &log.log, .items = &catalog, .n_items = SEEN + NEW};
        pal_model *model = NULL;
        assert_int_equal(pal_model_train(ctx, "feature_count", &input, &model), PAL_OK);
        pal_query query = pal_query_of_user(model, 0);
        pal_lists lists;
        const pal_rank_options options = {.k = NEW, .first_item = SEEN};
        assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
        assert_int_equal(lists.counts[0], NEW);
        for (int32_t i = 0; i < NEW; i++)
            snprintf(listed[turn][i], sizeof listed[turn][i], "%s",
                     pal_ids_at(&log.items, lists.items[i]));
        pal_model_free(model);
        pal_catalog_release(&catalog);
        pal_arena_release(&arena);
        support_log_release(&log);
        support_close(ctx);
    }
    for (int32_t i = 0; i < NEW; i++) assert_string_equal(listed[0][i], listed[1][i]);
}

static void weights_matter_as_told(void **state) {
    (void)state;
    each_kind(check_weights_matter_as_told);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_THREAD__ /* looks at what hundreds of epochs learned, ten times slower there */
        cmocka_unit_test(withheld_item_comes_first),
#endif
        cmocka_unit_test(reasons_add_up),
        cmocka_unit_test(own_items_come_first),
        cmocka_unit_test(batch_is_single),
        cmocka_unit_test(save_load_is_exact),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(strangers_get_a_list),
        cmocka_unit_test(excluded_items_are_not_listed),
        cmocka_unit_test(smallest_log),
        cmocka_unit_test(huge_weights),
        cmocka_unit_test(weights_matter_as_told),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(spec_reads_back),
        cmocka_unit_test(stops_when_asked),
        cmocka_unit_test(needs_are_said),
        cmocka_unit_test(new_items_are_listed_by_their_features),
        cmocka_unit_test(equal_new_items_are_in_no_order_of_the_log),
        cmocka_unit_test(unknown_kinds_are_answered_with_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
