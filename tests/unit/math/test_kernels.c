/* test_kernels.c - every table of kernels gives the bits of the reference; scans do not depend on
 * how queries are cut. */
#include "support.h"

#include <math.h>

#include "base/rng.h"
#include "math/topk.h"

static float *random_floats(int64_t n, uint64_t stream) {
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    pal_rng rng = pal_rng_at(1, stream);
    for (int64_t i = 0; i < n; i++) values[i] = (float)(pal_rng_uniform(&rng) - 0.5);
    return values;
}

static void score_panel_is_the_same_in_every_table(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    assert_string_equal(tables[0]->name, "reference");
    const int32_t queries[] = {1, 3, 4, 6, 12, 13, 25}, factors[] = {1, 2, 7, 64, 129};
    for (size_t a = 0; a < sizeof queries / sizeof *queries; a++) {
        for (size_t b = 0; b < sizeof factors / sizeof *factors; b++) {
            int32_t n = queries[a], f = factors[b];
            float *users = random_floats((int64_t)n * f, 1),
                  *panel = random_floats((int64_t)f * PAL_PANEL, 2);
            float expected[25 * 40], found[25 * 40];
            tables[0]->score_panel(users, n, panel, f, expected, 40);
            for (int t = 1; tables[t]; t++) {
                tables[t]->score_panel(users, n, panel, f, found, 40);
                for (int32_t q = 0; q < n; q++)
                    assert_memory_equal(found + q * 40, expected + q * 40,
                                        PAL_PANEL * sizeof *found);
            }
            free(users);
            free(panel);
        }
    }
}

static void small_panels_are_the_same_in_every_table(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    const int32_t queries[] = {1, 3, 4, 6, 12, 13, 25}, factors[] = {1, 7, 64, 129};
    float *users = random_floats(25 * 129, 1), *scales = random_floats(PAL_PANEL, 3);
    uint16_t halves[129 * PAL_PANEL];
    int8_t bytes[129 * PAL_PANEL];
    pal_rng rng = pal_rng_at(1, 4);
    for (int32_t i = 0; i < 129 * PAL_PANEL; i++) {
        halves[i] = (uint16_t)(0x3F00 + pal_rng_below(&rng, 256) + pal_rng_below(&rng, 2) * 0x8000);
        bytes[i] = (int8_t)((int32_t)pal_rng_below(&rng, 256) - 128);
    }
    for (size_t a = 0; a < sizeof queries / sizeof *queries; a++) {
        for (size_t b = 0; b < sizeof factors / sizeof *factors; b++) {
            int32_t n = queries[a], f = factors[b];
            float of_bf16[25 * 40] = {0}, of_int8[25 * 40] = {0}, found[25 * 40] = {0};
            tables[0]->score_panel_bf16(users, n, halves, f, of_bf16, 40);
            tables[0]->score_panel_int8(users, n, bytes, scales, f, of_int8, 40);
            for (int t = 1; tables[t]; t++) {
                tables[t]->score_panel_bf16(users, n, halves, f, found, 40);
                assert_memory_equal(found, of_bf16, sizeof found);
                tables[t]->score_panel_int8(users, n, bytes, scales, f, found, 40);
                assert_memory_equal(found, of_int8, sizeof found);
            }
        }
    }
    free(users);
    free(scales);
}

static void sum_rows_and_above_are_the_same_in_every_table(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    const int32_t rows[] = {3, 0, 7, 7, 5};
    const int32_t lengths[] = {1, 15, 63, 64, 127, 128, 129, 400};
    float *matrix = random_floats(8 * 400, 3);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        float expected[400], found[400];
        int32_t places[400], other_places[400];
        tables[0]->sum_rows(matrix, 400, rows, 5, expected, lengths[l]);
        expected[lengths[l] / 2] = NAN;
        int32_t n = tables[0]->above(expected, lengths[l], 0.25f, places);
        for (int32_t i = 0; i < n; i++) assert_true(expected[places[i]] > 0.25f);
        int32_t reached[400], n_reached = 0;
        const float *limits = matrix + 100;
        for (int32_t i = 0; i < lengths[l]; i++) n_reached += expected[i] >= limits[i];
        assert_int_equal(tables[0]->reaching(expected, limits, lengths[l], reached), n_reached);
        for (int32_t i = 0; i < n_reached; i++)
            assert_true(expected[reached[i]] >= limits[reached[i]]);
        assert_int_equal(tables[0]->reaching(matrix, matrix, lengths[l], other_places), lengths[l]);
        for (int t = 1; tables[t]; t++) {
            tables[t]->sum_rows(matrix, 400, rows, 5, found, lengths[l]);
            found[lengths[l] / 2] = NAN;
            for (int32_t i = 0; i < lengths[l]; i++)
                assert_true(found[i] == expected[i] || (isnan(found[i]) && isnan(expected[i])));
            assert_int_equal(tables[t]->above(found, lengths[l], 0.25f, other_places), n);
            assert_memory_equal(other_places, places, (size_t)n * sizeof *places);
            assert_int_equal(tables[t]->reaching(found, limits, lengths[l], other_places),
                             n_reached);
            assert_memory_equal(other_places, reached, (size_t)n_reached * sizeof *reached);
            assert_int_equal(tables[t]->reaching(matrix, matrix, lengths[l], other_places),
                             lengths[l]);
        }
    }
    free(matrix);
}

static void pairs_and_weighed_rows_are_the_same_in_every_table(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    const pal_pair_step step = {.pull = 0.25f, .keep_user = 0.9f, .keep_a = 0.8f, .keep_b = 0.7f};
    for (int32_t n = 16; n <= 144; n += 32) {
        float *rows = random_floats(3 * (int64_t)n, 6), expected[3 * 144], found[3 * 144];
        memcpy(expected, rows, (size_t)n * 3 * sizeof *rows);
        float margin = tables[0]->pair_margin(rows, rows + n, rows + 2 * n, n);
        double exact = 0;
        for (int32_t f = 0; f < n; f++)
            exact += (double)rows[f] * ((double)rows[n + f] - (double)rows[2 * n + f]);
        assert_true(fabs((double)margin - exact) < 1e-5);
        tables[0]->pair_step(expected, expected + n, expected + 2 * n, n, &step);
        assert_true(fabsf(expected[n] - (0.8f * rows[n] + 0.25f * rows[0])) < 1e-6f);
        for (int t = 1; tables[t]; t++) {
            memcpy(found, rows, (size_t)n * 3 * sizeof *rows);
            float other = tables[t]->pair_margin(rows, rows + n, rows + 2 * n, n);
            assert_memory_equal(&other, &margin, sizeof margin);
            tables[t]->pair_step(found, found + n, found + 2 * n, n, &step);
            assert_memory_equal(found, expected, (size_t)n * 3 * sizeof *found);
        }
        free(rows);
    }
    const int32_t rows[] = {3, 0, 7, 7, 5}, widths[] = {1, 8, 15, 16, 63, 64, 65, 150};
    float *matrix = random_floats(8 * 150, 7), *weights = random_floats(5, 8);
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        float expected[150], found[150];
        tables[0]->weigh_rows(matrix, 150, rows, weights, 5, expected, widths[w]);
        for (int t = 1; tables[t]; t++) {
            tables[t]->weigh_rows(matrix, 150, rows, weights, 5, found, widths[w]);
            assert_memory_equal(found, expected, (size_t)widths[w] * sizeof *found);
        }
    }
    free(matrix);
    free(weights);
}

static void spins_are_the_same_in_every_table(void **state) {
    (void)state;
    const pal_kernels *const *tables = pal_kernels_all();
    float *start = random_floats(PAL_CHAINS, 9), expected[PAL_CHAINS], found[PAL_CHAINS];
    memcpy(expected, start, sizeof expected);
    tables[0]->spin(expected, 0.75f, 0.25f, 2);
    for (int32_t i = 0; i < PAL_CHAINS; i++)
        assert_true(expected[i] == fmaf(fmaf(start[i], 0.75f, 0.25f), 0.75f, 0.25f));
    for (int t = 1; tables[t]; t++) {
        memcpy(found, start, sizeof found);
        tables[t]->spin(found, 0.75f, 0.25f, 2);
        assert_memory_equal(found, expected, sizeof found);
    }
    free(start);
}

static void top_k_orders_by_score_then_row(void **state) {
    (void)state;
    const float scores[] = {1, 5, NAN, 5, -INFINITY, 2, 5, 0};
    int32_t items[8], found[8];
    float kept[8];
    pal_topk top;
    pal_topk_start(&top, 4, items, kept);
    pal_topk_offer(&top, pal_kernels_best(), scores, 8, 100, found);
    assert_int_equal(pal_topk_finish(&top), 4);
    const int32_t expected[] = {101, 103, 106, 105};
    assert_memory_equal(items, expected, sizeof expected);
    pal_topk_start(&top, 8, items, kept);
    pal_topk_offer(&top, pal_kernels_best(), scores, 8, 0, found);
    assert_int_equal(pal_topk_finish(&top), 6); /* NaN and -inf are never listed */
    pal_topk_start(&top, 0, items, kept);
    pal_topk_offer(&top, pal_kernels_best(), scores, 8, 0, found);
    assert_int_equal(pal_topk_finish(&top), 0);
}

static void scan_matches_a_plain_sort_however_it_is_cut(void **state) {
    (void)state;
    enum { QUERIES = 53, ITEMS = 1003, FACTORS = 19, K = 17 };
    float *users = random_floats(QUERIES * FACTORS, 4),
          *vectors = random_floats(ITEMS * FACTORS, 5);
    memcpy(vectors + 500 * FACTORS, vectors + 20 * FACTORS, FACTORS * sizeof *vectors); /* a tie */
    float *panels = malloc(pal_packed_floats(ITEMS, FACTORS) * sizeof *panels);
    pal_packed packed = pal_pack(vectors, ITEMS, FACTORS, panels);
    int64_t starts[QUERIES + 1];
    int32_t hidden[QUERIES * 3];
    for (int32_t q = 0; q <= QUERIES; q++) starts[q] = 3 * q;
    for (int32_t q = 0; q < QUERIES; q++) {
        for (int32_t h = 0; h < 3; h++) hidden[3 * q + h] = (q * 7) % 300 + h * 320;
    }
    static int32_t items[QUERIES * K], again[QUERIES * K], counts[QUERIES];
    static float scores[QUERIES * K], again_scores[QUERIES * K];
    void *scratch = malloc(pal_scan_scratch(K));
    pal_scan(pal_kernels_best(), &packed, users, QUERIES, starts, hidden, K, items, scores, counts,
             scratch);
    for (int32_t q = 0; q < QUERIES; q++) {
        assert_int_equal(counts[q], K);
        /* Nothing unlisted and visible is better than the worst listed. */
        for (int32_t i = 0; i < ITEMS; i++) {
            float score = 0;
            for (int32_t f = 0; f < FACTORS; f++)
                score = fmaf(users[q * FACTORS + f], vectors[i * FACTORS + f], score);
            bool listed = false,
                 is_hidden = i == hidden[3 * q] || i == hidden[3 * q + 1] || i == hidden[3 * q + 2];
            for (int32_t r = 0; r < K; r++) listed |= items[q * K + r] == i;
            if (is_hidden) assert_false(listed);
            if (!is_hidden && !listed) {
                float worst = scores[q * K + K - 1];
                assert_true(score < worst || (score == worst && i > items[q * K + K - 1]));
            }
        }
    }
    for (int32_t from = 0; from < QUERIES; from += 5) {
        int32_t n = QUERIES - from < 5 ? QUERIES - from : 5;
        pal_scan(pal_kernels_best(), &packed, users + from * FACTORS, n, starts + from, hidden, K,
                 again + from * K, again_scores + from * K, counts, scratch);
    }
    assert_memory_equal(items, again, sizeof items);
    assert_memory_equal(scores, again_scores, sizeof scores);
    free(users);
    free(vectors);
    free(panels);
    free(scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(score_panel_is_the_same_in_every_table),
        cmocka_unit_test(small_panels_are_the_same_in_every_table),
        cmocka_unit_test(sum_rows_and_above_are_the_same_in_every_table),
        cmocka_unit_test(pairs_and_weighed_rows_are_the_same_in_every_table),
        cmocka_unit_test(spins_are_the_same_in_every_table),
        cmocka_unit_test(top_k_orders_by_score_then_row),
        cmocka_unit_test(scan_matches_a_plain_sort_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
