/* test_history.c - people whom a model did not learn from: what every kind that answers them from
 * a history must say, beside the same kind trained with them. And which part of a log is learned
 * from: --train-window and --half-life reach every kind, or it says that they do not. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "models/rank.h"
#include "models/registry.h"
#include "models/train.h"
#include "specs.h"

/* Tastes and kinds of things are points in the plane; what lies near is used and liked more. */
enum { PEOPLE = 240, THINGS = 40, EACH_HELD = 12, HELD = PEOPLE / EACH_HELD, TOP = 10 };

typedef struct {
    int32_t users[PEOPLE * THINGS], items[PEOPLE * THINGS];
    int64_t times[PEOPLE * THINGS];
    float values[PEOPLE * THINGS];
    int64_t n;
} history_events;

static bool is_held(int32_t user) { return user % EACH_HELD == 0; }

static void history_draw(bool with_held, history_events *out) {
    static double tastes[PEOPLE][2], things[THINGS][3];
    pal_rng rng = pal_rng_at(7, 0);
    for (int32_t i = 0; i < THINGS; i++) {
        for (int32_t d = 0; d < 3; d++) things[i][d] = pal_rng_normal(&rng);
    }
    out->n = 0;
    for (int32_t u = 0; u < PEOPLE; u++) {
        for (int32_t d = 0; d < 2; d++) tastes[u][d] = pal_rng_normal(&rng);
        for (int32_t i = 0; i < THINGS; i++) {
            double match = tastes[u][0] * things[i][0] + tastes[u][1] * things[i][1];
            double wanted = 1.5 * match + 0.3 * things[i][2] - 0.5;
            bool is_used = pal_rng_uniform(&rng) < 1 / (1 + exp(-wanted));
            double value = 3 + match + 0.3 * pal_rng_normal(&rng);
            int64_t hour = (int64_t)pal_rng_below(&rng, 24 * 365);
            if (!is_used || (!with_held && is_held(u))) continue;
            out->users[out->n] = u;
            out->items[out->n] = i;
            out->values[out->n] = (float)fmin(5, fmax(1, round(value)));
            out->times[out->n++] = 1600000000 + hour * 3600;
        }
    }
}

static void history_log(pal_ctx *ctx, bool with_held, support_log *out) {
    static history_events events;
    history_draw(with_held, &events);
    support_log_make(ctx, out, PEOPLE, THINGS, events.n, events.users, events.items, events.times,
                     events.values);
}

/* more: of the spec, e.g. " target=value". */
static pal_model *train_on(pal_ctx *ctx, const pal_kind *kind, const char *more, const pal_log *log,
                           const pal_log *histories) {
    pal_model *model = NULL;
    support_log named = {.items = *log->about.item_ids};
    pal_catalog catalog;
    support_catalog_make(ctx, &named, &catalog);
    bool needs = kind->traits & PAL_NEEDS_CATALOG;
    pal_train_input input = {.log = log, .histories = histories, .items = needs ? &catalog : NULL};
    char spec[160];
    bool is_weighed = pal_param_find(kind->params, "weights") && kind->parts;
    char options[64];
    snprintf(options, sizeof options, "%s%s", is_weighed ? " weights=0.5,0.5" : "", more);
    spec_of_kind(kind, "item_knn > ease", "popular, item_knn", "item_knn", options, spec,
                 sizeof spec);
    if (pal_model_train(ctx, spec, &input, &model) != PAL_OK) fail_msg("%s: %s", spec, ctx->error);
    model->items = NULL; /* ends with this function */
    pal_catalog_release(&catalog);
    return model;
}

/* Where it only matters that something was learned. */
static const char *few_epochs(const pal_kind *kind) {
    return pal_param_find(kind->params, "epochs") ? " epochs=3" : "";
}

/* Scores of all things for the people held out: [HELD, THINGS]. What a kind cannot score counts as
 * its lowest score. */
static void score_held(const pal_model *model, const pal_query *queries, double *out) {
    pal_arena arena = {0};
    const pal_kind *kind = model->kind;
    size_t bytes = kind->scratch_bytes ? kind->scratch_bytes(model->params, model->state, 1) : 0;
    void *scratch = pal_arena_alloc(&arena, (int64_t)bytes, 1);
    float *scores = PAL_ARENA_ARRAY(&arena, float, THINGS);
    assert_true(scratch && scores);
    for (int32_t h = 0; h < HELD; h++) {
        kind->score(model->params, model->state, &queries[h], 1, scratch, scores);
        double lowest = INFINITY;
        for (int32_t i = 0; i < THINGS; i++) {
            assert_false(isnan(scores[i]));
            if (isfinite(scores[i])) lowest = fmin(lowest, (double)scores[i]);
        }
        for (int32_t i = 0; i < THINGS; i++)
            out[h * THINGS + i] = isfinite(scores[i]) ? (double)scores[i] : lowest;
    }
    pal_arena_release(&arena);
}

/* Takes out what all people share, and how high each is scored in general. */
static void center(double *scores) {
    for (int32_t i = 0; i < THINGS; i++) {
        double mean = 0;
        for (int32_t h = 0; h < HELD; h++) mean += scores[h * THINGS + i] / HELD;
        for (int32_t h = 0; h < HELD; h++) scores[h * THINGS + i] -= mean;
    }
    for (int32_t h = 0; h < HELD; h++) {
        double mean = 0;
        for (int32_t i = 0; i < THINGS; i++) mean += scores[h * THINGS + i] / THINGS;
        for (int32_t i = 0; i < THINGS; i++) scores[h * THINGS + i] -= mean;
    }
}

static double correlation(const double *a, const double *b) {
    double ab = 0, aa = 0, bb = 0;
    for (int32_t i = 0; i < THINGS; i++) {
        ab += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static bool is_in_top(const double *scores, int32_t item) {
    int32_t before = 0;
    for (int32_t i = 0; i < THINGS; i++)
        before += scores[i] > scores[item] || (scores[i] >= scores[item] && i < item);
    return before < TOP;
}

/* Share of the first TOP things that two people's scores have in common. */
static double overlap(const double *a, const double *b) {
    int32_t n = 0;
    for (int32_t i = 0; i < THINGS; i++) n += is_in_top(a, i) && is_in_top(b, i);
    return (double)n / TOP;
}

/* Means over the people held out; other: the folded list of one against what another gets. */
typedef struct {
    double correlation, other_correlation, overlap, other_overlap;
} history_agreement;

static history_agreement agreement(double *folded, double *trained) {
    history_agreement out = {0};
    center(folded);
    center(trained);
    for (int32_t h = 0; h < HELD; h++) {
        const double *mine = folded + h * THINGS;
        for (int32_t o = 0; o < HELD; o++) {
            const double *theirs = trained + o * THINGS;
            double share = o == h ? 1.0 / HELD : 1.0 / (HELD * (HELD - 1));
            *(o == h ? &out.correlation : &out.other_correlation) +=
                share * correlation(mine, theirs);
            *(o == h ? &out.overlap : &out.other_overlap) += share * overlap(mine, theirs);
        }
    }
    return out;
}

/* own: each answered by his own history; other: by that of the next person. */
static void fold_in(const pal_kind *kind, const char *target, history_agreement *own,
                    history_agreement *other) {
    pal_ctx *ctx = support_open(2);
    static double folded[HELD * THINGS], trained[HELD * THINGS];
    support_log all, rest;
    history_log(ctx, true, &all);
    history_log(ctx, false, &rest);
    pal_model *with = train_on(ctx, kind, target, &all.log, NULL),
              *without = train_on(ctx, kind, target, &rest.log, NULL);
    pal_query known[HELD], strangers[HELD];
    for (int32_t h = 0; h < HELD; h++) known[h] = pal_query_of_user(with, h * EACH_HELD);
    for (int32_t shift = 0; shift < 2; shift++) {
        for (int32_t h = 0; h < HELD; h++) {
            strangers[h] = known[(h + shift) % HELD];
            strangers[h].user_plus_1 = 0;
        }
        score_held(with, known, trained);
        score_held(without, strangers, folded);
        *(shift ? other : own) = agreement(folded, trained);
    }
    pal_model_free(with);
    pal_model_free(without);
    support_log_release(&all);
    support_log_release(&rest);
    support_close(ctx);
}

/* Kinds whose scores know nothing of who asks, and those that draw them. */
static bool has_tastes(const pal_kind *kind) {
    return (kind->traits & PAL_SCORES_NEW_USERS) && !(kind->traits & PAL_SCORES_STRANGERS);
}

/* Well above what another person's list has in common. nn, drawn with another seed, agrees with
 * itself to no more than .8. */
static bool is_answered(const history_agreement *of) {
    return of->correlation >= 0.7 && of->correlation >= of->other_correlation + 0.5 &&
           of->overlap >= of->other_overlap + 0.2;
}

static void check_history(const pal_kind *kind, const char *target) {
    history_agreement own, other;
    fold_in(kind, target, &own, &other);
    print_message(
        "  %-12s %-13s correlation %.2f (another's %.2f), first %d in common %.2f (%.2f)\n",
        kind->name, target, own.correlation, own.other_correlation, TOP, own.overlap,
        own.other_overlap);
    if (!is_answered(&own)) fail_msg("%s does not answer from a history", kind->name);
    if (is_answered(&other)) fail_msg("%s answers from anybody's history", kind->name);
}

/* Networks of the order keep no row of a person: everybody is answered from his history, and two
 * trainings differ by more than one person's part in them. So the same model must answer a stranger
 * exactly as the person whose history he has, and not as somebody else. */
static bool is_answered_by_history_alone(const pal_kind *kind) {
    pal_ctx *ctx = support_open(2);
    pal_tensor tensors[PAL_TENSORS_MAX];
    static double own[HELD * THINGS], same[HELD * THINGS], other[HELD * THINGS];
    support_log all;
    history_log(ctx, true, &all);
    pal_model *model = train_on(ctx, kind, few_epochs(kind), &all.log, NULL);
    int32_t n = pal_model_tensors(model, tensors), n_same = 0;
    bool has_rows = false;
    for (int32_t t = 0; t < n; t++) has_rows |= tensors[t].role == PAL_ROLE_USERS;
    pal_query known[HELD], strangers[HELD], others[HELD];
    for (int32_t h = 0; h < HELD; h++) known[h] = pal_query_of_user(model, h * EACH_HELD);
    for (int32_t h = 0; h < HELD; h++) {
        strangers[h] = known[h];
        others[h] = known[(h + 1) % HELD];
        strangers[h].user_plus_1 = others[h].user_plus_1 = 0;
    }
    score_held(model, known, own);
    score_held(model, strangers, same);
    score_held(model, others, other);
    if (!has_rows) {
        assert_memory_equal(own, same, sizeof own);
        for (int32_t h = 0; h < HELD; h++)
            n_same += !memcmp(own + h * THINGS, other + h * THINGS, THINGS * sizeof *own);
        assert_int_equal(n_same, 0);
    }
    pal_model_free(model);
    support_log_release(&all);
    support_close(ctx);
    return !has_rows;
}

static void a_history_does_what_training_would(void **state) {
    (void)state;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        const pal_kind *kind = pal_kinds[k];
        if (!has_tastes(kind)) continue;
        bool is_network_of_order =
            (kind->traits & PAL_USES_ORDER) && !strcmp(kind->family, "neural");
        if (is_network_of_order && is_answered_by_history_alone(kind)) continue;
        if (pal_param_find(kind->params, "target")) {
            check_history(kind, " target=value");
            check_history(kind, " target=event");
        } else {
            check_history(kind, "");
        }
    }
}

/* --- what is learned from --- */

/* Everybody's scores, by the histories of the whole log. */
static void score_everybody(const pal_model *model, const pal_log *log, float *out) {
    pal_arena arena = {0};
    const pal_kind *kind = model->kind;
    size_t bytes = kind->scratch_bytes ? kind->scratch_bytes(model->params, model->state, 1) : 0;
    void *scratch = pal_arena_alloc(&arena, (int64_t)bytes, 1);
    assert_non_null(scratch);
    for (int32_t u = 0; u < PEOPLE; u++) {
        pal_query query = pal_query_of_user(model, u);
        kind->score(model->params, model->state, &query, 1, scratch, out + (int64_t)u * THINGS);
    }
    assert_int_equal(log->n_items, THINGS);
    pal_arena_release(&arena);
}

/* Whether the scores differ when the log is weighed so. */
static bool does_weighing_matter(const pal_kind *kind, double half_life, double window) {
    static float plain[PEOPLE * THINGS], weighed[PEOPLE * THINGS];
    pal_ctx *ctx = support_open(2);
    support_log log;
    pal_log part;
    history_log(ctx, true, &log);
    assert_int_equal(pal_log_weigh(ctx, &log.log, half_life, window, &part), PAL_OK);
    pal_model *whole = train_on(ctx, kind, few_epochs(kind), &log.log, NULL),
              *recent = train_on(ctx, kind, few_epochs(kind), &part, &log.log);
    score_everybody(whole, &log.log, plain);
    score_everybody(recent, &log.log, weighed);
    pal_model_free(whole);
    pal_model_free(recent);
    pal_log_release(&part);
    support_log_release(&log);
    support_close(ctx);
    return memcmp(plain, weighed, sizeof plain) != 0;
}

static const double day = 86400;

static void the_window_reaches_every_kind(void **state) {
    (void)state;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        if (pal_kinds[k]->traits & PAL_IS_CONTROL) continue;
        if (!does_weighing_matter(pal_kinds[k], 0, 120 * day))
            fail_msg("%s does not see --train-window", pal_kinds[k]->name);
    }
}

static void the_half_life_reaches_kinds_that_do_not_deny_it(void **state) {
    (void)state;
    for (int32_t k = 0; pal_kinds[k]; k++) {
        if (pal_kinds[k]->traits & PAL_IS_CONTROL) continue;
        bool ignores = pal_kinds[k]->traits & PAL_IGNORES_WEIGHTS;
        if (does_weighing_matter(pal_kinds[k], 30 * day, 0) == ignores)
            fail_msg("%s %s --half-life", pal_kinds[k]->name, ignores ? "sees" : "does not see");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_does_what_training_would),
        cmocka_unit_test(the_window_reaches_every_kind),
        cmocka_unit_test(the_half_life_reaches_kinds_that_do_not_deny_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
