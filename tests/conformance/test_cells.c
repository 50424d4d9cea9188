/* test_cells.c - what every kind with PAL_READS_PROFILES promises of profiles: who is told by
 * his cells alone is answered by it, cells that nobody knows say nothing, a file gives back the
 * same lists, and explanations whose parts are a sum still are one. */
#include "support_models.h"

#include <math.h>

#include "models/explain.h"
#include "models/profile_code.h"
#include "models/rank.h"
#include "models/registry.h"

/* Two camps of people and of items; each person says his. */
enum { PEOPLE = 24, THINGS = 16, EACH = 6 };

typedef struct {
    pal_ctx *ctx;
    support_log log;
    pal_catalog items, users;
    pal_model *model;
    pal_arena arena;
    pal_profile_cell cells[PEOPLE];
} setting;

static void setting_open(setting *s, const pal_kind *kind) {
    static int32_t users[PEOPLE * EACH], items[PEOPLE * EACH];
    static int64_t times[PEOPLE * EACH];
    *s = (setting){.ctx = support_open(2), .users.title = -1};
    for (int32_t n = 0; n < PEOPLE * EACH; n++) {
        int32_t u = n / EACH;
        users[n] = u;
        items[n] = (u / 2 + n % EACH) * 2 % THINGS + u % 2;
        times[n] = 1000 + n;
    }
    support_log_make(s->ctx, &s->log, PEOPLE, THINGS, PEOPLE * EACH, users, items, times, NULL);
    support_catalog_make(s->ctx, &s->log, &s->items);
    const char **homes = PAL_ARENA_ARRAY(&s->users.arena, const char *, PEOPLE);
    s->users.columns = PAL_ARENA_ARRAY(&s->users.arena, pal_column, 1);
    assert_true(homes && s->users.columns);
    for (int32_t u = 0; u < PEOPLE; u++) {
        const char *id = pal_ids_at(&s->log.users, u);
        assert_int_equal(pal_ids_add(&s->users.ids, id, strlen(id)), u);
        homes[u] = u % 2 ? "Lyon" : "Bern";
        s->cells[u] = (pal_profile_cell){"home", homes[u]};
    }
    strcpy(s->users.columns[0].name, "home");
    s->users.columns[0].cells = homes;
    s->users.n_columns = 1;
    assert_int_equal(pal_catalog_settle(s->ctx, &s->users, "users", "home=token"), PAL_OK);
    char spec[96];
    snprintf(spec, sizeof spec, "%s%s", kind->name,
             pal_param_find(kind->params, "epochs") ? " epochs=6" : "");
    const pal_train_input input = {.log = &s->log.log, .items = &s->items, .users = &s->users};
    s->model = support_train(s->ctx, spec, &input);
}

static void setting_close(setting *s) {
    pal_model_free(s->model);
    pal_catalog_release(&s->items);
    pal_catalog_release(&s->users);
    support_log_release(&s->log);
    pal_arena_release(&s->arena);
    support_close(s->ctx);
}

/* Everybody: known, with his history and cell as somebody whom training has not seen, and by his
 * cell alone. */
enum { WAYS = 3, QUERIES = WAYS * PEOPLE };

static void fill_queries(setting *s, pal_query *queries) {
    for (int32_t u = 0; u < PEOPLE; u++) {
        pal_query known = pal_query_of_user(s->model, u), told = known;
        told.user_plus_1 = 0;
        told.n_profile = 1;
        told.profile = &s->cells[u];
        queries[u] = known;
        queries[PEOPLE + u] = told;
        queries[2 * PEOPLE + u] =
            (pal_query){.now = known.now, .n_profile = 1, .profile = &s->cells[u]};
    }
}

static pal_lists rank_queries(setting *s, const pal_model *model, const pal_query *queries,
                              int32_t n) {
    pal_lists lists;
    const pal_rank_options options = {.k = THINGS, .hide = PAL_HIDE_NONE};
    assert_int_equal(pal_rank(s->ctx, model, queries, n, &options, &s->arena, &lists), PAL_OK);
    return lists;
}

static void assert_same_lists(const pal_lists *a, const pal_lists *b) {
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->items, b->items, (size_t)a->n * (size_t)a->k * sizeof *a->items);
    assert_memory_equal(a->scores, b->scores, (size_t)a->n * (size_t)a->k * sizeof *a->scores);
    assert_memory_equal(a->fallback, b->fallback, (size_t)a->n);
}

typedef void profile_check(const pal_kind *kind);

static void each_kind(profile_check *check) {
    int32_t n = 0;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        if (!(pal_kinds[k]->traits & PAL_READS_PROFILES)) continue;
        print_message("  %s\n", pal_kinds[k]->name);
        check(pal_kinds[k]);
        n++;
    }
    assert_true(n > 0);
}

/* Two of the same cells have the same list; somebody of unknown cells has that of anybody. */
static void check_cells_answer(const pal_kind *kind) {
    setting s;
    pal_query queries[QUERIES];
    setting_open(&s, kind);
    const pal_profile_code *code = kind->profiles(s.model->state);
    assert_true(code && pal_profile_knows(code, &s.cells[0]) &&
                pal_profile_knows(code, &s.cells[1]));
    fill_queries(&s, queries);
    pal_lists lists = rank_queries(&s, s.model, queries, QUERIES);
    for (int32_t q = 0; q < QUERIES; q++) assert_int_equal(lists.fallback[q], PAL_BY_ITSELF);
    const float *alone = lists.scores + 2 * PEOPLE * (int64_t)lists.k;
    assert_memory_equal(alone, alone + 2 * lists.k, (size_t)lists.k * sizeof *alone);
    assert_memory_not_equal(alone, alone + lists.k, (size_t)lists.k * sizeof *alone);
    const pal_profile_cell strange[] = {{"home", "Ulm"}, {"shoe", "42"}};
    const pal_query unknown[] = {{.n_profile = 2, .profile = strange}, {0}};
    pal_lists none = rank_queries(&s, s.model, unknown, 2);
    assert_int_equal(none.fallback[0], PAL_BY_POPULARITY);
    assert_memory_equal(none.items, none.items + none.k, (size_t)none.k * sizeof *none.items);
    setting_close(&s);
}

static void check_files_keep_profiles(const pal_kind *kind) {
    setting s;
    pal_query queries[QUERIES];
    pal_container container = {0};
    pal_model *loaded = NULL;
    setting_open(&s, kind);
    fill_queries(&s, queries);
    pal_lists before = rank_queries(&s, s.model, queries, QUERIES);
    assert_int_equal(pal_model_store(s.ctx, s.model, PAL_PRECISION_FLOAT32, &container), PAL_OK);
    if (pal_model_restore(s.ctx, &container, &loaded) != PAL_OK) fail_msg("%s", s.ctx->error);
    pal_container_release(&container);
    pal_lists after = rank_queries(&s, loaded, queries, QUERIES);
    assert_same_lists(&before, &after);
    pal_model_free(loaded);
    setting_close(&s);
}

static void check_reasons_add_up(const pal_kind *kind) {
    setting s;
    pal_query queries[QUERIES];
    setting_open(&s, kind);
    fill_queries(&s, queries);
    for (int32_t q = 0; q < QUERIES; q += 5) {
        pal_explanation found;
        double sum = 0;
        int32_t item = q % THINGS;
        assert_int_equal(pal_explain(s.ctx, s.model, &queries[q], item, &s.arena, &found), PAL_OK);
        for (int32_t r = 0; r < found.n; r++) sum += found.reasons[r].amount;
        if (found.is_sum) assert_true(fabs(sum - found.score) <= 1e-4 * (1 + fabs(sum)));
        for (int32_t r = 0; found.is_sum && r < found.n; r++)
            assert_true(found.reasons[r].item >= 0 || found.reasons[r].what);
    }
    setting_close(&s);
}

/* A person who comes again with the history and the cells that training saw is the same person:
 * scores of both ways go together. */
static void check_the_same_person_is_known_again(const pal_kind *kind) {
    setting s;
    pal_query queries[QUERIES];
    setting_open(&s, kind);
    fill_queries(&s, queries);
    pal_lists lists = rank_queries(&s, s.model, queries, 2 * PEOPLE);
    double sums[2] = {0}, both = 0;
    for (int32_t u = 0; u < PEOPLE; u++) {
        float scores[2][THINGS];
        for (int32_t way = 0; way < 2; way++) {
            int64_t at = (int64_t)(way * PEOPLE + u) * lists.k;
            for (int32_t i = 0; i < lists.k; i++)
                scores[way][lists.items[at + i]] = lists.scores[at + i];
        }
        double mean[2] = {0};
        for (int32_t i = 0; i < THINGS; i++) {
            mean[0] += (double)scores[0][i] / THINGS;
            mean[1] += (double)scores[1][i] / THINGS;
        }
        for (int32_t i = 0; i < THINGS; i++) {
            double x = (double)scores[0][i] - mean[0], y = (double)scores[1][i] - mean[1];
            both += x * y;
            sums[0] += x * x;
            sums[1] += y * y;
        }
    }
    assert_true(both > 0.9 * sqrt(sums[0] * sums[1]));
    setting_close(&s);
}

#define TEST(check)                                                                                \
    static void test_##check(void **state) {                                                       \
        (void)state;                                                                               \
        each_kind(check_##check);                                                                  \
    }
TEST(cells_answer)
TEST(files_keep_profiles)
TEST(reasons_add_up)
TEST(the_same_person_is_known_again)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_answer),
        cmocka_unit_test(test_files_keep_profiles),
        cmocka_unit_test(test_reasons_add_up),
        cmocka_unit_test(test_the_same_person_is_known_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
