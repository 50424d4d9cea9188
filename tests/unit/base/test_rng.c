/* test_rng.c - published Philox vectors, bounds, moments, independence of streams. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* Known answers of philox4x32-10, as published with Random123. */
static void test_philox_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t out[4];
        pal_philox(rows[i].counter, rows[i].key, out);
        assert_memory_equal(out, rows[i].out, sizeof out);
    }
}

static void test_stream_is_philox_of_its_counter(void **state) {
    (void)state;
    pal_rng rng = pal_rng_at(0x299f31d0a4093822u, 0x0370734413198a2eu);
    static const uint32_t key[2] = {0xa4093822, 0x299f31d0};
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t counter[4] = {block, 0, 0x13198a2e, 0x03707344}, out[4];
        pal_philox(counter, key, out);
        for (int word = 0; word < 4; word++) assert_int_equal(pal_rng_u32(&rng), out[word]);
    }
}

static void test_streams_differ(void **state) {
    (void)state;
    enum { STREAMS = 64 };
    uint32_t first[STREAMS];
    for (uint64_t i = 0; i < STREAMS; i++) {
        pal_rng rng = pal_rng_at(i / 8, i % 8 + (i % 2 ? (uint64_t)1 << 40 : 0));
        first[i] = pal_rng_u32(&rng);
        for (uint64_t j = 0; j < i; j++) assert_int_not_equal(first[i], first[j]);
    }
    pal_rng a = pal_rng_at(5, 9), b = pal_rng_at(5, 9);
    for (int i = 0; i < 100; i++) assert_int_equal(pal_rng_u32(&a), pal_rng_u32(&b));
}

static void test_uniform_moments(void **state) {
    (void)state;
    enum { N = 200000 };
    pal_rng rng = pal_rng_at(1, 2);
    double sum = 0, squares = 0, smallest = 1, largest = 0;
    for (int i = 0; i < N; i++) {
        double u = pal_rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
        smallest = fmin(smallest, u);
        largest = fmax(largest, u);
    }
    assert_true(fabs(sum / N - 0.5) < 0.003);
    assert_true(fabs(squares / N - 1.0 / 3) < 0.003);
    assert_true(smallest < 0.001 && largest > 0.999);
}

static void test_below_is_uniform(void **state) {
    (void)state;
    enum { N = 70000, BOUND = 7 };
    pal_rng rng = pal_rng_at(3, 4);
    int32_t counts[BOUND] = {0};
    for (int i = 0; i < N; i++) {
        uint32_t value = pal_rng_below(&rng, BOUND);
        assert_true(value < BOUND);
        counts[value]++;
    }
    for (int i = 0; i < BOUND; i++) assert_in_range(counts[i], N / BOUND - 500, N / BOUND + 500);

    /* A plain remainder would give the lower half twice as often. */
    const uint32_t bound = 0xC0000000u;
    int32_t low = 0;
    for (int i = 0; i < N; i++) {
        uint32_t value = pal_rng_below(&rng, bound);
        assert_true(value < bound);
        low += value < bound / 3;
    }
    assert_in_range(low, N / 3 - 700, N / 3 + 700);
    for (int i = 0; i < 10; i++) assert_int_equal(pal_rng_below(&rng, 1), 0);
}

static void test_normal_moments(void **state) {
    (void)state;
    enum { N = 200000 };
    pal_rng rng = pal_rng_at(5, 6);
    double sum = 0, squares = 0;
    int32_t beyond = 0;
    for (int i = 0; i < N; i++) {
        double x = pal_rng_normal(&rng);
        assert_true(isfinite(x));
        sum += x;
        squares += x * x;
        beyond += fabs(x) > 1.959964;
    }
    assert_true(fabs(sum / N) < 0.01);
    assert_true(fabs(squares / N - 1) < 0.02);
    assert_in_range(beyond, N / 20 - 500, N / 20 + 500);
}

static void test_shuffle_permutes_evenly(void **state) {
    (void)state;
    enum { N = 4, ROUNDS = 24000 };
    pal_rng rng = pal_rng_at(7, 8);
    int32_t counts[N][N] = {{0}}; /* [value][place] */
    for (int round = 0; round < ROUNDS; round++) {
        int32_t a[N] = {0, 1, 2, 3};
        unsigned seen = 0;
        pal_rng_shuffle(&rng, a, N);
        for (int i = 0; i < N; i++) {
            counts[a[i]][i]++;
            seen |= 1u << a[i];
        }
        assert_int_equal(seen, 15);
    }
    for (int i = 0; i < N * N; i++) assert_in_range(counts[i / N][i % N], 5700, 6300);
    pal_rng_shuffle(&rng, NULL, 0);
}

static void test_purposes_have_seeds_of_their_own(void **state) {
    (void)state;
    assert_true(pal_seed_for(1, "split") == pal_seed_for(1, "split"));
    assert_true(pal_seed_for(1, "split") != pal_seed_for(1, "train"));
    assert_true(pal_seed_for(1, "split") != pal_seed_for(2, "split"));
    assert_true(pal_seed_for(0, "split") != pal_seed_for(0, "tune"));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_stream_is_philox_of_its_counter),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_uniform_moments),
        cmocka_unit_test(test_below_is_uniform),
        cmocka_unit_test(test_normal_moments),
        cmocka_unit_test(test_shuffle_permutes_evenly),
        cmocka_unit_test(test_purposes_have_seeds_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
