/* test_transfer.c - kinds that learn from a second domain, on two domains with a planted taste. */
#include "support_models.h"

#include <math.h>

#include "base/rng.h"
#include "models/checkpoint.h"
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
        assert_true(found.is_sum && found.answered == PAL_BY_ITSELF);
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
    assert_int_equal(lists.fallback[0], PAL_BY_POPULARITY);
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

/* A reason of this name, or 0. */
static double amount_of(const pal_explanation *found, const char *what) {
    for (int32_t r = 0; r < found->n; r++) {
        if (found->reasons[r].what && !strcmp(found->reasons[r].what, what))
            return found->reasons[r].amount;
    }
    return 0;
}

/* The items of `a` are reasons as they are in `b`, and what is not of items of the log sums to the
 * rest of `a`, called `rest`. */
static void assert_rest_is(const pal_explanation *a, const pal_explanation *b, const char *rest) {
    double others = 0;
    assert_true(fabs(a->score - b->score) < 1e-4);
    for (int32_t r = 0; r < b->n; r++) {
        const pal_reason *reason = &b->reasons[r];
        bool is_found = reason->item < 0 || reason->is_of_source;
        if (is_found) others += reason->amount;
        for (int32_t x = 0; !is_found && x < a->n; x++)
            is_found = a->reasons[x].item == reason->item && !a->reasons[x].is_of_source &&
                       fabs(a->reasons[x].amount - reason->amount) < 1e-5;
        assert_true(is_found);
    }
    assert_true(fabs(others) > 1e-3);
    assert_true(fabs(amount_of(a, rest) - others) < 1e-4);
    assert_true(amount_of(a, "what training weighed otherwise") == 0);
}

/* One item that the source has not, and the rest of the history counts as it did. */
static void unknown_items_of_the_source_are_looked_past(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = support_train(ctx, EMCDR_SPEC, &input);
    const int32_t known[] = {1, 5, 9}, more[] = {1, FILMS, 5, -1, 9}, none[] = {FILMS, -1};
    const pal_query queries[] = {{.n_source = 3, .source_items = known},
                                 {.n_source = 5, .source_items = more},
                                 {.n_source = 2, .source_items = none}};
    pal_arena arena = {0};
    float *scores = PAL_ARENA_ARRAY(&arena, float, 2 * GOODS);
    void *scratch =
        pal_arena_alloc(&arena, 1, model->kind->scratch_bytes(model->params, model->state, 2));
    assert_true(scores && scratch);
    model->kind->score(model->params, model->state, queries, 2, scratch, scores);
    assert_memory_equal(scores, scores + GOODS, GOODS * sizeof *scores);
    assert_true(model->kind->answers(model->params, model->state, &queries[1]));
    assert_false(model->kind->answers(model->params, model->state, &queries[2]));
    pal_arena_release(&arena);
    pal_model_free(model);
    worlds_release(&w);
    support_close(ctx);
}

/* A trained person of whom it is not told what he did in the source is explained by the solve that
 * made his row, as somebody of the same histories is. */
static void a_trained_row_is_explained_by_its_source(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = support_train(ctx, "emcdr(als factors=8) trust=3", &input);
    pal_arena arena = {0};
    for (int32_t user = 0; user < KNOWN; user += 9) {
        pal_query whole = person(&w, user), bare = pal_query_of_user(model, user);
        pal_explanation of_trained, of_history;
        whole.user_plus_1 = 0;
        assert_int_equal(pal_explain(ctx, model, &bare, user % GOODS, &arena, &of_trained), PAL_OK);
        assert_int_equal(pal_explain(ctx, model, &whole, user % GOODS, &arena, &of_history),
                         PAL_OK);
        assert_rest_is(&of_trained, &of_history, "what the source foretells");
    }
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

/* --- cold_map --- */

/* Every person has a taste, in his profile as a word; every item one in its table. */
static void tables_make(pal_ctx *ctx, const pal_ids *ids, int32_t n, int32_t shift,
                        pal_catalog *out) {
    memset(out, 0, sizeof *out);
    out->title = -1;
    const char **cells = PAL_ARENA_ARRAY(&out->arena, const char *, n);
    out->columns = PAL_ARENA_ARRAY(&out->arena, pal_column, 1);
    assert_true(cells && out->columns);
    static const char *const tastes[] = {"sweet", "sour", "salty", "bitter"};
    for (int32_t i = 0; i < n; i++) {
        const char *id = pal_ids_at(ids, i);
        assert_int_equal(pal_ids_add(&out->ids, id, strlen(id)), i);
        cells[i] = tastes[(i + shift) % TASTES];
    }
    strcpy(out->columns[0].name, "taste");
    out->columns[0].cells = cells;
    out->n_columns = 1;
    assert_int_equal(pal_catalog_settle(ctx, out, "items", "taste=token"), PAL_OK);
}

static void new_items_and_people_are_placed_by_what_is_known_of_them(void **state) {
    (void)state;
    enum { SEEN = 32 };
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog items, users;
    pal_arena arena = {0};
    draw_log(ctx, KNOWN, SEEN, 1, 1, &log);
    for (int32_t i = SEEN; i < GOODS; i++) {
        char id[16];
        snprintf(id, sizeof id, "i%d", (int)i);
        assert_int_equal(pal_ids_add(&log.items, id, strlen(id)), i);
    }
    tables_make(ctx, &log.items, GOODS, 0, &items);
    tables_make(ctx, &log.users, KNOWN, 1, &users);
    pal_train_input input = {.log = &log.log, .items = &items, .users = &users, .n_items = GOODS};
    pal_model *model = support_train(ctx, "cold_map(als factors=8)", &input), *loaded = NULL;
    assert_true(pal_model_scores_new_items(model));
    char path[] = "/tmp/palate-cold-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(pal_model_save(ctx, model, path), PAL_OK);
    if (pal_model_load(ctx, path, &loaded) != PAL_OK) fail_msg("%s", ctx->error);
    unlink(path);
    const pal_rank_options new_ones = {.k = 2, .first_item = SEEN}, all = {.k = 8};
    pal_lists lists, again;
    for (int32_t user = 0; user < KNOWN; user += 7) {
        pal_query query = pal_query_of_user(model, user);
        assert_int_equal(pal_rank(ctx, model, &query, 1, &new_ones, &arena, &lists), PAL_OK);
        assert_int_equal(pal_rank(ctx, loaded, &query, 1, &new_ones, &arena, &again), PAL_OK);
        for (int32_t i = 0; i < 2; i++)
            assert_int_equal(lists.items[i] % TASTES, (user + 1) % TASTES);
        assert_memory_equal(lists.items, again.items, 2 * sizeof *lists.items);
        assert_memory_equal(lists.scores, again.scores, 2 * sizeof *lists.scores);
    }
    const pal_profile_cell salty = {"taste", "salty"}, unknown = {"taste", "umami"};
    pal_query stranger = {.n_profile = 1, .profile = &salty};
    assert_int_equal(pal_rank(ctx, loaded, &stranger, 1, &all, &arena, &lists), PAL_OK);
    assert_int_equal(lists.fallback[0], 0);
    for (int32_t i = 0; i < 8; i++) assert_int_equal(lists.items[i] % TASTES, 2);
    assert_reasons_add_up(ctx, model, &stranger);
    const int32_t used[] = {0, 4, 8};
    pal_query both = {.n_profile = 1, .profile = &salty, .n_events = 3, .items = used};
    assert_reasons_add_up(ctx, model, &both);
    stranger.profile = &unknown;
    assert_int_equal(pal_rank(ctx, model, &stranger, 1, &all, &arena, &lists), PAL_OK);
    assert_int_equal(lists.fallback[0], PAL_BY_POPULARITY);
    pal_arena_release(&arena);
    pal_model_free(model);
    pal_model_free(loaded);
    pal_catalog_release(&items);
    pal_catalog_release(&users);
    support_log_release(&log);
    support_close(ctx);
}

/* The same of a profile: the model keeps none, and its share is one reason. */
static void a_trained_row_is_explained_by_its_profile(void **state) {
    (void)state;
    static const char *const tastes[] = {"sweet", "sour", "salty", "bitter"};
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_catalog items, users;
    pal_arena arena = {0};
    draw_log(ctx, KNOWN, GOODS, 1, 1, &log);
    tables_make(ctx, &log.items, GOODS, 0, &items);
    tables_make(ctx, &log.users, KNOWN, 1, &users);
    pal_train_input input = {.log = &log.log, .items = &items, .users = &users};
    pal_model *model = support_train(ctx, "cold_map(als factors=8) trust=3", &input);
    for (int32_t user = 0; user < KNOWN; user += 7) {
        const pal_profile_cell cell = {"taste", tastes[(user + 1) % TASTES]};
        pal_query bare = pal_query_of_user(model, user), whole = bare;
        pal_explanation of_trained, of_history;
        whole.user_plus_1 = 0;
        whole.n_profile = 1;
        whole.profile = &cell;
        assert_int_equal(pal_explain(ctx, model, &bare, user % GOODS, &arena, &of_trained), PAL_OK);
        assert_int_equal(pal_explain(ctx, model, &whole, user % GOODS, &arena, &of_history),
                         PAL_OK);
        assert_rest_is(&of_trained, &of_history, "what the profile foretells");
    }
    pal_arena_release(&arena);
    pal_model_free(model);
    pal_catalog_release(&items);
    pal_catalog_release(&users);
    support_log_release(&log);
    support_close(ctx);
}

/* --- pretrain --- */

/* The loss of the first epoch here. */
static double first_loss(pal_ctx *ctx, const char *spec, const pal_train_input *input) {
    pal_model *model = support_train(ctx, spec, input);
    int32_t n;
    pal_model *part = pal_model_parts(model, &n)[0];
    assert_true(part->curve.n > 0);
    double loss = part->curve.loss[0];
    pal_model_free(model);
    return loss;
}

/* A source that is a copy: what was learned there is worth an epoch here and more. */
static void a_copy_is_a_better_beginning(void **state) {
    (void)state;
    static const struct {
        const char *of;
        pal_sharing shared;
    } kinds[] = {{"bpr factors=8", PAL_SHARED_USERS},
                 {"bpr factors=8", PAL_SHARED_ITEMS},
                 {"als factors=8", PAL_SHARED_USERS},
                 {"mf factors=8 target=event", PAL_SHARED_ITEMS},
                 {"svdpp factors=8 target=event", PAL_SHARED_ITEMS},
                 {"lightgcn factors=8", PAL_SHARED_ITEMS},
                 {"neumf", PAL_SHARED_USERS},
                 {"mult_vae", PAL_SHARED_ITEMS},
                 {"sasrec factors=8", PAL_SHARED_ITEMS},
                 {"gru factors=8", PAL_SHARED_ITEMS},
                 {"two_tower", PAL_SHARED_ITEMS}};
    pal_ctx *ctx = support_open(2);
    worlds w;
    worlds_make(ctx, &w);
    w.source.log = &w.here.log;
    pal_train_input input = worlds_input(&w);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        char with[128], without[160];
        w.source.shared = kinds[k].shared;
        snprintf(with, sizeof with, "pretrain(%s epochs=6 tolerance=0)", kinds[k].of);
        snprintf(without, sizeof without, "%s source=off", with);
        print_message("  %s\n", with);
        assert_true(first_loss(ctx, with, &input) < first_loss(ctx, without, &input));
    }
    worlds_release(&w);
    support_close(ctx);
}

/* No item and no user is shared, but the tables of both speak of the same tastes. */
static void words_are_a_bridge(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    worlds w;
    pal_catalog here, there;
    worlds_make(ctx, &w);
    tables_make(ctx, &w.here.items, GOODS, 0, &here);
    tables_make(ctx, &w.there.items, FILMS, 0, &there);
    w.source.shared = PAL_SHARED_NONE;
    pal_train_input input = worlds_input(&w);
    input.items = &here;
    double none = first_loss(ctx, "pretrain(sasrec factors=8 epochs=2)", &input);
    w.source.items = &there;
    double words = first_loss(ctx, "pretrain(sasrec factors=8 epochs=2)", &input);
    double off = first_loss(ctx, "pretrain(sasrec factors=8 epochs=2) source=off", &input);
    assert_true(words < none && words < off);
    pal_catalog_release(&here);
    pal_catalog_release(&there);
    worlds_release(&w);
    support_close(ctx);
}

static void pretrain_refuses_what_has_no_epochs(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *model = NULL;
    assert_int_equal(pal_model_train(ctx, "pretrain(ease)", &input, &model), PAL_EUSAGE);
    assert_non_null(strstr(ctx->error, "ease does not learn in epochs"));
    assert_int_equal(pal_model_train(ctx, "pretrain(blend(bpr, mf))", &input, &model), PAL_EUSAGE);
    worlds_release(&w);
    support_close(ctx);
}

typedef struct {
    pal_ctx *ctx;
    int32_t calls, stops_at;
} stopper;

static double stop(void *arg, const pal_model *model) {
    (void)model;
    stopper *s = arg;
    if (++s->calls == s->stops_at) atomic_store(&s->ctx->cancelled, true);
    return NAN;
}

/* Interrupted here, after the source: ends in the same bytes. */
static void a_training_that_was_interrupted_goes_on(void **state) {
    (void)state;
    static const char spec[] = "pretrain(bpr factors=8 epochs=4 tolerance=0) source_epochs=3";
    char folder[] = "/tmp/palate-pretrain-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.checkpoint", folder);
    pal_ctx *ctx = support_open(2);
    worlds w;
    worlds_make(ctx, &w);
    pal_train_input input = worlds_input(&w);
    pal_model *whole = support_train(ctx, spec, &input), *model = NULL;
    for (int32_t at = 1; at <= 3; at++) {
        for (int32_t turn = 0; turn < 2; turn++) {
            pal_checkpoint checkpoint;
            stopper s = {.ctx = ctx, .stops_at = turn ? 0 : at};
            atomic_store(&ctx->cancelled, false);
            input.judge = stop;
            input.judge_arg = &s;
            assert_int_equal(pal_checkpoint_open(ctx, path, 1e-9, turn, spec, &input, &checkpoint),
                             PAL_OK);
            input.checkpoint = &checkpoint;
            pal_status status = pal_model_train(ctx, spec, &input, &model);
            assert_int_equal(status, turn ? PAL_OK : PAL_ECANCELLED);
            if (turn) assert_int_equal(s.calls, 4 - at);
            if (turn) pal_checkpoint_remove(&checkpoint);
            pal_checkpoint_release(&checkpoint);
            input.checkpoint = NULL;
        }
        int32_t n;
        assert_memory_equal(tensor_of(pal_model_parts(whole, &n)[0], "items"),
                            tensor_of(pal_model_parts(model, &n)[0], "items"),
                            GOODS * 8 * sizeof(float));
        pal_model_free(model);
    }
    rmdir(folder);
    pal_model_free(whole);
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

static const char *const all_specs[] = {EMCDR_SPEC, "pretrain(bpr factors=8 epochs=3)",
                                        "pretrain(sasrec factors=8 epochs=2) source_epochs=2"};

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
        cmocka_unit_test(unknown_items_of_the_source_are_looked_past),
        cmocka_unit_test(a_trained_row_is_explained_by_its_source),
        cmocka_unit_test(a_trained_row_is_explained_by_its_profile),
        cmocka_unit_test(without_its_source_it_is_als),
        cmocka_unit_test(emcdr_refuses_what_it_cannot_map),
        cmocka_unit_test(new_items_and_people_are_placed_by_what_is_known_of_them),
        cmocka_unit_test(a_copy_is_a_better_beginning),
        cmocka_unit_test(words_are_a_bridge),
        cmocka_unit_test(pretrain_refuses_what_has_no_epochs),
        cmocka_unit_test(a_training_that_was_interrupted_goes_on),
        cmocka_unit_test(threads_and_files_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
