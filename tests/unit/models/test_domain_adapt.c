/* test_domain_adapt.c - gradients with the judge's turned round, a shift of features that is
 * overcome, new items, what is refused, threads, the single-domain twin. */
#include "support_domains.h"

#include "models/explain.h"
#include "models/registry.h"
#include "models/transfer/domain_adapt.h"

enum { WORLDS = 10, SOURCE_PEOPLE = 100, LOG_PEOPLE = 8, GOODS = 40, DIMS = 4 };

/* Items of two camps. Their vectors say the camp twice: clearly in the first two dimensions, which
 * are turned by `turn` and lie far from 0, and less clearly in the last two. */
static void world_catalog(pal_ctx *ctx, const support_log *log, double turn, uint64_t seed,
                          pal_catalog *out) {
    int32_t n = log->items.n;
    *out = (pal_catalog){.title = -1};
    float *vectors = PAL_ARENA_ARRAY(&out->arena, float, (int64_t)n *DIMS);
    assert_non_null(vectors);
    pal_rng rng = pal_rng_at(seed, 7);
    for (int32_t i = 0; i < n; i++) {
        const char *id = pal_ids_at(&log->items, i);
        double camp = i % 2 ? 1 : -1, a = 1.5 + camp + 0.2 * pal_rng_normal(&rng),
               b = 0.2 * pal_rng_normal(&rng);
        assert_int_equal(pal_ids_add(&out->ids, id, strlen(id)), i);
        vectors[i * DIMS] = (float)(cos(turn) * a - sin(turn) * b);
        vectors[i * DIMS + 1] = (float)(sin(turn) * a + cos(turn) * b);
        vectors[i * DIMS + 2] = (float)(0.6 * camp + 0.3 * pal_rng_normal(&rng));
        vectors[i * DIMS + 3] = (float)(0.5 * pal_rng_normal(&rng));
    }
    assert_int_equal(pal_catalog_add_vectors(ctx, out, "picture", vectors, DIMS), PAL_OK);
}

typedef struct {
    support_log log, other;
    pal_catalog items, other_items;
    pal_source source;
    pal_train_input input;
} world;

/* People of the source use things of their camp; the few of the log use as many of both. */
static void world_make(pal_ctx *ctx, double turn, uint64_t seed, pal_sharing shared, world *w) {
    enum { EACH = 8, FEW = 4 };
    static int32_t users[SOURCE_PEOPLE * EACH], items[SOURCE_PEOPLE * EACH];
    pal_rng rng = pal_rng_at(seed, 3);
    int64_t n = 0;
    for (int32_t u = 0; u < LOG_PEOPLE; u++) {
        for (int32_t e = 0; e < FEW; e++) {
            users[n] = u;
            items[n++] = (int32_t)pal_rng_below(&rng, GOODS / 2) * 2 + e % 2;
        }
    }
    support_log_make(ctx, &w->log, LOG_PEOPLE, GOODS, n, users, items, NULL, NULL);
    n = 0;
    for (int32_t u = 0; u < SOURCE_PEOPLE; u++) {
        for (int32_t e = 0; e < EACH; e++) {
            int32_t camp = pal_rng_below(&rng, 10) ? u % 2 : 1 - u % 2;
            users[n] = u;
            items[n++] = (int32_t)pal_rng_below(&rng, GOODS / 2) * 2 + camp;
        }
    }
    support_log_make(ctx, &w->other, SOURCE_PEOPLE, GOODS, n, users, items, NULL, NULL);
    world_catalog(ctx, &w->log, turn, seed, &w->items);
    world_catalog(ctx, &w->other, 0, seed + 100, &w->other_items);
    w->source = (pal_source){.log = &w->other.log, .items = &w->other_items, .shared = shared};
    w->input = (pal_train_input){.log = &w->log.log, .items = &w->items, .source = &w->source};
}

static void world_release(world *w) {
    support_log_release(&w->log);
    support_log_release(&w->other);
    pal_catalog_release(&w->items);
    pal_catalog_release(&w->other_items);
}

/* --- gradients --- */

static double loss_beside(adapt_job *job, const pal_step *step, float *number, float by,
                          double *judge) {
    float before = *number;
    *number = before + by;
    double loss = pal_adapt_batch(job, step);
    *number = before;
    *judge = job->judge.loss * (double)step->n;
    return loss;
}

/* What steps down the tasks' loss and, where that is the judge's own number, down the judge's, else
 * up it. */
static void check_number(adapt_job *job, const pal_step *step, float *number, double gradient,
                         bool is_of_judge, const char *what) {
    float h = 4e-3f;
    double judge[2], above = loss_beside(job, step, number, h, &judge[0]),
                     below = loss_beside(job, step, number, -h, &judge[1]),
                     of_tasks = (above - below) / (2 * (double)h),
                     of_judge = (judge[0] - judge[1]) / (2 * (double)h),
                     expected = is_of_judge ? of_judge : of_tasks - job->judge.strength * of_judge;
    gradient *= (double)step->n;
    if (fabs(expected - gradient) > 5e-3 * (1 + fabs(gradient)))
        fail_msg("%s: %g, by difference %g", what, gradient, expected);
}

static void gradients_are_those_of_the_losses(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    pal_arena arena = {0};
    world w;
    const pal_kind *kind;
    void *params;
    pal_person_state s = {0};
    adapt_job job;
    world_make(ctx, 1, 5, PAL_SHARED_USERS, &w);
    assert_int_equal(
        pal_kind_parse(ctx,
                       "domain_adapt factors=3 layers=5 activation=tanh coral=0.5 adversarial=2 "
                       "dropout=0.5",
                       &arena, &kind, &params),
        PAL_OK);
    w.input.n_items = w.input.n_seen_items = GOODS;
    assert_int_equal(pal_adapt_open(ctx, params, &w.input, &arena, &arena, &s, &job), PAL_OK);
    assert_true(job.judge.is_on && job.coral.sums);
    const int64_t people[] = {0, 3, 5, 7, 11, 12, 13, 19};
    pal_step step = {.epoch = 1, .number = 3, .n_steps = 10, .examples = people, .n = 8};
    pal_draw_normal(1, "a", job.rows.values, (int64_t)job.rows.n_rows * 3, 0.7);
    pal_draw_normal(2, "a", job.network.values, job.network.n, 0.7);
    int64_t judge = job.judge.mlp.weights[0];
    assert_true(judge > job.role_biases);
    for (int64_t f = 0; f < job.network.n; f++) {
        pal_adapt_batch(&job, &step);
        check_number(&job, &step, &job.network.values[f], (double)job.network.gradient[f],
                     f >= judge, f >= judge ? "judge" : "network");
    }
    assert_int_equal(job.rows.n_touched, DIMS);
    for (int32_t t = 0; t < DIMS * 3; t++) {
        pal_adapt_batch(&job, &step);
        float *number = job.rows.values + job.rows.touched[t / 3] * 3 + t % 3;
        check_number(&job, &step, number, (double)job.rows.gradient[t], false, "features");
    }
    world_release(&w);
    pal_arena_release(&arena);
    support_close(ctx);
}

/* --- a shift that is overcome --- */

/* The mean share of his camp in the lists of somebody whom the source alone knows, in each world.
 */
static void camp_shares(pal_ctx *ctx, const char *spec, double turn, double *shares) {
    double hits[SOURCE_PEOPLE];
    for (int32_t i = 0; i < WORLDS; i++) {
        world w;
        world_make(ctx, turn, 40 + (uint64_t)i, PAL_SHARED_USERS, &w);
        pal_model *model = support_train(ctx, spec, &w.input);
        int32_t n = SOURCE_PEOPLE - LOG_PEOPLE;
        assert_int_equal(
            domains_hits(ctx, model, &w.other.log, LOG_PEOPLE, SOURCE_PEOPLE, 2, 10, hits), n);
        shares[i] = 0;
        for (int32_t u = 0; u < n; u++) shares[i] += hits[u] / n;
        pal_model_free(model);
        world_release(&w);
    }
}

static void a_rotation_of_features_is_overcome(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    double plain[WORLDS], judged[WORLDS], aligned[WORLDS], straight[WORLDS], mean = 0;
    const double half_turn = 3.141592653589793;
    camp_shares(ctx, "domain_adapt factors=16 batch=32 adversarial=0", half_turn, plain);
    camp_shares(ctx, "domain_adapt factors=16 batch=32 adversarial=3", half_turn, judged);
    camp_shares(ctx, "domain_adapt factors=16 batch=32 adversarial=0 coral=4", half_turn, aligned);
    camp_shares(ctx, "domain_adapt factors=16 batch=32 adversarial=3", 0, straight);
    for (int32_t i = 0; i < WORLDS; i++)
        print_message("    plain %.2f, judged %.2f, aligned %.2f, not turned %.2f\n", plain[i],
                      judged[i], aligned[i], straight[i]);
    assert_true(domains_least_gain(judged, plain, WORLDS) > 0);
    assert_true(domains_least_gain(aligned, plain, WORLDS) > 0);
    for (int32_t i = 0; i < WORLDS; i++) mean += straight[i] / WORLDS;
    assert_true(mean > 0.6); /* chance is 0.5 */
    support_close(ctx);
}

/* --- new items, the twin, threads --- */

/* A good that nobody has used is told by its features: with a camp that people of the source like.
 */
static void new_items_are_told_by_their_features(void **state) {
    (void)state;
    enum { NEW = 6 };
    pal_ctx *ctx = support_open(2);
    pal_arena arena = {0};
    world w;
    world_make(ctx, 0, 8, PAL_SHARED_USERS, &w);
    char id[16];
    for (int32_t i = GOODS; i < GOODS + NEW; i++) {
        snprintf(id, sizeof id, "i%d", (int)i);
        assert_int_equal(pal_ids_add(&w.log.items, id, strlen(id)), i);
    }
    pal_catalog_release(&w.items);
    world_catalog(ctx, &w.log, 0, 8, &w.items);
    pal_log with_new = w.log.log;
    with_new.n_items = with_new.about.n_items = GOODS + NEW;
    w.input.n_items = GOODS + NEW;
    w.input.n_seen_items = GOODS;
    w.input.log = &with_new;
    pal_model *model = support_train(ctx, "domain_adapt batch=32", &w.input);
    int32_t n_right = 0, n_asked = 0;
    for (int32_t u = LOG_PEOPLE; u < SOURCE_PEOPLE; u++, n_asked++) {
        pal_query query = domains_stranger(&w.other.log, u);
        pal_lists lists;
        pal_rank_options options = {.k = NEW, .first_item = GOODS};
        assert_int_equal(pal_rank(ctx, model, &query, 1, &options, &arena, &lists), PAL_OK);
        assert_int_equal(lists.counts[0], NEW);
        n_right += lists.items[0] % 2 == u % 2;
    }
    assert_true(n_right > 0.8 * n_asked);
    pal_model_free(model);
    world_release(&w);
    pal_arena_release(&arena);
    support_close(ctx);
}

static void without_the_source_it_is_the_twin(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1), *three = support_open(3);
    world w;
    const char *const spec = "domain_adapt epochs=4 layers=8 coral=1 batch=16";
    world_make(ctx, 1, 9, PAL_SHARED_NONE, &w);
    pal_train_input without = w.input;
    without.source = NULL;
    pal_model *off = support_train(ctx, "domain_adapt epochs=4 source=0", &w.input),
              *none = support_train(ctx, "domain_adapt epochs=4", &without),
              *on = support_train(ctx, spec, &w.input),
              *on_three = support_train(three, spec, &w.input);
    domains_same_tensors(off, none);
    domains_same_tensors(on, on_three);
    assert_true(pal_model_state_bytes(on) > pal_model_state_bytes(none));
    pal_model *const models[] = {off, none, on, on_three};
    for (int32_t i = 0; i < 4; i++) pal_model_free(models[i]);
    world_release(&w);
    support_close(ctx);
    support_close(three);
}

static void reasons_of_both_domains_sum_to_the_score(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(2);
    pal_arena arena = {0};
    world w;
    world_make(ctx, 0, 10, PAL_SHARED_USERS, &w);
    pal_model *model = support_train(ctx, "domain_adapt epochs=10", &w.input);
    for (int32_t user = 0; user < SOURCE_PEOPLE; user += 7) {
        pal_query query = user < LOG_PEOPLE ? pal_query_of_user(model, user) : (pal_query){0},
                  stranger = domains_stranger(&w.other.log, user);
        query.source_user_plus_1 = stranger.source_user_plus_1;
        query.n_source = stranger.n_source;
        query.source_items = stranger.source_items;
        pal_explanation found;
        assert_int_equal(pal_explain(ctx, model, &query, 3, &arena, &found), PAL_OK);
        assert_true(found.is_sum);
        double sum = 0;
        int32_t n_of_source = 0;
        for (int32_t r = 0; r < found.n; r++) {
            sum += found.reasons[r].amount;
            n_of_source += found.reasons[r].is_of_source;
        }
        assert_true(n_of_source > 0);
        assert_true(fabs(sum - found.score) <= 1e-5 * (1 + fabs(sum)));
    }
    pal_model_free(model);
    world_release(&w);
    pal_arena_release(&arena);
    support_close(ctx);
}

/* --- catalogs --- */

/* Columns of the two catalogs meet by name, whatever type each takes them for; words and tokens of
 * both stand for one feature. */
static void columns_meet_by_name(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    world w;
    pal_catalog own, other;
    pal_model *model = NULL;
    world_make(ctx, 0, 12, PAL_SHARED_USERS, &w);
    support_catalog_make(ctx, &w.log, &own);
    support_catalog_make(ctx, &w.other, &other);
    other.n_columns = 2; /* tokens and words */
    w.input.items = &own;
    w.source.items = &other;
    pal_model_free(support_train(ctx, "domain_adapt epochs=2", &w.input));
    double hits[SOURCE_PEOPLE];
    model = support_train(ctx, "domain_adapt batch=32", &w.input);
    domains_hits(ctx, model, &w.other.log, LOG_PEOPLE, SOURCE_PEOPLE, 2, 10, hits);
    double sum = 0;
    for (int32_t u = 0; u < SOURCE_PEOPLE - LOG_PEOPLE; u++)
        sum += hits[u] / (SOURCE_PEOPLE - LOG_PEOPLE);
    if (!(sum > 0.6)) /* chance is 0.5 */
        fail_msg("%g of the camp", sum);
    pal_model_free(model);
    model = NULL;

    strcpy(other.columns[0].name, "team");
    strcpy(other.columns[1].name, "blurb");
    assert_int_equal(pal_model_train(ctx, "domain_adapt", &w.input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "no column of the same name"));
    w.source.items = NULL;
    assert_int_equal(pal_model_train(ctx, "domain_adapt", &w.input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "--source-items"));
    w.input.items = NULL;
    assert_int_equal(pal_model_train(ctx, "domain_adapt", &w.input, &model), PAL_EDATA);
    assert_non_null(strstr(ctx->error, "--items"));
    pal_catalog_release(&own);
    pal_catalog_release(&other);
    world_release(&w);
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_losses),
        cmocka_unit_test(a_rotation_of_features_is_overcome),
        cmocka_unit_test(new_items_are_told_by_their_features),
        cmocka_unit_test(without_the_source_it_is_the_twin),
        cmocka_unit_test(reasons_of_both_domains_sum_to_the_score),
        cmocka_unit_test(columns_meet_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
