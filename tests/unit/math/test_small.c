/* test_small.c - bf16 and int8 rows: what is read back, what cannot be written, and scans of their
 * panels beside scans of the rows read. */
#include "support.h"

#include <float.h>
#include <math.h>

#include "base/rng.h"
#include "math/topk.h"

static void bf16_rounds_to_nearest_even(void **state) {
    (void)state;
    /* 8 bits of a number are kept: 1 + 2^-8 lies in the middle, and goes to the even 1. */
    const float rows[] = {0,     -0.0f, 1, 1 + 0x1p-8f, 1 + 0x1p-8f + 0x1p-20f, 1 + 3 * 0x1p-8f,
                          -1.5f, 1e-40f};
    const float expected[] = {0, -0.0f, 1, 1, 1 + 0x1p-7f, 1 + 0x1p-6f, -1.5f, 1e-40f};
    uint16_t codes[8];
    float found[8];
    assert_int_equal(pal_small_write(rows, 1, 8, PAL_PRECISION_BF16, codes, NULL), 1);
    pal_small small = {.precision = PAL_PRECISION_BF16, .n = 1, .width = 8, .codes = codes};
    pal_small_read(&small, 0, found);
    assert_memory_equal(found, expected, 7 * sizeof *found);
    assert_true(fabsf(found[7] - expected[7]) <= 1e-40f); /* denormals lose bits, not their place */
}

static void int8_keeps_the_largest_of_each_row(void **state) {
    (void)state;
    const float rows[] = {0.5f, -1.27f, 0.01f, 0, 0, 0, 1e-44f, 0, -1e-44f, 3e38f, 1, -3e38f};
    int8_t codes[12];
    float scales[4], found[3];
    assert_int_equal(pal_small_write(rows, 4, 3, PAL_PRECISION_INT8, codes, scales), 4);
    const int8_t expected[] = {50, -127, 1, 0, 0, 0, 0, 0, 0, 127, 0, -127};
    assert_memory_equal(codes, expected, sizeof codes);
    pal_small small = {
        .precision = PAL_PRECISION_INT8, .n = 4, .width = 3, .codes = codes, .scales = scales};
    for (int64_t r = 0; r < 4; r++) {
        pal_small_read(&small, r, found);
        for (int32_t f = 0; f < 3; f++) {
            assert_true(isfinite(found[f]));
            float off = fabsf(found[f] - rows[r * 3 + f]);
            assert_true(off <= scales[r] / 2 * 1.001f + 1e-37f);
        }
    }
}

static void what_is_not_finite_is_told(void **state) {
    (void)state;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    uint16_t codes[6];
    float scales[3];
    for (int32_t b = 0; b < 3; b++) {
        float rows[] = {1, 2, 3, 4, 5, 6};
        rows[3] = bad[b];
        assert_int_equal(pal_small_write(rows, 3, 2, PAL_PRECISION_BF16, codes, NULL), 1);
        assert_int_equal(pal_small_write(rows, 3, 2, PAL_PRECISION_INT8, codes, scales), 1);
    }
    const float huge[] = {1, FLT_MAX}; /* would round up to infinity */
    assert_int_equal(pal_small_write(huge, 2, 1, PAL_PRECISION_BF16, codes, NULL), 1);
    assert_int_equal(pal_small_write(huge, 2, 1, PAL_PRECISION_INT8, codes, scales), 2);
}

static void rows_are_read_where_they_stand(void **state) {
    (void)state;
    const float rows[] = {1, 2, 3, 4};
    float room[2];
    const uint16_t codes[] = {0x3F80, 0x4000, 0x4040, 0x4080};
    pal_small small = {.precision = PAL_PRECISION_BF16, .n = 2, .width = 2, .codes = codes};
    assert_ptr_equal(pal_row_at(rows, &small, 2, 1, room), rows + 2);
    assert_ptr_equal(pal_row_at(NULL, &small, 2, 1, room), room);
    assert_memory_equal(room, rows + 2, sizeof room);
    const int32_t list[] = {1, 0, 1};
    float a[2], b[2];
    pal_row_sum(rows, &small, 2, list, 3, room, a);
    pal_row_sum(NULL, &small, 2, list, 3, room, b);
    assert_true(a[0] == 7 && a[1] == 10);
    assert_memory_equal(a, b, sizeof a);
}

/* Each form's panels give what its rows give as floats, up to where int8's scale is multiplied. */
static void scans_of_small_rows_are_scans_of_what_they_hold(void **state) {
    (void)state;
    enum { QUERIES = 29, N_ITEMS = 77, WIDTH = 21, FACTORS = 24, K = 9 };
    static float users[QUERIES * FACTORS], rows[N_ITEMS * WIDTH], read[N_ITEMS * FACTORS];
    static char codes[N_ITEMS * WIDTH * 2];
    static float scales[N_ITEMS], packed_scales[N_ITEMS + PAL_PANEL];
    static float panels[2 * 96 * FACTORS], edge[QUERIES * PAL_PANEL];
    static float expected[QUERIES * N_ITEMS], found[QUERIES * N_ITEMS];
    pal_rng rng = pal_rng_at(3, 0);
    for (int32_t i = 0; i < QUERIES * FACTORS; i++) users[i] = (float)pal_rng_normal(&rng);
    for (int32_t i = 0; i < N_ITEMS * WIDTH; i++) rows[i] = (float)pal_rng_normal(&rng);
    for (int p = PAL_PRECISION_BF16; p <= PAL_PRECISION_INT8; p++) {
        pal_precision precision = (pal_precision)p;
        pal_small small = {
            .precision = precision, .n = N_ITEMS, .width = WIDTH, .codes = codes, .scales = scales};
        assert_int_equal(pal_small_write(rows, N_ITEMS, WIDTH, precision, codes, scales), N_ITEMS);
        memset(read, 0, sizeof read);
        for (int64_t i = 0; i < N_ITEMS; i++) pal_small_read(&small, i, read + i * FACTORS);
        pal_packed whole = pal_pack(read, N_ITEMS, FACTORS, panels);
        pal_packed_scores(pal_kernels_best(), &whole, users, QUERIES, edge, expected);
        bool is_int8 = precision == PAL_PRECISION_INT8;
        pal_packed packed = pal_pack_small(&small, FACTORS, panels, is_int8 ? packed_scales : NULL);
        pal_packed_scores(pal_kernels_best(), &packed, users, QUERIES, edge, found);
        for (int32_t i = 0; i < QUERIES * N_ITEMS; i++)
            assert_true(is_int8 ? fabsf(found[i] - expected[i]) <= 2e-5f : found[i] == expected[i]);
        int64_t starts[QUERIES + 1] = {0};
        static int32_t items[QUERIES * K], counts[QUERIES];
        static float best[QUERIES * K];
        void *scratch = malloc(pal_scan_scratch(K));
        pal_scan(pal_kernels_best(), &packed, users, QUERIES, starts, NULL, K, items, best, counts,
                 scratch);
        free(scratch);
        for (int32_t q = 0; q < QUERIES; q++) {
            for (int32_t r = 0; r < K; r++)
                assert_true(best[q * K + r] == found[q * N_ITEMS + items[q * K + r]]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bf16_rounds_to_nearest_even),
        cmocka_unit_test(int8_keeps_the_largest_of_each_row),
        cmocka_unit_test(what_is_not_finite_is_told),
        cmocka_unit_test(rows_are_read_where_they_stand),
        cmocka_unit_test(scans_of_small_rows_are_scans_of_what_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
