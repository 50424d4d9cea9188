/* test_gradients.c - every backward pass against central differences, the layers' own files
 * compiled once more in double. */
#define PAL_REAL_IS_DOUBLE
#include "slopes.h"

#include <math.h>

#include "base/rng.h"
#include "nn/activation.c"
#include "nn/attention.c"
#include "nn/dropout.c"
#include "nn/linear.c"
#include "nn/loops.c"
#include "nn/loops_reference.c"
#include "nn/loss.c"
#include "nn/mlp.c"
#include "nn/norm.c"
#include "nn/parameters.c"
#include "nn/shared.c"
#include "nn/softmax.c"
#include "nn/transformer.c"

enum { N = 5, IN = 4, OUT = 3, ITEMS = 37 };

static pal_real x[N * ITEMS], w[ITEMS * IN], b[ITEMS], pull[N * ITEMS], d[N * ITEMS], kept[2 * N];

static void fill(pal_real *a, int64_t n, uint64_t seed) {
    pal_rng rng = pal_rng_at(seed, 0);
    for (int64_t i = 0; i < n; i++) a[i] = pal_rng_normal(&rng);
}

static double weigh(const pal_real *y, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += pull[i] * y[i];
    return sum;
}

static double linear_value(void) {
    pal_real y[N * OUT];
    pal_linear_forward(x, w, b, N, IN, OUT, y);
    return weigh(y, N * OUT);
}

static void linear_goes_back(void **state) {
    (void)state;
    pal_real dw[OUT * IN] = {0}, db[OUT] = {0};
    pal_linear_backward(x, w, pull, N, IN, OUT, d, dw, db);
    check_slopes(linear_value, x, d, N * IN);
    check_slopes(linear_value, w, dw, OUT * IN);
    check_slopes(linear_value, b, db, OUT);
}

static double norm_value(void) {
    pal_real y[N * IN];
    pal_norm_forward(x, w, b, N, IN, 1e-5, y, kept);
    return weigh(y, N * IN);
}

static void norm_goes_back(void **state) {
    (void)state;
    pal_real dgain[IN] = {0}, dbias[IN] = {0};
    norm_value();
    pal_norm_backward(x, w, kept, pull, N, IN, d, dgain, dbias);
    check_slopes(norm_value, x, d, N * IN);
    check_slopes(norm_value, w, dgain, IN);
    check_slopes(norm_value, b, dbias, IN);
}

static pal_activation form;
static double activation_value(void) {
    pal_real y[N * IN];
    pal_activation_forward(form, x, y, N * IN);
    return weigh(y, N * IN);
}

static void activations_go_back(void **state) {
    (void)state;
    for (int f = 0; pal_activations[f]; f++) {
        pal_real y[N * IN];
        form = (pal_activation)f;
        pal_activation_forward(form, x, y, N * IN);
        pal_activation_backward(form, x, y, pull, d, N * IN);
        check_slopes(activation_value, x, d, N * IN);
    }
}

static pal_real labels[N * IN], unused[N * ITEMS], unused2[N * ITEMS];
static double bce_value(void) { return pal_loss_bce(x, labels, N * IN, 1, unused); }
static double bpr_value(void) { return pal_loss_bpr(x, x + N, N, 1, unused, unused2); }
static double gbce_value(void) { return pal_loss_gbce(x, N, 3, 0.3, 1, unused); }
static double sampled_value(void) { return pal_loss_sampled(x, pull, N, 3, 1, unused); }

static void losses_go_back(void **state) {
    (void)state;
    for (int i = 0; i < N * IN; i++) labels[i] = i % 3 / 2.0;
    pal_loss_bce(x, labels, N * IN, 1, d);
    check_slopes(bce_value, x, d, N * IN);
    pal_loss_bpr(x, x + N, N, 1, d, d + N);
    check_slopes(bpr_value, x, d, 2 * N);
    pal_loss_gbce(x, N, 3, 0.3, 1, d);
    check_slopes(gbce_value, x, d, N * 4);
    pal_loss_sampled(x, pull, N, 3, 1, d);
    check_slopes(sampled_value, x, d, N * 4);
}

static pal_softmax job;
static double softmax_value(void) {
    pal_real dw[ITEMS * IN] = {0}, db[ITEMS] = {0};
    job.d_weights = dw;
    job.d_biases = db;
    job.d_hidden = unused;
    return pal_softmax_run(NULL, &job);
}

/* Round 1: what else people used is no negative, a whole tile among it. */
static void softmax_goes_back(void **state) {
    (void)state;
    static const int64_t starts[] = {0, 6, 7, 9};
    static const int32_t cols[] = {0, 1, 2, 3, 5, 36, 7, 7, 20}, people[N] = {0, 1, 0, 1, 2};
    static const pal_csr used = {.n_rows = 3, .n_cols = ITEMS, .starts = starts, .cols = cols};
    static const int32_t targets[] = {0, 5, 36, 2, 7, 7, 20};
    static const int64_t begins[N] = {0, 3, 3, 5, 6}, ends[N] = {3, 3, 5, 6, 7};
    static const float amounts[] = {1, 2, 0.5f, 1, 1, 3, 1};
    pal_real dw[ITEMS * IN] = {0}, db[ITEMS] = {0};
    pal_arena arena = {0};
    pal_ctx *ctx = support_open(1);
    assert_int_equal(pal_softmax_open(ctx, "test", ITEMS, IN, &arena, &job), PAL_OK);
    job.weights = w;
    job.biases = b;
    job.n_rows = N;
    job.hidden = x;
    job.begins = begins;
    job.ends = ends;
    job.targets = targets;
    job.amounts = amounts;
    job.scale = 1;
    job.people = people;
    double losses[2];
    for (int round = 0; round < 2; round++) {
        memset(dw, 0, sizeof dw);
        memset(db, 0, sizeof db);
        job.used = round ? &used : NULL;
        job.d_weights = dw;
        job.d_biases = db;
        job.d_hidden = d;
        losses[round] = pal_softmax_run(NULL, &job);
        check_slopes(softmax_value, x, d, N * IN);
        check_slopes(softmax_value, w, dw, ITEMS * IN);
        check_slopes(softmax_value, b, db, ITEMS);
    }
    assert_true(losses[1] < losses[0]);
    pal_arena_release(&arena);
    support_close(ctx);
}

enum { LONG = 70, WIDE = 4 };
static const int64_t attention_starts[] = {3, 3, 3 + LONG, 4 + LONG, 9 + LONG};
static const pal_attention attention = {WIDE, 2, 4, attention_starts};
static pal_real qkv[(LONG + 6) * 3 * WIDE], weights[2 * (LONG * LONG + 26)],
    attention_pull[(LONG + 6) * WIDE];

static double attention_value(void) {
    pal_real y[(LONG + 6) * WIDE];
    double sum = 0;
    pal_attention_forward(&attention, qkv, weights, y);
    for (int64_t i = 0; i < (LONG + 6) * WIDE; i++) sum += attention_pull[i] * y[i];
    return sum;
}

/* Sequences of no, one, few and more than a tile of positions. */
static void attention_goes_back(void **state) {
    (void)state;
    pal_real dqkv[(LONG + 6) * 3 * WIDE], room[PAL_ATTENTION_TILE * LONG];
    assert_int_equal(pal_attention_weights(&attention), sizeof weights / sizeof *weights);
    assert_int_equal(pal_attention_room(LONG), sizeof room / sizeof *room);
    fill(qkv, (LONG + 6) * 3 * WIDE, 5);
    fill(attention_pull, (LONG + 6) * WIDE, 6);
    attention_value();
    pal_attention_backward(&attention, qkv, weights, attention_pull, room, dqkv);
    check_slopes(attention_value, qkv, dqkv, (LONG + 6) * 3 * WIDE);
}

enum { POSITIONS = 6 };
static const int64_t transformer_starts[] = {0, 4, POSITIONS};
static pal_parameters network;
static pal_transformer_job transformer_job;
static pal_real read_in[POSITIONS * WIDE];

static double transformer_value(void) {
    pal_real y[POSITIONS * WIDE];
    memcpy(transformer_job.room->blocks[0].x, read_in, sizeof read_in);
    pal_transformer_forward(&transformer_job, y);
    return weigh(y, POSITIONS * WIDE);
}

/* Two blocks with the decisions of dropout held fast. */
static void transformer_goes_back(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    pal_transformer t = {.width = WIDE,
                         .inner = 5,
                         .n_heads = 2,
                         .n_blocks = 2,
                         .activation = PAL_ACTIVATION_TANH,
                         .dropout = 0.3};
    pal_transformer_room room;
    pal_real dx[POSITIONS * WIDE];
    pal_transformer_add(&t, &network);
    assert_int_equal(pal_parameters_open(ctx, "test", 1, &arena, &arena, &network), PAL_OK);
    int64_t size = pal_transformer_cut(&t, POSITIONS, 4, 16 + 4, NULL, &room);
    pal_real *base = PAL_ARENA_ARRAY(&arena, pal_real, size);
    assert_non_null(base);
    assert_int_equal(pal_transformer_cut(&t, POSITIONS, 4, 16 + 4, base, &room), size);
    pal_transformer_draw(&t, 7, network.values);
    for (int64_t i = 0; i < network.n; i++) network.values[i] += 0.05 * (double)(i % 5 - 2);
    fill(read_in, POSITIONS * WIDE, 8);
    transformer_job = (pal_transformer_job){.t = &t,
                                            .room = &room,
                                            .values = network.values,
                                            .n_sequences = 2,
                                            .starts = transformer_starts,
                                            .key = {5, 3, 1}};
    transformer_value();
    pal_transformer_backward(&transformer_job, pull, network.gradient, dx);
    check_slopes(transformer_value, read_in, dx, POSITIONS * WIDE);
    check_slopes(transformer_value, network.values, network.gradient, network.n);
    pal_arena_release(&arena);
    support_close(ctx);
}

static pal_mlp mlp;
static pal_real mlp_values[256], mlp_room[N * 64];
static double mlp_value(void) {
    return weigh(pal_mlp_forward(&mlp, mlp_values, x, N, mlp_room), N * OUT);
}

/* Two hidden layers, one, none; with activations that look at their input and at their output. */
static void networks_go_back(void **state) {
    (void)state;
    static const int32_t hidden[] = {6, 5};
    for (int32_t n_hidden = 0; n_hidden <= 2; n_hidden++) {
        for (int32_t f = PAL_ACTIVATION_GELU; f <= PAL_ACTIVATION_TANH; f++) {
            pal_parameters p = {0};
            pal_real gradient[256] = {0};
            pal_mlp_plan(IN, hidden, n_hidden, OUT, (pal_activation)f, &p, &mlp);
            assert_true(p.n <= 256 && pal_mlp_room(&mlp) <= 64);
            fill(mlp_values, p.n, 7);
            pal_mlp_forward(&mlp, mlp_values, x, N, mlp_room);
            pal_mlp_backward(&mlp, mlp_values, x, N, pull, mlp_room, d, gradient);
            check_slopes(mlp_value, x, d, N * IN);
            check_slopes(mlp_value, mlp_values, gradient, p.n);
        }
    }
}

static pal_shared shared;
static double shared_value(void) {
    pal_real d_hidden[N * IN], d_vectors[(N + 2) * IN];
    shared.d_hidden = d_hidden;
    shared.d_vectors = d_vectors;
    return pal_shared_run(NULL, &shared);
}

/* Item 4 is used by two rows and drawn once more: it must not be its own negative. */
static void shared_candidates_go_back(void **state) {
    (void)state;
    static const int32_t items[] = {4, 1, 2, 4, 3, 4, 9};
    static const pal_real amounts[] = {1, 2, 0.5, 1, 3};
    pal_real log_q[N + 2], d_vectors[(N + 2) * IN], logits[N * (N + 2)];
    fill(log_q, N + 2, 9);
    shared = (pal_shared){.n_rows = N,
                          .n_candidates = N + 2,
                          .width = IN,
                          .items = items,
                          .vectors = w,
                          .log_q = log_q,
                          .amounts = amounts,
                          .hidden = x,
                          .d_hidden = d,
                          .d_vectors = d_vectors,
                          .scale = 1,
                          .logits = logits};
    double loss = pal_shared_run(NULL, &shared);
    assert_true(logits[5] == 0 && logits[3] == 0 && logits[6] > 0);
    check_slopes(shared_value, x, d, N * IN);
    check_slopes(shared_value, w, d_vectors, (N + 2) * IN);
    assert_true(fabs(shared_value() - loss) < 1e-12);
}

int main(void) {
    fill(x, N * ITEMS, 1);
    fill(w, ITEMS * IN, 2);
    fill(b, ITEMS, 3);
    fill(pull, N * ITEMS, 4);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_goes_back),         cmocka_unit_test(norm_goes_back),
        cmocka_unit_test(activations_go_back),      cmocka_unit_test(losses_go_back),
        cmocka_unit_test(softmax_goes_back),        cmocka_unit_test(attention_goes_back),
        cmocka_unit_test(transformer_goes_back),    cmocka_unit_test(networks_go_back),
        cmocka_unit_test(shared_candidates_go_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
