/* test_loops.c - elementwise loops: how far they are from libm, and that every instruction set
 * gives the same bits. */
#include "support.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "nn/loops.h"

enum { N = 4099 }; /* not a multiple of any vector */

static float x[N], y[N], z[N];

typedef double scalar_fn(double x);
typedef void loop_fn(const float *x, float *y, int64_t n);

static double scalar_sigmoid(double v) { return 1 / (1 + exp(-v)); }
static double scalar_gelu(double v) {
    return v / 2 * (1 + tanh(sqrt(2 / acos(-1.0)) * (v + 0.044715 * v * v * v)));
}
static double scalar_silu(double v) { return v * scalar_sigmoid(v); }

/* The largest error over [low, high], divided by max(|truth|, floor). */
static double worst(loop_fn *loop, scalar_fn *truth, double low, double high, double floor) {
    double most = 0;
    for (int32_t part = 0; part < 64; part++) {
        for (int32_t i = 0; i < N; i++)
            x[i] = (float)(low + (high - low) * (part * N + i) / (64.0 * N - 1));
        loop(x, y, N);
        for (int32_t i = 0; i < N; i++) {
            double want = truth((double)x[i]);
            double error = fabs((double)y[i] - want) / fmax(fabs(want), floor);
            if (!(error <= most)) most = error;
        }
    }
    return most;
}

static void plain_exp(const float *in, float *out, int64_t n) {
    pal_loops_best()->exp(in, 0, 1, out, n);
}

static void they_are_as_near_as_the_header_says(void **state) {
    (void)state;
    const pal_loops *best = pal_loops_best();
    assert_true(worst(plain_exp, exp, -87, 88, DBL_MIN) < 2e-7);
    assert_true(worst(plain_exp, exp, -1, 1, DBL_MIN) < 2e-7);
    assert_true(worst(best->tanh, tanh, -30, 30, 1) < 3e-7);
    assert_true(worst(best->tanh, tanh, -1, 1, 1) < 3e-7);
    assert_true(worst(best->sigmoid, scalar_sigmoid, -100, 100, 1) < 3e-7);
    assert_true(worst(best->sigmoid, scalar_sigmoid, -87, 20, DBL_MIN) < 4e-7);
    assert_true(worst(best->gelu, scalar_gelu, -8, 8, 1) < 2e-6);
    assert_true(worst(best->silu, scalar_silu, -40, 40, 1) < 1e-6);
}

static void the_ends_of_the_range_hold(void **state) {
    (void)state;
    float in[] = {-INFINITY, -1e30f, -87.5f, 0, 88.5f, 1e30f, INFINITY, NAN}, out[8];
    plain_exp(in, out, 8);
    for (int i = 0; i < 3; i++) assert_true(out[i] == 0);
    assert_true(out[3] == 1);
    for (int i = 4; i < 7; i++) assert_true(out[i] > 1e38f);
    assert_true(isnan(out[7]));
    pal_loops_best()->tanh(in, out, 8);
    assert_true(out[0] == -1 && out[3] == 0 && out[6] == 1 && isnan(out[7]));
    pal_loops_best()->sigmoid(in, out, 8);
    assert_true(out[0] == 0 && out[3] == 0.5f && out[6] == 1 && isnan(out[7]));
    assert_true(pal_loops_best()->largest(in, 0) == -INFINITY);
    assert_true(pal_loops_best()->largest(in, 7) == INFINITY);
}

static void same_bits(const float *a, const float *b, const char *table, const char *what) {
    if (memcmp(a, b, N * sizeof *a)) fail_msg("%s differs in %s", what, table);
}

static void every_set_gives_the_same_bits(void **state) {
    (void)state;
    static float pull[N], ours[N], state1[4][N], state2[4][N];
    static uint8_t mask1[N], mask2[N];
    const pal_loops *reference = &pal_loops_reference;
    pal_rng rng = pal_rng_at(7, 0);
    for (int32_t i = 0; i < N; i++) {
        x[i] = (float)(8 * pal_rng_normal(&rng));
        pull[i] = (float)pal_rng_normal(&rng);
    }
    const pal_adam_step step = {.5f, .01f, .99f, .9f, .999f, .1f, .2f, 1e-8f};
    for (const pal_loops *const *t = pal_loops_all(); *t; t++) {
        const struct {
            const char *what;
            loop_fn *theirs, *ours;
        } one[] = {{"relu", reference->relu, (*t)->relu},
                   {"tanh", reference->tanh, (*t)->tanh},
                   {"sigmoid", reference->sigmoid, (*t)->sigmoid},
                   {"gelu", reference->gelu, (*t)->gelu},
                   {"silu", reference->silu, (*t)->silu}};
        for (size_t f = 0; f < sizeof one / sizeof *one; f++) {
            one[f].theirs(x, z, N);
            one[f].ours(x, ours, N);
            same_bits(z, ours, (*t)->name, one[f].what);
        }
        const struct {
            const char *what;
            void (*theirs)(const float *, const float *, float *, int64_t);
            void (*ours)(const float *, const float *, float *, int64_t);
        } two[] = {{"multiply", reference->multiply, (*t)->multiply},
                   {"relu_backward", reference->relu_backward, (*t)->relu_backward},
                   {"tanh_backward", reference->tanh_backward, (*t)->tanh_backward},
                   {"sigmoid_backward", reference->sigmoid_backward, (*t)->sigmoid_backward},
                   {"gelu_backward", reference->gelu_backward, (*t)->gelu_backward},
                   {"silu_backward", reference->silu_backward, (*t)->silu_backward}};
        for (size_t f = 0; f < sizeof two / sizeof *two; f++) {
            two[f].theirs(x, pull, z, N);
            two[f].ours(x, pull, ours, N);
            same_bits(z, ours, (*t)->name, two[f].what);
        }
        for (int64_t n = N - 33; n <= N; n++) {
            assert_true(reference->dot(x, pull, n) == (*t)->dot(x, pull, n));
            assert_true(reference->largest(x, n) == (*t)->largest(x, n));
            assert_true(reference->exp(x, -3, .5f, z, n) == (*t)->exp(x, -3, .5f, ours, n));
        }
        same_bits(z, ours, (*t)->name, "exp");
        reference->add_scaled(z, x, .3f, N);
        (*t)->add_scaled(ours, x, .3f, N);
        same_bits(z, ours, (*t)->name, "add_scaled");
        for (int a = 0; a < 4; a++) {
            for (int32_t i = 0; i < N; i++) state1[a][i] = fabsf(a % 2 ? x[i] : pull[i]);
            memcpy(state2[a], state1[a], sizeof state1[a]);
        }
        reference->adam(state1[0], state1[1], state1[2], state1[3], N, &step);
        (*t)->adam(state2[0], state2[1], state2[2], state2[3], N, &step);
        for (int a = 0; a < 4; a++) same_bits(state1[a], state2[a], (*t)->name, "adam");
        reference->keep_mask(12345, 9, .3, mask1, N);
        (*t)->keep_mask(12345, 9, .3, mask2, N);
        assert_memory_equal(mask1, mask2, N);
    }
}

/* Against Philox as base/rng.c has it, which the published vectors hold. */
static void masks_come_from_philox(void **state) {
    (void)state;
    static uint8_t mask[N];
    const uint64_t key = UINT64_C(0x123456789ABCDEF0), counter = UINT64_C(0xFEDCBA987);
    const double rate = 0.25;
    enum { LANES = PAL_LOOP_LANES };
    int64_t n_kept = 0;
    pal_loops_best()->keep_mask(key, counter, rate, mask, N);
    for (int32_t i = 0; i < N; i++) n_kept += mask[i];
    assert_true(fabs((double)n_kept / N - (1 - rate)) < 0.03);
    for (int32_t i = 0; i < N; i++) {
        uint32_t in_block = (uint32_t)i % (8 * LANES), half = in_block / LANES,
                 block = (uint32_t)i / (8 * LANES) * LANES + in_block % LANES;
        const uint32_t c[4] = {block, 0, (uint32_t)counter, (uint32_t)(counter >> 32)},
                       k[2] = {(uint32_t)key, (uint32_t)(key >> 32)};
        uint32_t out[4];
        pal_philox(c, k, out);
        assert_int_equal(mask[i], (out[half / 2] >> (16 * (half % 2)) & 0xFFFF) >= 16384);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_as_near_as_the_header_says),
                                       cmocka_unit_test(the_ends_of_the_range_hold),
                                       cmocka_unit_test(every_set_gives_the_same_bits),
                                       cmocka_unit_test(masks_come_from_philox)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
