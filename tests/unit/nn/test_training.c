/* test_training.c - what turns gradients into models: Adam and losses against PyTorch's numbers,
 * tables, buffers of chunks, dropout, schedules, the loop of epochs. */
#include "support.h"

#include <math.h>

#include "../../golden/nn.h"
#include "base/rng.h"
#include "nn/adam.h"
#include "nn/attention.h"
#include "nn/dropout.h"
#include "nn/loss.h"
#include "nn/schedule.h"
#include "nn/softmax.h"
#include "nn/training.h"

enum { GOLDEN = 6, STEPS = 5, CELLS = 12 };

static void near(const float *a, const double *golden, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        assert_true(fabs((double)a[i] - golden[i]) <= 1e-6 * (1 + fabs(golden[i])));
}

static void to_float(const double *golden, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = (float)golden[i];
}

/* --- golden numbers --- */

static void adam_is_pytorchs(void **state) {
    (void)state;
    const struct {
        double l2, decay;
        const double *golden;
    } cases[] = {{0, 0, golden_adam}, {0.125, 0, golden_adam_l2}, {0, 0.125, golden_adamw}};
    for (int c = 0; c < 3; c++) {
        pal_ctx *ctx = support_open(2);
        pal_arena arena = {0};
        pal_parameters p = {0};
        pal_table table;
        const int32_t row = 1;
        float rows[2 * GOLDEN];
        pal_parameters_add(&p, "x", 1, GOLDEN);
        assert_int_equal(pal_parameters_open(ctx, "test", 1, &arena, &arena, &p), PAL_OK);
        assert_int_equal(pal_table_open(ctx, "test", rows, 2, GOLDEN, 1, &arena, &table), PAL_OK);
        to_float(golden_start, p.values, GOLDEN);
        to_float(golden_start, rows, GOLDEN);
        to_float(golden_start, rows + GOLDEN, GOLDEN);
        for (int64_t t = 1; t <= STEPS; t++) {
            pal_adam adam = pal_adam_at(0.05, t);
            adam.l2 = cases[c].l2;
            adam.decay = cases[c].decay;
            float *gradient = pal_parameters_chunk(&p, 0);
            to_float(golden_gradients + (t - 1) * GOLDEN, gradient, GOLDEN);
            pal_parameters_sum(ctx->pool, &p);
            pal_table_touch(&table, &row, NULL, NULL, 1);
            pal_table_sum(ctx->pool, &table, gradient, GOLDEN);
            pal_adam_parameters(ctx->pool, &adam, &p);
            pal_adam_table(ctx->pool, &adam, &table);
        }
        near(p.values, cases[c].golden, GOLDEN);
        near(rows, golden_start, GOLDEN); /* never touched */
        near(rows + GOLDEN, cases[c].golden, GOLDEN);
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

static void losses_are_pytorchs(void **state) {
    (void)state;
    float logits[CELLS], labels[CELLS], log_q[CELLS], d[CELLS], used[3], drawn[3], d2[3];
    to_float(golden_logits, logits, CELLS);
    to_float(golden_labels, labels, CELLS);
    to_float(golden_log_q, log_q, CELLS);
    float loss = (float)pal_loss_bce(logits, labels, CELLS, 1, d);
    near(&loss, golden_bce, 1);
    near(d, golden_d_bce, CELLS);
    loss = (float)pal_loss_gbce(logits, 3, 3, 0.3, 1, d);
    near(&loss, golden_gbce, 1);
    near(d, golden_d_gbce, CELLS);
    loss = (float)pal_loss_sampled(logits, log_q, 3, 3, 1, d);
    near(&loss, golden_sampled, 1);
    near(d, golden_d_sampled, CELLS);
    for (int r = 0; r < 3; r++) {
        used[r] = logits[4 * r];
        drawn[r] = logits[4 * r + 1];
    }
    loss = (float)pal_loss_bpr(used, drawn, 3, 1, d, d2);
    near(&loss, golden_bpr, 1);
    near(d, golden_d_bpr, 3);
    near(d2, golden_d_bpr_2, 3);
}

/* Logits of 4 items as biases, one row after the other, hidden of no say. */
static void softmax_is_pytorchs(void **state) {
    (void)state;
    static const int32_t targets[] = {0, 1, 2, 3};
    static const int64_t begin = 0, end = 4;
    pal_ctx *ctx = support_open(2);
    pal_arena arena = {0};
    double sum = 0;
    for (int is_kept = 0; is_kept < 2; is_kept++) {
        for (int r = 0; r < 3; r++) {
            float weights[4] = {0}, d_weights[4], d_biases[4] = {0}, hidden = 1, d_hidden,
                  biases[4], amounts[4];
            pal_softmax job;
            assert_int_equal(pal_softmax_open(ctx, "test", 4, 1, &arena, &job), PAL_OK);
            to_float(golden_logits + 4 * r, biases, 4);
            to_float(golden_amounts + 4 * r, amounts, 4);
            memset(d_weights, 0, sizeof d_weights);
            job.is_kept = is_kept;
            job.weights = weights;
            job.biases = biases;
            job.d_weights = d_weights;
            job.d_biases = d_biases;
            job.n_rows = 1;
            job.hidden = &hidden;
            job.d_hidden = &d_hidden;
            job.begins = &begin;
            job.ends = &end;
            job.targets = targets;
            job.amounts = amounts;
            job.scale = 1;
            sum += pal_softmax_run(ctx->pool, &job);
            near(d_biases, golden_d_multinomial + 4 * r, 4);
            near(d_weights, golden_d_multinomial + 4 * r, 4);
        }
    }
    float loss = (float)(sum / 2);
    near(&loss, golden_multinomial, 1);
    pal_arena_release(&arena);
    support_close(ctx);
}

static void clipping_is_by_the_norm_of_everything(void **state) {
    (void)state;
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    pal_parameters p = {0};
    pal_table table, *tables[] = {&table};
    float rows[3 * GOLDEN] = {0}, source[3 * GOLDEN];
    const int32_t touched[] = {0, 2, 1};
    double norm;
    pal_parameters_add(&p, "x", 2, GOLDEN);
    assert_int_equal(pal_parameters_open(ctx, "test", 1, &arena, &arena, &p), PAL_OK);
    assert_int_equal(pal_table_open(ctx, "test", rows, 3, GOLDEN, 3, &arena, &table), PAL_OK);
    to_float(golden_gradients, pal_parameters_chunk(&p, 0), 2 * GOLDEN);
    pal_parameters_sum(NULL, &p);
    to_float(golden_gradients + 2 * GOLDEN, source, 3 * GOLDEN);
    pal_table_touch(&table, touched, NULL, NULL, 3);
    pal_table_sum(NULL, &table, source, GOLDEN);
    double scale = pal_clip(&p, tables, 1, 0.5, &norm);
    assert_true(fabs(norm - golden_norm[0]) < 1e-6);
    assert_true(fabs(scale - 0.5 / golden_norm[0]) < 1e-6);
    assert_true(pal_clip(&p, tables, 1, 3, NULL) == 1);
    assert_true(pal_clip(&p, tables, 1, 0, NULL) == 1);
    assert_true(pal_clip(NULL, tables, 1, 0.1, &norm) < 1 && norm < golden_norm[0]);
    pal_arena_release(&arena);
    support_close(ctx);
}

/* --- tables --- */

static void a_table_gathers_and_pools(void **state) {
    (void)state;
    float rows[] = {1, 2, 3, 4, 5, 6}, out[9];
    const pal_table table = {.n_rows = 3, .width = 2, .values = rows};
    const int32_t asked[] = {2, -1, 0};
    const float weights[] = {2, 100, -1};
    memset(out, 0x7f, sizeof out);
    pal_table_gather(&table, asked, 3, out, 3);
    const float want[] = {5, 6, 0, 0, 1, 2};
    for (int e = 0; e < 3; e++) assert_memory_equal(out + 3 * e, want + 2 * e, 2 * sizeof *out);
    pal_table_pool(&table, asked, weights, 3, out);
    assert_true(out[0] == 9 && out[1] == 10);
    pal_table_pool(&table, asked, NULL, 3, out);
    assert_true(out[0] == 6 && out[1] == 8);
    pal_table_pool(&table, asked, NULL, 0, out);
    assert_true(out[0] == 0 && out[1] == 0);
}

/* Batches of random entries against plain sums, one after the other with the same table. */
static void gradients_reach_the_rows_that_entries_name(void **state) {
    (void)state;
    enum { ROWS = 300, WIDTH = 5, ENTRIES = 500, SOURCES = 40 };
    pal_ctx *ctx = support_open(3);
    pal_arena arena = {0};
    pal_table table;
    static float values[ROWS * WIDTH], source[SOURCES * 7], weights[ENTRIES];
    static int32_t rows[ENTRIES], sources[ENTRIES];
    pal_rng rng = pal_rng_at(3, 0);
    assert_int_equal(pal_table_open(ctx, "test", values, ROWS, WIDTH, ENTRIES, &arena, &table),
                     PAL_OK);
    for (int batch = 0; batch < 4; batch++) {
        int32_t n = batch == 2 ? 0 : ENTRIES - 100 * batch;
        double want[ROWS * WIDTH] = {0};
        for (int32_t i = 0; i < SOURCES * 7; i++) source[i] = (float)pal_rng_normal(&rng);
        for (int32_t e = 0; e < n; e++) {
            rows[e] = (int32_t)pal_rng_below(&rng, ROWS + 20) - 20;
            sources[e] = (int32_t)pal_rng_below(&rng, SOURCES);
            weights[e] = (float)pal_rng_normal(&rng);
            for (int32_t f = 0; rows[e] >= 0 && f < WIDTH; f++)
                want[rows[e] * WIDTH + f] +=
                    (double)weights[e] * (double)source[sources[e] * 7 + f];
        }
        pal_table_touch(&table, rows, sources, weights, n);
        pal_table_sum(ctx->pool, &table, source, 7);
        for (int32_t t = 0; t < table.n_touched; t++) {
            double *row = want + table.touched[t] * WIDTH;
            for (int32_t f = 0; f < WIDTH; f++) {
                assert_true(fabs((double)table.gradient[t * WIDTH + f] - row[f]) < 1e-5);
                row[f] = 0;
            }
        }
        for (int32_t i = 0; i < ROWS * WIDTH; i++) assert_true(want[i] == 0);
    }
    pal_arena_release(&arena);
    support_close(ctx);
}

/* --- one step of a small network, with 1, 2 and 3 threads --- */

typedef struct {
    pal_parameters *p;
    const float *x;
    int64_t n;
} chunk_job;

static void add_chunk(void *arg, int64_t chunk, int32_t worker) {
    (void)worker;
    const chunk_job *job = arg;
    int64_t first, last, width = job->p->n;
    float *gradient = pal_parameters_chunk(job->p, chunk);
    pal_chunk_range(job->n, job->p->n_chunks, chunk, &first, &last);
    for (int64_t r = first; r < last; r++)
        for (int64_t f = 0; f < width; f++) gradient[f] += job->x[(r * 31 + f) % 10007];
}

static void threads_do_not_matter(void **state) {
    (void)state;
    enum { WIDTH = 9001, ROWS = 100, ITEMS = 2500, HIDDEN = 8, USERS = 700 };
    static float x[10007], kept[2][WIDTH + 16], users[2][USERS * HIDDEN], hidden[USERS * HIDDEN],
        weights[ITEMS * HIDDEN], d_weights[3][ITEMS * HIDDEN];
    static int32_t targets[USERS];
    static int64_t begins[USERS], ends[USERS];
    double losses[3];
    pal_draw_normal(1, "x", x, 10007, 1);
    pal_draw_normal(1, "hidden", hidden, USERS * HIDDEN, 1);
    pal_draw_normal(1, "weights", weights, ITEMS * HIDDEN, 1);
    for (int32_t u = 0; u < USERS; u++) {
        targets[u] = u * 17 % ITEMS;
        begins[u] = u;
        ends[u] = u + 1;
    }
    for (int32_t n_threads = 1; n_threads <= 3; n_threads++) {
        pal_ctx *ctx = support_open(n_threads);
        pal_arena arena = {0};
        pal_parameters p = {0};
        pal_adam adam = pal_adam_at(0.01, 1);
        pal_softmax softmax;
        pal_parameters_add(&p, "x", 1, WIDTH);
        assert_int_equal(pal_parameters_open(ctx, "test", 7, &arena, &arena, &p), PAL_OK);
        chunk_job job = {&p, x, ROWS};
        pal_parallel(ctx->pool, p.n_chunks, add_chunk, &job);
        pal_parameters_sum(ctx->pool, &p);
        pal_adam_parameters(ctx->pool, &adam, &p);
        assert_int_equal(pal_softmax_open(ctx, "test", ITEMS, HIDDEN, &arena, &softmax), PAL_OK);
        float *d_hidden = PAL_ARENA_ARRAY(&arena, float, USERS *HIDDEN);
        softmax.weights = weights;
        softmax.d_weights = d_weights[n_threads - 1];
        softmax.n_rows = USERS;
        softmax.hidden = hidden;
        softmax.d_hidden = d_hidden;
        softmax.begins = begins;
        softmax.ends = ends;
        softmax.targets = targets;
        softmax.scale = 1.0f / USERS;
        losses[n_threads - 1] = pal_softmax_run(ctx->pool, &softmax);
        memcpy(kept[n_threads > 1], p.values, WIDTH * sizeof(float));
        memcpy(users[n_threads > 1], d_hidden, sizeof users[0]);
        assert_memory_equal(kept[0], kept[n_threads > 1], WIDTH * sizeof(float));
        assert_memory_equal(users[0], users[n_threads > 1], sizeof users[0]);
        assert_memory_equal(d_weights[0], d_weights[n_threads - 1], sizeof d_weights[0]);
        assert_true(losses[0] == losses[n_threads - 1] && losses[0] > 0);
        /* Exponentials computed again are as good as kept ones. */
        static float d_again[ITEMS * HIDDEN];
        memset(d_again, 0, sizeof d_again);
        softmax.is_kept = false;
        softmax.d_weights = d_again;
        assert_true(fabs(pal_softmax_run(ctx->pool, &softmax) - losses[0]) < 1e-6 * losses[0]);
        for (int32_t i = 0; i < USERS * HIDDEN; i++)
            assert_true(fabsf(d_hidden[i] - users[0][i]) < 1e-5f / USERS);
        for (int32_t i = 0; i < ITEMS * HIDDEN; i++)
            assert_true(fabsf(d_again[i] - d_weights[0][i]) < 1e-6f);
        pal_arena_release(&arena);
        support_close(ctx);
    }
}

/* --- dropout, schedule --- */

static void dropout_keeps_the_mean(void **state) {
    (void)state;
    enum { N = 100000 };
    static float x[N], again[N];
    static uint8_t mask[N], other[N];
    const pal_dropout_key key = {.seed = 5, .step = 3, .chunk = 2};
    for (int32_t i = 0; i < N; i++) x[i] = again[i] = 1;
    pal_dropout_forward(key, 0.3, x, mask, N);
    double sum = 0;
    for (int32_t i = 0; i < N; i++) {
        assert_true(mask[i] ? fabsf(x[i] - 1 / 0.7f) < 1e-6f : x[i] == 0);
        sum += (double)x[i];
    }
    assert_true(fabs(sum / N - 1) < 0.01);
    pal_dropout_backward(0.3, mask, again, N);
    assert_memory_equal(x, again, sizeof x);
    for (int part = 0; part < 3; part++) { /* another step, chunk or seed decides anew */
        pal_dropout_key next = key;
        next.step += part == 0;
        next.chunk += part == 1;
        next.seed += part == 2;
        int32_t n_same = 0;
        pal_dropout_forward(next, 0.3, again, other, N);
        for (int32_t i = 0; i < N; i++) n_same += mask[i] == other[i];
        assert_true(fabs((double)n_same / N - (0.7 * 0.7 + 0.3 * 0.3)) < 0.01);
    }
    float one = 1;
    pal_dropout_forward(key, 0, &one, mask, 1);
    assert_true(one == 1 && mask[0] == 1);
}

static void schedules_rise_and_fall(void **state) {
    (void)state;
    pal_schedule s = {.form = PAL_SCHEDULE_LINEAR, .warm_up = 4, .n_steps = 14};
    assert_true(pal_schedule_at(&s, 1) == 0.25 && pal_schedule_at(&s, 4) == 1);
    assert_true(fabs(pal_schedule_at(&s, 9) - 0.5) < 1e-12 && pal_schedule_at(&s, 14) == 0);
    assert_true(pal_schedule_at(&s, 99) == 0);
    s.form = PAL_SCHEDULE_COSINE;
    assert_true(fabs(pal_schedule_at(&s, 9) - 0.5) < 1e-12);
    assert_true(fabs(pal_schedule_at(&s, 14)) < 1e-12 && pal_schedule_at(&s, 5) > 0.97);
    s = (pal_schedule){.form = PAL_SCHEDULE_CONSTANT, .n_steps = 3};
    assert_true(pal_schedule_at(&s, 1) == 1 && pal_schedule_at(&s, 3) == 1);
}

/* --- the loop --- */

typedef struct {
    float values[3];
    int64_t n_seen[10], n_steps, n_published, first[20];
    double bad_from; /* the step from which the loss or the values are no numbers */
    bool is_bad_value;
    pal_ctx *ctx;
    int64_t cancel_at;
    char warning[512];
} loop_state;

static double loop_step(void *arg, const pal_step *step) {
    loop_state *s = arg;
    s->n_steps++;
    assert_int_equal(step->number, s->n_steps);
    if ((step->number - 1) % 4 == 0) s->first[step->epoch - 1] = step->examples[0];
    for (int64_t e = 0; e < step->n; e++) s->n_seen[step->examples[e]]++;
    for (int i = 0; i < 3; i++) s->values[i] = (float)step->number;
    if (step->number == s->cancel_at) atomic_store(&s->ctx->cancelled, true);
    if ((double)step->number < s->bad_from) return (double)step->n;
    if (s->is_bad_value) s->values[2] = NAN;
    return s->is_bad_value ? 1 : NAN;
}

static pal_status loop_publish(void *arg) {
    ((loop_state *)arg)->n_published++;
    return PAL_OK;
}

static void listen(void *arg, pal_notice_type type, const char *text) {
    loop_state *s = arg;
    if (type == PAL_NOTICE_WARNING) snprintf(s->warning, sizeof s->warning, "%s", text);
}

static pal_status run_loop(loop_state *s, int64_t epochs, bool is_trained,
                           char error[PAL_ERROR_MAX]) {
    pal_ctx *ctx = support_open(1);
    pal_arena arena = {0};
    float first[3] = {0}, second[3] = {0};
    const pal_parameters trained = {.n = 3, .values = s->values, .first = first, .second = second};
    const pal_training training = {.kind = "test",
                                   .epochs = epochs,
                                   .n_examples = 10,
                                   .batch = 3,
                                   .learning_rate = 0.5,
                                   .tolerance = 0,
                                   .parameters = {is_trained ? &trained : NULL},
                                   .step = loop_step,
                                   .publish = loop_publish,
                                   .arg = s};
    s->ctx = ctx;
    ctx->notice = listen;
    ctx->notice_arg = s;
    pal_status status = pal_training_run(ctx, &training, &arena);
    snprintf(error, PAL_ERROR_MAX, "%s", ctx->error);
    pal_arena_release(&arena);
    support_close(ctx);
    return status;
}

static void an_epoch_sees_every_example_once(void **state) {
    (void)state;
    loop_state s = {.bad_from = INFINITY}, again = {.bad_from = INFINITY};
    char error[PAL_ERROR_MAX];
    assert_int_equal(run_loop(&s, 5, true, error), PAL_OK);
    assert_int_equal(run_loop(&again, 5, true, error), PAL_OK);
    assert_int_equal(s.n_steps, 20);
    assert_int_equal(s.n_published, 5);
    for (int e = 0; e < 10; e++) assert_int_equal(s.n_seen[e], 5);
    assert_memory_equal(s.first, again.first, sizeof s.first);
    bool is_shuffled = false;
    for (int e = 1; e < 5; e++) is_shuffled |= s.first[e] != s.first[0];
    assert_true(is_shuffled);
}

static void divergence_puts_the_epoch_before_back(void **state) {
    (void)state;
    char error[PAL_ERROR_MAX];
    for (int is_value = 0; is_value < 2; is_value++) {
        loop_state s = {.bad_from = 10, .is_bad_value = is_value};
        assert_int_equal(run_loop(&s, 5, true, error), PAL_OK);
        assert_true(s.values[0] == 8 && s.values[2] == 8);
        assert_int_equal(s.n_published, 3); /* two epochs and the one put back */
        assert_non_null(strstr(s.warning, "test: diverged in epoch 3"));
        assert_non_null(strstr(s.warning, "learning_rate under 0.5"));
        s = (loop_state){.bad_from = 2, .is_bad_value = is_value};
        assert_int_equal(run_loop(&s, 5, true, error), PAL_EDATA);
        assert_non_null(strstr(error, "test: diverged in epoch 1: "));
        assert_int_equal(s.n_published, 0);
    }
    loop_state s = {.bad_from = 10};
    assert_int_equal(run_loop(&s, 5, false, error), PAL_EDATA);
    assert_non_null(strstr(error, "test: diverged in epoch 3: "));
}

static void the_loop_stops_when_asked(void **state) {
    (void)state;
    loop_state s = {.bad_from = INFINITY, .cancel_at = 6};
    char error[PAL_ERROR_MAX];
    assert_int_equal(run_loop(&s, 5, true, error), PAL_ECANCELLED);
    assert_int_equal(s.n_steps, 6);
}

static void attention_is_pytorchs(void **state) {
    (void)state;
    enum { N = 5, WIDTH = 4 };
    static const int64_t starts[] = {0, 3, 5};
    const pal_attention shape = {WIDTH, 2, 2, starts};
    float qkv[N * 3 * WIDTH], pull[N * WIDTH], out[N * WIDTH], d[N * 3 * WIDTH], weights[26],
        room[PAL_ATTENTION_TILE * 3];
    to_float(golden_qkv, qkv, N * 3 * WIDTH);
    to_float(golden_attention_pull, pull, N * WIDTH);
    pal_attention_forward(&shape, qkv, weights, out);
    near(out, golden_attended, N * WIDTH);
    pal_attention_backward(&shape, qkv, weights, pull, room, d);
    near(d, golden_d_attention, N * 3 * WIDTH);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(adam_is_pytorchs),
                                       cmocka_unit_test(losses_are_pytorchs),
                                       cmocka_unit_test(softmax_is_pytorchs),
                                       cmocka_unit_test(attention_is_pytorchs),
                                       cmocka_unit_test(clipping_is_by_the_norm_of_everything),
                                       cmocka_unit_test(a_table_gathers_and_pools),
                                       cmocka_unit_test(gradients_reach_the_rows_that_entries_name),
                                       cmocka_unit_test(threads_do_not_matter),
                                       cmocka_unit_test(dropout_keeps_the_mean),
                                       cmocka_unit_test(schedules_rise_and_fall),
                                       cmocka_unit_test(an_epoch_sees_every_example_once),
                                       cmocka_unit_test(divergence_puts_the_epoch_before_back),
                                       cmocka_unit_test(the_loop_stops_when_asked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
