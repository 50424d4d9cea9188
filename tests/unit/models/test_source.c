/* test_source.c - what surrounds a kind that learns from a second domain: what it is trained with,
 * asked, explained by, keeps and stores. The kind counts who used what in both. */
#include "support_source.h"

#include <math.h>

#include "models/explain.h"
#include "models/rank.h"
#include "models/train.h"

/* --- a kind that counts --- */

typedef struct {
    bool use_source;
} count_params;

typedef struct {
    int32_t n_items, n_there;
    float *counts; /* [n_there, n_items] people who used both */
} count_state;

static int n_sources_seen; /* by fit, since the last reset */

static const pal_param count_table[] = {{.name = "source",
                                         .type = PAL_PARAM_FLAG,
                                         .offset = offsetof(count_params, use_source),
                                         .initial = "true",
                                         .help = "learn from it"},
                                        {0}};

static pal_status count_fit(pal_ctx *ctx, const void *params, const pal_train_input *train,
                            pal_arena *arena, pal_arena *scratch, void *state) {
    (void)params;
    count_state *s = state;
    const pal_source *source = train->source;
    n_sources_seen += source != NULL;
    s->n_items = train->log->n_items;
    s->n_there = source ? source->log->n_items : 1;
    s->counts = PAL_ARENA_ARRAY(arena, float, (int64_t)s->n_there * s->n_items);
    assert_non_null(s->counts);
    if (!source) return PAL_OK;
    const int32_t *rows;
    TRY(pal_source_user_rows(ctx, source, train->log, scratch, &rows));
    for (int32_t u = 0; u < source->log->n_users; u++) {
        if (rows[u] < 0) continue;
        for (int64_t e = source->log->starts[u]; e < source->log->starts[u + 1]; e++) {
            for (int64_t f = train->log->starts[rows[u]]; f < train->log->starts[rows[u] + 1]; f++)
                s->counts[source->log->items[e] * s->n_items + train->log->items[f]] += 1;
        }
    }
    return PAL_OK;
}

static void count_score(const void *params, const void *state, const pal_query *queries,
                        int32_t n_queries, void *scratch, float *scores) {
    (void)params;
    (void)scratch;
    const count_state *s = state;
    for (int32_t q = 0; q < n_queries; q++) {
        float *out = scores + (int64_t)q * s->n_items;
        for (int32_t i = 0; i < s->n_items; i++) out[i] = queries[q].source_user_plus_1 ? 0.25f : 0;
        for (int32_t e = 0; e < queries[q].n_source; e++) {
            assert_true(queries[q].source_items[e] >= 0 && queries[q].source_items[e] < s->n_there);
            float weight = queries[q].source_values ? queries[q].source_values[e] : 1;
            for (int32_t i = 0; i < s->n_items; i++)
                out[i] += weight * s->counts[queries[q].source_items[e] * s->n_items + i];
        }
    }
}

static int32_t count_tensors(const void *params, void *state, int32_t n_users, int32_t n_items,
                             pal_tensor tensors[PAL_TENSORS_MAX]) {
    (void)params;
    (void)n_users;
    count_state *s = state;
    tensors[0] = pal_float_rows("counts", &s->counts, s->n_there, n_items, PAL_ROLE_DATA, NULL);
    return 1;
}

static bool count_answers(const void *params, const void *state, const pal_query *query) {
    (void)params;
    (void)state;
    return query->n_source > 0;
}

static const pal_kind kind_count = {
    .name = "count",
    .family = "transfer",
    .summary = "counts who used what in both domains",
    .traits = PAL_SCORES_NEW_USERS | PAL_USES_SOURCE,
    .params = count_table,
    .params_size = sizeof(count_params),
    .state_size = sizeof(count_state),
    .fit = count_fit,
    .score = count_score,
    .tensors = count_tensors,
    .answers = count_answers,
};

static pal_model *train_count(pal_ctx *ctx, const support_domains *domains, const char *options,
                              bool has_source) {
    pal_train_input input = {.log = &domains->target.log,
                             .source = has_source ? &domains->source : NULL};
    pal_model *model = NULL;
    n_sources_seen = 0;
    assert_int_equal(pal_model_train_kind(ctx, &kind_count, options, &input, &model), PAL_OK);
    return model;
}

/* Somebody whom only the source knows. */
static pal_query query_there(const support_domains *domains, int32_t user) {
    pal_query known = pal_query_of_log(&domains->log.log, user, 0);
    return (pal_query){.source_user_plus_1 = user + 1,
                       .n_source = known.n_events,
                       .source_items = known.items,
                       .source_values = known.values,
                       .source_times = known.times};
}

static pal_lists rank_one(pal_ctx *ctx, const pal_model *model, const pal_query *query,
                          pal_arena *arena) {
    pal_lists lists;
    pal_rank_options options = {.k = SOURCE_HERE, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(ctx, model, query, 1, &options, arena, &lists), PAL_OK);
    return lists;
}

/* --- tests --- */

static void test_whoever_only_the_source_knows_is_answered(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    support_domains domains;
    pal_arena arena = {0};
    support_domains_make(ctx, PAL_SHARED_USERS, &domains);
    pal_model *model = train_count(ctx, &domains, "", true);
    assert_true(model->source == &domains.source && n_sources_seen == 1);
    for (int32_t u = SOURCE_USERS - SOURCE_NEW; u < SOURCE_USERS; u++) {
        pal_query query = query_there(&domains, u);
        pal_lists lists = rank_one(ctx, model, &query, &arena);
        assert_int_equal(lists.fallback[0], 0);
        assert_int_equal(lists.items[0] % 2, u % 2);     /* his camp */
        assert_true(fmodf(lists.scores[0], 1) == 0.25f); /* his row is known */
    }
    pal_query nobody = {0};
    assert_int_equal(rank_one(ctx, model, &nobody, &arena).fallback[0], PAL_BY_POPULARITY);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_domains_release(&domains);
    support_close(ctx);
}

static void test_rows_outside_the_source_are_dropped(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_domains domains;
    pal_arena arena = {0};
    support_domains_make(ctx, PAL_SHARED_USERS, &domains);
    pal_model *model = train_count(ctx, &domains, "", true);
    const int32_t wild[] = {-1, 3, SOURCE_THERE, 1, INT32_MAX}, tame[] = {3, 1};
    const float wild_values[] = {9, 1, 9, 2, 9}, tame_values[] = {1, 2};
    const int64_t times[] = {1, 2, 3, 4, 5};
    pal_query query = {.source_user_plus_1 = 1,
                       .n_source = 5,
                       .source_items = wild,
                       .source_values = wild_values,
                       .source_times = times},
              same = {.n_source = 2, .source_items = tame, .source_values = tame_values};
    pal_lists a = rank_one(ctx, model, &query, &arena), b = rank_one(ctx, model, &same, &arena);
    assert_memory_equal(a.items, b.items, SOURCE_HERE * sizeof *a.items);
    assert_memory_equal(a.scores, b.scores, SOURCE_HERE * sizeof *a.scores);
    assert_true(fmodf(a.scores[0], 1) == 0); /* the history is not all that the source has of him */
    pal_query settled;
    assert_int_equal(pal_query_settle(ctx, model, &query, &arena, &settled), PAL_OK);
    assert_int_equal(settled.n_source, 2);
    assert_int_equal(settled.source_times[1], 4);
    assert_int_equal(settled.source_user_plus_1, 0);
    /* Nothing left: a stranger. */
    query.n_source = 1;
    assert_int_equal(rank_one(ctx, model, &query, &arena).fallback[0], PAL_BY_POPULARITY);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_domains_release(&domains);
    support_close(ctx);
}

static void test_a_twin_never_sees_the_source(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_domains domains;
    pal_arena arena = {0};
    support_domains_make(ctx, PAL_SHARED_USERS, &domains);
    pal_query query = query_there(&domains, SOURCE_USERS - 1);
    for (int32_t without = 0; without < 2; without++) {
        pal_model *model = train_count(ctx, &domains, without ? "" : "source=false", !without);
        assert_null(model->source);
        assert_int_equal(n_sources_seen, 0);
        assert_int_equal(rank_one(ctx, model, &query, &arena).fallback[0], PAL_BY_POPULARITY);
        pal_model_free(model);
    }
    pal_model *model;
    pal_train_input input = {.log = &domains.target.log, .source = &domains.source};
    assert_int_equal(pal_model_train(ctx, "item_knn", &input, &model), PAL_OK);
    assert_null(pal_model_source(model));
    pal_model_free(model);
    pal_arena_release(&arena);
    support_domains_release(&domains);
    support_close(ctx);
}

static void test_a_kept_model_outlives_the_source(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_domains domains;
    pal_arena arena = {0};
    pal_catalog titles;
    support_domains_make(ctx, PAL_SHARED_USERS, &domains);
    support_catalog_make(ctx, &domains.log, &titles);
    titles.title = 1;
    domains.source.items = &titles;
    pal_model *model = train_count(ctx, &domains, "", true);
    pal_query query = query_there(&domains, 5);
    pal_lists before = rank_one(ctx, model, &query, &arena);
    assert_int_equal(pal_model_keep(ctx, model), PAL_OK);
    pal_catalog_release(&titles);
    support_domains_release(&domains);
    assert_true(model->source == &model->own_source.source);
    assert_string_equal(pal_catalog_title(model->source->items, "i3"), "odd thing number 1");
    pal_query known = pal_query_of_log(model->source->log, 5, 0);
    query = (pal_query){.source_user_plus_1 = 6,
                        .n_source = known.n_events,
                        .source_items = known.items,
                        .source_values = known.values};
    pal_lists after = rank_one(ctx, model, &query, &arena);
    assert_memory_equal(before.scores, after.scores, SOURCE_HERE * sizeof *after.scores);
    pal_model_free(model);
    pal_arena_release(&arena);
    support_close(ctx);
}

static void test_events_of_the_source_explain(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_domains domains;
    pal_arena arena = {0};
    support_domains_make(ctx, PAL_SHARED_USERS, &domains);
    pal_model *model = train_count(ctx, &domains, "", true);
    const int32_t used[] = {3, 0, 1, 3};
    pal_query query = {.n_source = 4, .source_items = used};
    pal_lists lists = rank_one(ctx, model, &query, &arena);
    pal_explanation found;
    assert_int_equal(pal_explain(ctx, model, &query, lists.items[0], &arena, &found), PAL_OK);
    assert_int_equal(found.answered, PAL_BY_ITSELF);
    assert_int_equal(found.n, 2); /* 0 is of the other camp and adds nothing */
    double sum = 0;
    for (int32_t r = 0; r < found.n; r++) {
        assert_true(found.reasons[r].is_of_source && found.reasons[r].item % 2 == 1);
        sum += found.reasons[r].amount;
    }
    assert_true(fabs(sum - found.score) < 1e-6); /* counts add up */
    assert_int_equal(found.reasons[0].item, 3);  /* used twice */
    pal_model_free(model);
    pal_arena_release(&arena);
    support_domains_release(&domains);
    support_close(ctx);
}

/* Files name their kind, so that one of the registry stands for it here. */
static void test_a_file_keeps_the_source(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    support_domains domains;
    pal_model *model, *loaded;
    support_domains_make(ctx, PAL_SHARED_ITEMS, &domains);
    pal_train_input input = {.log = &domains.target.log};
    assert_int_equal(pal_model_train(ctx, "item_knn", &input, &model), PAL_OK);
    model->source = &domains.source;
    static const char *const broken[] = {NULL, "sideways", ""};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        pal_container container = {.what = "a test"};
        assert_int_equal(pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container), PAL_OK);
        assert_string_equal(pal_container_get(&container, "source/shared"), "items");
        if (broken[i])
            assert_int_equal(pal_container_set(ctx, &container, "source/shared", broken[i]),
                             PAL_OK);
        pal_status status = pal_model_restore(ctx, &container, &loaded);
        assert_int_equal(status, broken[i] ? PAL_EFORMAT : PAL_OK);
        if (!broken[i]) {
            assert_true(pal_log_hash(&loaded->own_source.log) == pal_log_hash(&domains.log.log));
            assert_int_equal(loaded->own_source.source.shared, PAL_SHARED_ITEMS);
            assert_null(loaded->source); /* the kind uses none */
            pal_model_free(loaded);
        } else {
            assert_non_null(strstr(ctx->error, "second domain is not valid"));
        }
        pal_container_release(&container);
    }
    /* Items of the source that its ids do not have. */
    pal_container container = {.what = "a test"};
    domains.log.log.about.n_items = domains.log.log.n_items = SOURCE_THERE - 1;
    assert_int_equal(pal_model_store(ctx, model, PAL_PRECISION_FLOAT32, &container), PAL_OK);
    assert_int_equal(pal_model_restore(ctx, &container, &loaded), PAL_EFORMAT);
    pal_container_release(&container);
    pal_model_free(model);
    support_domains_release(&domains);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whoever_only_the_source_knows_is_answered),
        cmocka_unit_test(test_rows_outside_the_source_are_dropped),
        cmocka_unit_test(test_a_twin_never_sees_the_source),
        cmocka_unit_test(test_a_kept_model_outlives_the_source),
        cmocka_unit_test(test_events_of_the_source_explain),
        cmocka_unit_test(test_a_file_keeps_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
