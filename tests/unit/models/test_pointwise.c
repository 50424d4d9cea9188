/* test_pointwise.c - derivatives of all forms against central differences, steps against a case
 * worked out by hand. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "models/forms.h"
#include "models/registry.h"

enum { N_ROWS = 2, ROOM = 512 };

typedef struct {
    pal_arena arena;
    pal_form form;
    double users[ROOM], items[ROOM], globals[ROOM], gradients[3 * ROOM], scratch[4 * ROOM];
    pal_weights weights;
} learner;

/* The form of a spec, with parameters drawn for two users and two items. */
static void learner_open(pal_ctx *ctx, const char *spec, bool is_event, uint64_t seed,
                         learner *out) {
    const pal_kind *kind;
    void *params;
    memset(out, 0, sizeof *out);
    if (pal_kind_parse(ctx, spec, &out->arena, &kind, &params) != PAL_OK)
        fail_msg("%s", ctx->error);
    out->form = !strcmp(kind->name, "mf")    ? pal_form_mf(params)
                : !strcmp(kind->name, "gmf") ? pal_form_gmf(params)
                                             : pal_form_nn(params, is_event);
    assert_true(N_ROWS * out->form.user_width <= ROOM && out->form.n_globals <= ROOM);
    assert_true(pal_form_scratch(&out->form) <= 4 * ROOM);
    out->weights = (pal_weights){N_ROWS, N_ROWS, out->users, out->items, out->globals};
    pal_rng rng = pal_rng_at(seed, 0);
    /* Not by `start`: signs differ here, and nothing is 0. */
    for (int32_t i = 0; i < ROOM; i++) {
        out->users[i] = 0.7 * pal_rng_normal(&rng);
        out->items[i] = 0.7 * pal_rng_normal(&rng);
        out->globals[i] = 0.7 * pal_rng_normal(&rng);
    }
}

static double loss_of(const learner *l, bool is_event, double target, double *scratch) {
    const pal_form *form = &l->form;
    double r = form->predict(form, l->users, l->items, l->globals, scratch);
    return is_event ? log1p(exp(r)) - target * r : (target - r) * (target - r);
}

/* ∂loss/∂*x by the form beside the difference; the error relative to the largest of the vector. */
static void check_part(learner *l, bool is_event, double target, double *x, const double *d,
                       int32_t from, int32_t n, double e, const char *spec) {
    const double h = 1e-5;
    double largest = 1e-3;
    for (int32_t i = from; i < n; i++) largest = fmax(largest, fabs(e * d[i]));
    for (int32_t i = from; i < n; i++) {
        double scratch[ROOM], kept = x[i];
        x[i] = kept + h;
        double up = loss_of(l, is_event, target, scratch);
        x[i] = kept - h;
        double down = loss_of(l, is_event, target, scratch);
        x[i] = kept;
        double by_difference = (up - down) / (2 * h), by_form = -e * d[i];
        if (!(fabs(by_difference - by_form) <= 1e-6 * largest))
            fail_msg("%s: derivative %d is %.12g, by differences %.12g", spec, (int)i, by_form,
                     by_difference);
    }
}

static void check_gradients(pal_ctx *ctx, const char *spec, bool is_event, double target,
                            uint64_t seed) {
    static learner l;
    learner_open(ctx, spec, is_event, seed, &l);
    const pal_form *f = &l.form;
    double d_user[ROOM], d_item[ROOM], d_globals[ROOM], scratch[ROOM];
    double r = f->derive(f, l.users, l.items, l.globals, d_user, d_item, d_globals, scratch);
    assert_true(r == f->predict(f, l.users, l.items, l.globals, scratch));
    double e = is_event ? target - 1 / (1 + exp(-r)) : 2 * (target - r);
    check_part(&l, is_event, target, l.users, d_user, 0, f->user_width, e, spec);
    check_part(&l, is_event, target, l.items, d_item, 0, f->item_width, e, spec);
    check_part(&l, is_event, target, l.globals, d_globals, f->n_fixed_globals, f->n_globals, e,
               spec);
    pal_arena_release(&l.arena);
}

static void derivatives_are_those_of_the_loss(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    static const char *const layers[] = {"", "layers=5", "layers=6,3"};
    static const char *const features[] = {"concat", "product", "both"};
    static const char *const activations[] = {"relu", "tanh", "sigmoid"};
    char spec[128];
    for (int event = 0; event < 2; event++) {
        double target = event ? 1 : 0.8;
        for (int biases = 0; biases < 2; biases++) {
            snprintf(spec, sizeof spec, "mf factors=7 biases=%d", biases);
            check_gradients(ctx, spec, event, target, 1);
            snprintf(spec, sizeof spec, "gmf factors=7 biases=%d", biases);
            check_gradients(ctx, spec, event, target, 2);
        }
        for (int i = 0; i < 27; i++) {
            snprintf(spec, sizeof spec, "nn factors=5 features=%s activation=%s %s",
                     features[i % 3], activations[i / 3 % 3], layers[i / 9]);
            check_gradients(ctx, spec, event, target, 3 + (uint64_t)i);
            check_gradients(ctx, spec, event, event ? 0 : 0.1, 40 + (uint64_t)i);
        }
    }
    support_close(ctx);
}

/* U = (1; 2), V = (3; 4), one factor; known: r_00 = 2, r_01 = 5, r_10 = 6. α = 0.1.
 * Errors before: 2 - 3 = -1, 5 - 4 = 1, 6 - 6 = 0; loss 2. */
static const int32_t hand_users[] = {0, 0, 1}, hand_items[] = {0, 1, 0};
static const double hand_targets[] = {2, 5, 6};

static void hand_start(pal_ctx *ctx, const char *spec, learner *l) {
    learner_open(ctx, spec, false, 1, l);
    l->users[0] = 1;
    l->users[1] = 2;
    l->items[0] = 3;
    l->items[1] = 4;
}

static void assert_close(double found, double expected) {
    if (!(fabs(found - expected) <= 1e-12)) fail_msg("%.15g, not %.15g", found, expected);
}

static void whole_step_by_hand(void **state) {
    (void)state;
    static learner l;
    pal_ctx *ctx = support_open(1);
    pal_triples triples = {3, hand_users, hand_items, hand_targets};
    hand_start(ctx, "mf factors=1 biases=0", &l);
    assert_close(pal_loss_squared(&l.form, &triples, &l.weights, l.scratch), 2);
    assert_close(pal_step_whole(&l.form, &triples, 0.1, 0, &l.weights, l.gradients, l.scratch), 2);
    assert_close(l.users[0], 1 + 0.2 * (-1 * 3 + 1 * 4)); /* 1.2 */
    assert_close(l.users[1], 2);
    assert_close(l.items[0], 3 + 0.2 * (-1 * 1)); /* 2.8 */
    assert_close(l.items[1], 4 + 0.2 * (1 * 1));  /* 4.2 */
    pal_arena_release(&l.arena);

    /* The same with l2 = 0.5: every row also shrinks by α · 2 · 0.5 = a tenth, once. */
    hand_start(ctx, "mf factors=1 biases=0", &l);
    assert_close(pal_step_whole(&l.form, &triples, 0.1, 0.5, &l.weights, l.gradients, l.scratch),
                 2);
    assert_close(l.users[0], 1.2 - 0.1);
    assert_close(l.users[1], 2 - 0.2);
    assert_close(l.items[0], 2.8 - 0.3);
    assert_close(l.items[1], 4.2 - 0.4);
    pal_arena_release(&l.arena);
    support_close(ctx);
}

static void single_steps_by_hand(void **state) {
    (void)state;
    static learner l;
    pal_ctx *ctx = support_open(1);
    pal_triples triples = {3, hand_users, hand_items, hand_targets};
    hand_start(ctx, "mf factors=1 biases=0", &l);
    double loss = pal_step_each(&l.form, &triples, 0.1, 0, &l.weights, l.scratch);
    /* (0, 0): e = -1: U_0 = 1 - 0.6 = 0.4, V_0 = 3 - 0.2 = 2.8.
     * (0, 1): r̂ = 1.6, e = 3.4: U_0 = 0.4 + 2.72 = 3.12, V_1 = 4 + 0.272 = 4.272.
     * (1, 0): r̂ = 5.6, e = 0.4: U_1 = 2 + 0.224 = 2.224, V_0 = 2.8 + 0.16 = 2.96. */
    assert_close(loss, 1 + 3.4 * 3.4 + 0.4 * 0.4);
    assert_close(l.users[0], 3.12);
    assert_close(l.users[1], 2.224);
    assert_close(l.items[0], 2.96);
    assert_close(l.items[1], 4.272);
    pal_arena_release(&l.arena);

    /* gmf with w = 1 predicts the same; w moves by the product of the old rows. */
    hand_start(ctx, "gmf factors=1 biases=0", &l);
    l.globals[0] = 1;
    triples.n = 1;
    assert_close(pal_step_each(&l.form, &triples, 0.1, 0, &l.weights, l.scratch), 1);
    assert_close(l.users[0], 0.4);
    assert_close(l.items[0], 2.8);
    assert_close(l.globals[0], 1 - 0.2 * 3);
    pal_arena_release(&l.arena);
    support_close(ctx);
}

/* Whole steps add what each triple asks for; fixed rows stay. */
static void fixed_rows_stay(void **state) {
    (void)state;
    static learner l;
    pal_ctx *ctx = support_open(1);
    const double targets[] = {0.2, 0.9, 0.5};
    pal_triples triples = {3, hand_users, hand_items, targets};
    for (int order = 0; order < 2; order++) {
        hand_start(ctx, "nn factors=1 features=concat rows=fixed", &l);
        l.globals[0] = l.globals[1] = 0.5;
        l.globals[2] = -2;
        /* z of (0, 0) is 0.5 · 1 + 0.5 · 3 - 2 = 0, so r̂ = 1/2 and r̂ (1 - r̂) = 1/4. */
        triples.n = 1;
        double loss =
            order ? pal_step_each(&l.form, &triples, 0.1, 0, &l.weights, l.scratch)
                  : pal_step_whole(&l.form, &triples, 0.1, 0, &l.weights, l.gradients, l.scratch);
        double step = 0.2 * (0.2 - 0.5) * 0.25;
        assert_close(loss, 0.09);
        assert_close(l.globals[0], 0.5 + step * 1);
        assert_close(l.globals[1], 0.5 + step * 3);
        assert_close(l.globals[2], -2 + step);
        assert_true(l.users[0] == 1 && l.items[0] == 3);
        pal_arena_release(&l.arena);
    }
    support_close(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derivatives_are_those_of_the_loss),
        cmocka_unit_test(whole_step_by_hand),
        cmocka_unit_test(single_steps_by_hand),
        cmocka_unit_test(fixed_rows_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
