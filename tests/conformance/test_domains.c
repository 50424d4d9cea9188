/* test_domains.c - what every kind with PAL_USES_SOURCE promises of a second domain, with users
 * shared and with items shared. */
#include "support_source.h"

#include <math.h>

#include "models/explain.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"

typedef void source_check(const pal_kind *kind, pal_sharing shared);

static void each_kind(source_check *check) {
    for (int32_t k = 0; pal_kinds[k]; k++) {
        if (!(pal_kinds[k]->traits & PAL_USES_SOURCE)) continue;
        for (int32_t shared = PAL_SHARED_USERS; shared <= PAL_SHARED_ITEMS; shared++) {
            print_message("  %s, %s shared\n", pal_kinds[k]->name, pal_sharing_choices[shared]);
            check(pal_kinds[k], (pal_sharing)shared);
        }
    }
}

/* --- training --- */

typedef struct {
    pal_ctx *ctx;
    support_domains domains;
    pal_catalog here, there; /* for kinds that need features */
    pal_arena arena;
} setting;

static void setting_open(setting *s, int32_t n_threads, pal_sharing shared) {
    *s = (setting){.ctx = support_open(n_threads)};
    support_domains_make(s->ctx, shared, &s->domains);
    support_catalog_make(s->ctx, &s->domains.target, &s->here);
    support_catalog_make(s->ctx, &s->domains.log, &s->there);
    s->domains.source.items = &s->there;
}

static void setting_close(setting *s) {
    pal_catalog_release(&s->here);
    pal_catalog_release(&s->there);
    support_domains_release(&s->domains);
    pal_arena_release(&s->arena);
    support_close(s->ctx);
}

/* Networks go few times over the log; a kind of one part gets one that has such passes. */
static const char *spec_of(const pal_kind *kind, bool is_twin) {
    static char spec[96];
    const pal_param *of = pal_param_find(kind->params, "of");
    bool has_epochs = pal_param_find(kind->params, "epochs") != NULL;
    snprintf(spec, sizeof spec, "%s%s%s%s", kind->name,
             kind->parts && of && !of->initial ? "(bpr epochs=3)" : "",
             has_epochs ? " epochs=4" : "", is_twin ? " source=false" : "");
    return spec;
}

/* NULL where the kind says in a sentence that it cannot share this side. */
static pal_model *train(setting *s, const char *spec, bool has_source) {
    pal_model *model = NULL;
    pal_train_input input = {.log = &s->domains.target.log,
                             .items = &s->here,
                             .source = has_source ? &s->domains.source : NULL};
    pal_status status = pal_model_train(s->ctx, spec, &input, &model);
    if (status == PAL_OK) return model;
    if (!has_source || s->domains.source.shared == PAL_SHARED_USERS)
        fail_msg("%s: %s", spec, s->ctx->error);
    assert_true(status == PAL_EUSAGE || status == PAL_EDATA);
    assert_non_null(strstr(s->ctx->error, "shared"));
    print_message("    %s\n", s->ctx->error);
    return NULL;
}

/* --- asking --- */

/* Everybody with all that both domains have of him, and in the end a person of some source items.
 */
static pal_lists rank_all(setting *s, const pal_model *model, pal_lists *out) {
    static const int32_t some[] = {1, 3};
    int32_t n = SOURCE_USERS + 1;
    bool is_shared = s->domains.source.shared == PAL_SHARED_USERS;
    pal_query *queries = PAL_ARENA_ARRAY(&s->arena, pal_query, n);
    for (int32_t u = 0; u < SOURCE_USERS; u++) {
        queries[u] = pal_query_of_log(&s->domains.target.log, u, 0);
        pal_query there = pal_query_of_log(&s->domains.log.log, u, 0);
        if (!is_shared) continue;
        queries[u].source_user_plus_1 = there.user_plus_1;
        queries[u].n_source = there.n_events;
        queries[u].source_items = there.items;
        queries[u].source_values = there.values;
        queries[u].source_times = there.times;
    }
    queries[SOURCE_USERS] = (pal_query){.n_source = 2, .source_items = some};
    pal_rank_options options = {.k = SOURCE_HERE, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(s->ctx, model, queries, n, &options, &s->arena, out), PAL_OK);
    for (int64_t i = 0; i < (int64_t)n * out->k; i++) assert_true(!isnan(out->scores[i]));
    return *out;
}

static void assert_same_lists(const pal_lists *a, const pal_lists *b) {
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->items, b->items, (size_t)a->n * (size_t)a->k * sizeof *a->items);
    assert_memory_equal(a->scores, b->scores, (size_t)a->n * (size_t)a->k * sizeof *a->scores);
}

static char *file_bytes(setting *s, const pal_model *model, size_t *n) {
    char path[] = "/tmp/palate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(pal_model_save(s->ctx, model, path), PAL_OK);
    FILE *file = fopen(path, "rb");
    char *bytes = aligned_alloc(64, 1 << 23);
    *n = fread(bytes, 1, 1 << 23, file);
    fclose(file);
    unlink(path);
    return bytes;
}

/* --- checks --- */

static void check_threads_do_not_matter(const pal_kind *kind, pal_sharing shared) {
    char *first = NULL;
    size_t n_first = 0;
    for (int32_t threads = 1; threads <= 3; threads++) {
        setting s;
        size_t n;
        setting_open(&s, threads, shared);
        pal_model *model = train(&s, spec_of(kind, false), true);
        char *bytes = model ? file_bytes(&s, model, &n) : NULL;
        if (first && bytes) {
            assert_int_equal(n, n_first);
            assert_memory_equal(bytes, first, n);
            free(bytes);
        } else if (bytes) {
            first = bytes;
            n_first = n;
        }
        pal_model_free(model);
        setting_close(&s);
    }
    free(first);
}

static void check_save_load_is_exact(const pal_kind *kind, pal_sharing shared) {
    setting s;
    setting_open(&s, 2, shared);
    pal_model *model = train(&s, spec_of(kind, false), true), *loaded;
    if (model) {
        size_t n, n_again;
        pal_lists before, after;
        bool keeps = !(kind->traits & PAL_LEAVES_SOURCE);
        assert_true(model->source == (keeps ? &s.domains.source : NULL));
        rank_all(&s, model, &before);
        char *bytes = file_bytes(&s, model, &n);
        if (pal_model_parse(s.ctx, "a test", bytes, n, &loaded) != PAL_OK)
            fail_msg("%s", s.ctx->error);
        char *again = file_bytes(&s, loaded, &n_again);
        assert_int_equal(n, n_again);
        assert_memory_equal(bytes, again, n);
        assert_int_equal(loaded->source != NULL, keeps);
        rank_all(&s, loaded, &after);
        assert_same_lists(&before, &after);
        /* And without the data. */
        assert_int_equal(pal_model_keep(s.ctx, model), PAL_OK);
        assert_true(model->source == (keeps ? &model->own_source.source : NULL));
        rank_all(&s, model, &after);
        assert_same_lists(&before, &after);
        free(bytes);
        free(again);
        pal_model_free(loaded);
    }
    pal_model_free(model);
    setting_close(&s);
}

/* Whoever only the source knows gets a list of his own, whose reasons add up where they are given
 * as parts. A kind around another has what it learned there in the other's numbers, and reads no
 * events of the source. */
static void check_new_users_are_answered(const pal_kind *kind, pal_sharing shared) {
    setting s;
    setting_open(&s, 1, shared);
    pal_model *model = shared == PAL_SHARED_USERS && !kind->takes_one_part
                           ? train(&s, spec_of(kind, false), true)
                           : NULL;
    if (model) {
        pal_lists lists;
        rank_all(&s, model, &lists);
        for (int32_t u = 0; u <= SOURCE_USERS; u++) assert_int_equal(lists.fallback[u], 0);
        pal_query there = pal_query_of_log(&s.domains.log.log, SOURCE_USERS - 1, 0);
        pal_query query = {.source_user_plus_1 = SOURCE_USERS,
                           .n_source = there.n_events,
                           .source_items = there.items,
                           .source_values = there.values,
                           .source_times = there.times};
        pal_explanation found;
        assert_int_equal(pal_explain(s.ctx, model, &query, 3, &s.arena, &found), PAL_OK);
        double sum = 0;
        for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
        assert_true(found.n > 0);
        if (found.is_sum) assert_true(fabs(sum - found.score) <= 1e-4 * (1 + fabs(sum)));
    }
    pal_model_free(model);
    setting_close(&s);
}

static void check_off_is_without(const pal_kind *kind, pal_sharing shared) {
    setting s;
    size_t n_off, n_none;
    pal_lists off_lists, none_lists;
    setting_open(&s, 1, shared);
    pal_model *off = train(&s, spec_of(kind, true), true),
              *none = train(&s, spec_of(kind, true), false),
              *plain = train(&s, spec_of(kind, false), false);
    assert_true(off && none && plain);
    assert_null(off->source);
    char *of_off = file_bytes(&s, off, &n_off), *of_none = file_bytes(&s, none, &n_none);
    assert_int_equal(n_off, n_none);
    assert_memory_equal(of_off, of_none, n_off);
    rank_all(&s, off, &off_lists);
    rank_all(&s, plain, &none_lists);
    assert_same_lists(&off_lists, &none_lists);
    free(of_off);
    free(of_none);
    pal_model_free(off);
    pal_model_free(none);
    pal_model_free(plain);
    setting_close(&s);
}

#define TEST(check)                                                                                \
    static void test_##check(void **state) {                                                       \
        (void)state;                                                                               \
        each_kind(check_##check);                                                                  \
    }
TEST(threads_do_not_matter)
TEST(save_load_is_exact)
TEST(new_users_are_answered)
TEST(off_is_without)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_save_load_is_exact),
        cmocka_unit_test(test_new_users_are_answered),
        cmocka_unit_test(test_off_is_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
